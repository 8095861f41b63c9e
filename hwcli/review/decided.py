"""What was decided of the glyphs of a review."""

from collections.abc import Sequence
from dataclasses import dataclass

from hwcli.corrections import Correction
from hwcli.errors import RecipeError
from hwcli.review.record import Entry, ReviewRecord

MOST_CORRECTIONS = 64 << 20
"""Bytes of a file of corrections."""


@dataclass(frozen=True, slots=True)
class Decided:
    """The glyphs of a review that are known now, and how many are not."""

    labelled: tuple[tuple[Entry, str], ...]
    """Each with its character, in the order of the review."""
    corrected: int
    """Of these, those that were read as something else."""
    rejected: int
    """No characters: left out."""
    undecided: int
    """Not looked at: left out."""

    @property
    def right(self) -> int:
        """Of those that are known, those that were read right."""
        return len(self.labelled) - self.corrected

    def notes(self) -> tuple[str, ...]:
        """What is to be known of a dataset of them."""
        told = f"{self.corrected:,} corrected, {self.right:,} right as they were read"
        left = [(self.rejected, "no characters"), (self.undecided, "not looked at")]
        out = ", ".join(f"{count:,} {what}" for count, what in left if count)
        return (f"of the glyphs reviewed {told}" + (f"; left out: {out}" if out else ""),)


def decide(record: ReviewRecord, decisions: Sequence[Correction], file: str) -> Decided:
    """What `decisions` say of the glyphs of `record`.

    Args:
        record: of the review.
        decisions: each about one of its glyphs, none twice.
        file: where they stand, for errors.

    Raises:
        RecipeError: they are about other glyphs, or nothing is decided.
    """
    place = {entry.origin: i for i, entry in enumerate(record.glyphs)}
    said: dict[int, Correction] = {}
    for each in decisions:
        i = place.get(each.origin)
        if i is None or not _is_of(each, record.glyphs[i]):
            raise RecipeError(
                f"{file}: line {each.line}: {each.origin!r:.120} is not of this review",
                hint="corrections belong to the page on which they were made",
            )
        if said.setdefault(i, each) is not each:
            raise RecipeError(f"{file}: lines {said[i].line} and {each.line} are about one glyph")
    labelled, corrected, rejected = [], 0, 0
    for i, entry in enumerate(record.glyphs):
        decision = said.get(i)
        if decision is None:
            continue
        if decision.action == "drop":
            rejected += 1
            continue
        label = decision.correction if decision.action == "relabel" else entry.char
        corrected += label != entry.char
        labelled.append((entry, label))
    if not labelled:
        raise RecipeError(
            f"{file}: tells the character of no glyph",
            hint="correct some on the page, or say that they are right, and save",
        )
    return Decided(tuple(labelled), corrected, rejected, len(record.glyphs) - len(said))


def _is_of(decision: Correction, entry: Entry) -> bool:
    """Whether `decision` was made about the glyph `entry`, as it was read then."""
    return decision.label == entry.char and decision.sha256 in ("", entry.sha256)
