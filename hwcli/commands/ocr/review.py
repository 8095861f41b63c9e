"""`--review`: the doubtful characters of a run, collected while it goes and saved in the end."""

from pathlib import Path
from typing import TYPE_CHECKING

from hwcli import console
from hwcli.errors import UsageError

if TYPE_CHECKING:
    from hwcli.review.collect import Review
    from hwcli.review.doubts import Reviewing

_BELOW = 0.9
"""Confidence below which a glyph is reviewed where `--min-confidence` says nothing."""


def reviewing(min_confidence: float, limit: int) -> "Reviewing":
    """Which glyphs the engine is to cut out."""
    from hwcli.review.doubts import Reviewing

    return Reviewing(min_confidence or _BELOW, limit)


def new_review(
    folder: Path | None, min_confidence: float, limit: int, out: Path | None, overlay: Path | None
) -> "Review | None":
    """What collects the doubtful glyphs for `folder`, if there is to be a review.

    Raises:
        UsageError: the folder holds something else, or is to hold it.
        InputError: it cannot be written.
    """
    if folder is None:
        return None
    from hwcli.review.collect import Review

    for flag, other in (("--out", out), ("--overlay", overlay)):
        if other is not None and other.resolve().is_relative_to(folder.resolve()):
            raise UsageError(
                f"{flag} {other} lies in --review {folder}", hint="the review has its own folder"
            )
    return Review(folder, below=min_confidence or _BELOW, limit=limit)


def save_review(review: "Review | None") -> None:
    """Write the page, unless nothing was read, and say where it is."""
    if review is None or not review.seen:
        return
    from hwcli.review.collect import PAGE

    record = review.save()
    shown, left = len(record.glyphs), record.doubtful - len(record.glyphs)
    glyphs = f"{shown:,} doubtful glyph{'s' * (shown != 1)}"
    more = f"; {left:,} surer ones are left out (--review-limit)" if left else ""
    if review.known:
        more += f"; {review.known:,} photos that were read before are not in it"
    console.notice(f"review: {review.folder / PAGE}: {glyphs}{more}")
