"""Checks members of an archive against the digests that a recipe has for them."""

import hashlib

from hwcli.errors import FetchError
from hwcli.fetch.archive import Archive, MissingError, reading
from hwcli.readers.reader import only_member
from hwcli.recipe import Part, Source

_PIECE = 1 << 20


def check_members(source: Source, part: Part, archive: Archive) -> None:
    """Raise if a member that `part` names is not one that the recipe has a digest for.

    Members without a digest, and those that are missing, are passed over.

    Raises:
        FetchError: a member is another than it should be, or damaged.
    """
    for name in (part.images, part.labels):
        good = source.member_sha256.get(name)
        if not good:
            continue
        try:
            member = only_member(archive, name, source.name)
        except MissingError:  # the reader says so
            continue
        what = f"{source.name}: {member}"
        digest = hashlib.sha256()
        with reading(what), archive.open(member) as file:
            while piece := file.read(_PIECE):
                digest.update(piece)
        if digest.hexdigest() not in good:
            raise FetchError(
                f"{what}: sha256 is {digest.hexdigest()}, expected {' or '.join(good)}",
                hint="the archive is not the publisher's own; --unverified takes it as it is",
            )
