"""What messages tell of addresses and of faults: never a password or key."""

from urllib.parse import urlsplit, urlunsplit


def shown(url: str) -> str:
    """`url` as messages name it: without a password, and without a query, which may be a key."""
    parts = urlsplit(url)
    if "@" not in parts.netloc and not parts.query:
        return url
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def told(error: Exception) -> str:
    """What `error` says, in brackets; nothing if it names an address, which may hold a password."""
    text = " ".join(str(error).split())
    return f" ({text:.150})" if text and "://" not in text and "@" not in text else ""
