"""The HTTP client: through the user's proxies, never from https to http, discreet in messages."""

import httpx

from hwcli.errors import FetchError
from hwcli.fetch.messages import shown


def client_for(url: str, timeout_s: float) -> httpx.Client:
    """A client that goes through the proxies of the environment and stays on https.

    Raises:
        FetchError: a proxy is none.
    """
    secure = url.startswith("https:")

    def stay(request: httpx.Request) -> None:
        if secure and request.url.scheme != "https":
            raise FetchError(
                f"{shown(url)}: leads to {request.url.host} without https",
                hint="another address or --mirror may have it",
            )

    try:
        return httpx.Client(
            timeout=timeout_s, follow_redirects=True, event_hooks={"request": [stay]}
        )
    except (ValueError, ImportError, httpx.InvalidURL) as error:
        raise FetchError(
            f"{shown(url)}: the proxy of the environment cannot be used ({type(error).__name__})",
            hint="see HTTPS_PROXY, ALL_PROXY and NO_PROXY",
        ) from error
