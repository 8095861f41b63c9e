"""Applies corrections to the rows of a plan: after the split, so that no other row moves."""

import logging
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from hwcli.corrections import Correction, CorrectionFile, check_agreement
from hwcli.dataset import CorrectionsEntry, Dropped
from hwcli.ingest.changes import Changes
from hwcli.ingest.named import Place, find, look_at
from hwcli.ingest.rows import PlannedPart
from hwcli.recipe import Recipe
from hwcli.recipe.borrowed import did_you_mean

_log = logging.getLogger(__name__)

_EXAMPLES = 5
"""Lines on standard error about one thing."""
_TOLD = 100
"""Refused corrections that `dataset.json` tells of one by one."""

_Outcome = Literal["relabelled", "dropped", "already"]


@dataclass(frozen=True, slots=True, eq=False)
class Corrected:
    """What came of corrections."""

    parts: list[PlannedPart]
    entries: tuple[CorrectionsEntry, ...] = ()
    dropped: list[Dropped] = field(default_factory=list)
    refuted: set[tuple[int, str]] = field(default_factory=set)
    """Key of an image, and the character that it is not."""


def correct(
    recipe: Recipe,
    parts: list[PlannedPart],
    codes: dict[str, int],
    files: Sequence[CorrectionFile],
) -> Corrected:
    """`parts` with the corrections of `files` applied, one file after the other.

    One that names no row, or a row that is another character or has another image than it says, is
    refused and told of. Stacks with a corrected piece are dropped.

    Args:
        recipe: of the dataset.
        parts: of the plan, with splits, and labels as published.
        codes: from a character to its label; new ones are added.
        files: of corrections.

    Raises:
        RecipeError: two files disagree.
        FetchError: a source is damaged.
    """
    if not files:
        return Corrected(parts)
    check_agreement(files)
    corrector = _Corrector(recipe, parts, codes, files)
    entries = tuple(corrector.apply(file) for file in files)
    corrector.tell_new_classes()
    changes = corrector.changes()
    return Corrected(
        changes.parts(codes),
        entries,
        changes.dropped([s.name for s in recipe.source]),
        changes.refuted(corrector.looks),
    )


class _Refused(Exception):
    """Why a correction is not applied."""


class _Corrector:
    """Knows of each row that is named what it was, what it is, and whether it is to go."""

    def __init__(
        self,
        recipe: Recipe,
        parts: list[PlannedPart],
        codes: dict[str, int],
        files: Sequence[CorrectionFile],
    ) -> None:
        self._parts = parts
        self._codes = codes
        self._source_names = [s.name for s in recipe.source]
        self._sources = {name: i for i, name in enumerate(self._source_names)}
        self._found = find(parts, self._wanted(files))
        places = [place for several in self._found.values() for place in several]
        self.looks = look_at(recipe, parts, places, [codes.get(s.blank, -1) for s in recipe.source])
        names = {code: character for character, code in codes.items()}
        self._published = {p: names[int(parts[p.part].label[p.at])] for p in places}
        self._label = dict(self._published)
        self._gone: dict[Place, str] = {}
        """Rows that are dropped, and by which file."""
        self._unknown: dict[str, str] = {}
        """What is said of names of sources that there are not."""
        self._first: dict[str, str] = {}
        """Where each character stands first that a row becomes."""

    def _wanted(self, files: Sequence[CorrectionFile]) -> dict[int, set[bytes]]:
        wanted: dict[int, set[bytes]] = defaultdict(set)
        for file in files:
            for each in file.corrections:
                if each.source in self._sources:
                    wanted[self._sources[each.source]].add(each.origin.encode())
        return wanted

    def apply(self, file: CorrectionFile) -> CorrectionsEntry:
        """Apply `file`, and tell what is refused; what came of it."""
        counts: dict[_Outcome, int] = {"relabelled": 0, "dropped": 0, "already": 0}
        refused: list[str] = []
        for each in file.corrections:
            try:
                counts[self._correct(each, file.name)] += 1
            except _Refused as why:
                refused.append(f"line {each.line}: {why}")
        for text in refused[:_EXAMPLES]:
            _log.warning("%s, not applied: %s", file.name, text)
        if (more := len(refused) - _EXAMPLES) > 0:
            _log.warning("%s, not applied: %s more", file.name, f"{more:,}")
        return CorrectionsEntry(
            file.name,
            file.sha256,
            counts["relabelled"],
            counts["dropped"],
            counts["already"],
            len(refused),
            tuple(refused[:_TOLD]),
        )

    def _correct(self, what: Correction, file: str) -> _Outcome:
        """Do what a correction says, if it fits."""
        faults: list[_Refused] = []
        outcomes: set[_Outcome] = set()
        for place in self._named(what):
            try:
                outcomes.add(self._correct_one(what, place, file))
            except _Refused as why:
                faults.append(why)
        if not outcomes:
            raise faults[0]
        return (outcomes - {"already"} or outcomes).pop()

    def _named(self, what: Correction) -> list[Place]:
        """The rows that a correction means: one, or several of one origin and image."""
        source = self._sources.get(what.source)
        if source is None:
            raise _Refused(f"there is no source {what.source!r:.60}{self._meant(what.source)}")
        places = self._found.get((source, what.origin.encode()), [])
        if not places:
            raise _Refused(f"{what.source} has no row {what.origin!r:.100}")
        if len(places) > 1 and not what.sha256:
            raise _Refused(
                f"{len(places)} rows are {what.origin!r:.100}, and no sha256 tells which"
            )
        return [p for p in places if self._has_image(p, what.sha256)] or places[:1]

    def _meant(self, source: str) -> str:
        """Which source was probably meant; looked for only as often as somebody will read it."""
        if source not in self._unknown and len(self._unknown) < _TOLD:
            self._unknown[source] = did_you_mean(source, self._source_names)
        return self._unknown.get(source, "")

    def _correct_one(self, what: Correction, place: Place, file: str) -> _Outcome:
        relabel, label = what.action == "relabel", self._label[place]
        if place in self._gone:
            if relabel:
                raise _Refused(f"{what.origin!r:.100} is dropped by {self._gone[place]}")
            return "already"
        if relabel and label == what.correction:
            return "already"
        if label != what.label:
            raise _Refused(f"{what.origin!r:.100} is {label!r:.40}, not {what.label!r:.40}")
        if what.sha256 and not self._has_image(place, what.sha256):
            raise _Refused(f"{what.origin!r:.100} has another image (sha256)")
        if not relabel:
            self._gone[place] = file
            return "dropped"
        self._label[place] = what.correction
        self._first.setdefault(what.correction, f"{file} line {what.line}")
        return "relabelled"

    def _has_image(self, place: Place, sha256: str) -> bool:
        look = self.looks.get(place)
        return look is not None and look.sha256 == sha256

    def tell_new_classes(self) -> None:
        """Say which characters no row was before."""
        width = len(self._codes)
        used = np.zeros(width, np.intp)
        for part in self._parts:
            used += np.bincount(part.label, minlength=width)
        known = {c for c, code in self._codes.items() if used[code]}
        new = [(c, where) for c, where in self._first.items() if c not in known]
        for character, where in new[:_EXAMPLES]:
            _log.warning("a new class, %r, by corrections: %s", character, where)
        if (more := len(new) - _EXAMPLES) > 0:
            _log.warning("%s more new classes by corrections", f"{more:,}")

    def changes(self) -> Changes:
        """What is to be done to the rows."""
        return Changes(self._parts, self._published, self._label, self._gone)
