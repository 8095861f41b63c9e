"""Makes the plan of a dataset: what is read, drawn and stacked, and the split of every row."""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hwcli.corrections import CorrectionFile
from hwcli.dataset import Dropped
from hwcli.errors import RecipeError
from hwcli.fetch.archive import Archive, MissingError
from hwcli.ingest.correct import Corrected, correct
from hwcli.ingest.refuted import Refuted
from hwcli.ingest.rows import Plan, PlannedPart, drawn, masked, pieces, plan_of, sorted_classes
from hwcli.ingest.splits import cut_val, random_for, ranks, split_by_writer, split_randomly
from hwcli.ingest.stacks import StackReader
from hwcli.readers import open_reader
from hwcli.readers.reader import Listing, Reader
from hwcli.recipe import Recipe, Source, SplitBy
from hwcli.shards import Split, Tables

_log = logging.getLogger(__name__)

_EXAMPLES = 5
_NO_SPLIT = 255


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """What the user wants otherwise than the recipe."""

    limit: int | None = None
    """At most so many rows of each source."""
    proportions: str = ""
    """Name of one of the recipe's sets of limits."""
    allow_missing: bool = False
    """Go on without sources or parts that are not to be had."""


Open = Callable[[Source], Archive]
"""From a source to its files; raises MissingError where they are not to be had."""


def make_plan(
    recipe: Recipe,
    options: PlanOptions,
    archive_of: Open,
    corrections: Sequence[CorrectionFile] = (),
) -> Plan:
    """The plan of `recipe`, with `corrections` applied.

    Rows are drawn, split and stacked by their labels as published: a correction moves none but its
    own.

    Raises:
        MissingError: a source or member is not to be had, and that is not allowed.
        FetchError: a source is damaged, or not what the recipe says.
        RecipeError: no such proportions, nothing is left, or two corrections disagree.
    """
    return _Planner(recipe, options).plan(archive_of, corrections)


class _Planner:
    """Collects what a plan is made of."""

    def __init__(self, recipe: Recipe, options: PlanOptions) -> None:
        self._recipe = recipe
        self._options = options
        self._limits = _proportions(recipe, options.proportions)
        self._dropped: list[Dropped] = []
        self._missing: list[str] = []
        self._notes: list[str] = []
        self._classes: dict[str, int] = {}
        self._people: dict[tuple[str, str], int] = {}
        self._word_codes: dict[str, dict[str, int]] = {}

    def plan(self, archive_of: Open, corrections: Sequence[CorrectionFile]) -> Plan:
        kept: list[PlannedPart] = []
        for index, source in enumerate(self._recipe.source):
            parts = list(self._parts(index, source, archive_of))
            kept += self._limited(source, parts)
        kept = self._balanced(kept)
        parts = []
        for index, source in enumerate(self._recipe.source):
            own = [p for p in kept if p.source == index]
            if own:
                own = self._split(source, own)
                parts += [*own, *self._stacks(index, source, own)]
        if not parts:
            raise MissingError(f"recipe {self._recipe.name}: none of its sources is to be had")
        corrected = correct(self._recipe, parts, self._classes, corrections)
        self._note_untested(corrected.parts)
        return self._whole(corrected)

    def _whole(self, corrected: Corrected) -> Plan:
        """The plan, its labels counted in the order of the classes that occur."""
        parts, classes = sorted_classes(corrected.parts, self._classes)
        scripts = tuple(sorted({s.script for s in self._recipe.source}))
        tables = Tables(classes, scripts, tuple(s.name for s in self._recipe.source))
        script_of = [scripts.index(s.script) for s in self._recipe.source]
        dropped = [*self._dropped, *corrected.dropped]
        plan = plan_of(parts, tables, script_of, dropped, self._missing, self._notes)
        label = {character: i for i, character in enumerate(classes)}
        refuted = Refuted.of((key, label[c]) for key, c in corrected.refuted if c in label)
        return replace(plan, corrections=corrected.entries, refuted=refuted)

    def _parts(self, index: int, source: Source, archive_of: Open) -> Iterator[PlannedPart]:
        """Every part of `source` that is there, with all rows whose label the recipe knows."""
        try:
            archive = archive_of(source)
        except MissingError as missing:
            self._miss(source.name, missing)
            return
        for part in source.part:
            try:
                reader = open_reader(source, part, archive)
                listing = reader.listing()
            except MissingError as missing:
                self._miss(f"{source.name}: {part.images}", missing)
                continue
            for note in listing.notes:
                self._note(f"{source.name}: {note}")
            label = self._labels(source, reader, listing)
            rows = np.flatnonzero(label >= 0)
            official = np.full(len(listing), _NO_SPLIT, np.uint8)
            if part.split is not None:
                official[:] = Split[part.split]
            elif listing.split is not None:
                official = listing.split
            yield PlannedPart(
                reader,
                index,
                rows,
                label[rows],
                self._writers(source, listing)[rows],
                official[rows],
                is_ink=reader.is_ink,
                word=self._words(source, listing, rows),
            )

    def _miss(self, what: str, missing: MissingError) -> None:
        if not self._options.allow_missing:
            hint = "--allow-missing goes on without it"
            raise MissingError(
                missing.message, hint=f"{missing.hint}; {hint}" if missing.hint else hint
            ) from missing
        _log.warning("missing, so left out: %s (%s)", what, missing.message)
        self._missing.append(what)

    def _labels(self, source: Source, reader: Reader, listing: Listing) -> NDArray[np.int32]:
        """(N,) index into the classes, −1 where the recipe has no character for a label."""
        codes = np.full(len(listing.labels), -1, np.int32)
        for i, label in enumerate(listing.labels):
            character = source.character(label)
            if character is not None:
                codes[i] = self._classes.setdefault(character, len(self._classes))
                continue
            rows = np.flatnonzero(listing.label == i)
            examples = tuple(reader.origin(int(r)) for r in rows[:_EXAMPLES])
            reason = f"label {label!r} is not in the recipe" if label else "no label"
            self._dropped.append(Dropped(source.name, reason, len(rows), examples))
        return codes[listing.label]

    def _writers(self, source: Source, listing: Listing) -> NDArray[np.int32]:
        """(N,) number of the person within the dataset, −1 unknown."""
        names = [source.writers.get(w, w) for w in listing.writers] + [source.writer]
        codes = np.full(len(names), -1, np.int32)  # the last one is for rows without a writer
        for i, name in enumerate(names):
            if name:
                codes[i] = self._people.setdefault((source.name, name), len(self._people))
        return codes[listing.writer]

    def _words(
        self, source: Source, listing: Listing, rows: NDArray[np.intp]
    ) -> NDArray[np.int32] | None:
        """(N,) number of the word of each of `rows`, the same in all parts of the source."""
        if listing.word is None:
            return None
        known = self._word_codes.setdefault(source.name, {})
        codes = [known.setdefault(w, len(known)) for w in listing.words]
        return np.asarray(codes, np.int32)[listing.word[rows]]

    def _limited(self, source: Source, parts: list[PlannedPart]) -> list[PlannedPart]:
        limits = (source.limit, self._options.limit, self._limits.get(source.name))
        limit = min((n for n in limits if n is not None), default=None)
        there = sum(len(p.row) for p in parts)
        if limit is None or not parts:
            return parts
        if self._limits and there < limit:
            self._note(f"{source.name}: {limit:,} rows are wanted, {there:,} are there")
        return drawn(parts, limit, random_for(self._recipe.split.seed, source.name))

    def _balanced(self, parts: list[PlannedPart]) -> list[PlannedPart]:
        """`parts` with each script, or class, held to the recipe's maximum."""
        balance = self._recipe.balance
        if balance is None or self._limits:
            return parts
        random = random_for(self._recipe.split.seed, "balance")
        if balance.by == "class":
            label = np.concatenate([p.label for p in parts])
            return masked(parts, ranks(label, random.random(len(label))) < balance.max)
        result: list[PlannedPart] = []
        for script in dict.fromkeys(s.script for s in self._recipe.source):
            own = [p for p in parts if self._recipe.source[p.source].script == script]
            result += drawn(own, balance.max, random) if own else []
        return result

    def _split(self, source: Source, parts: list[PlannedPart]) -> list[PlannedPart]:
        rule = self._recipe.split
        by = self._split_by(source)
        label = np.concatenate([p.label for p in parts])
        writer = np.concatenate([p.writer for p in parts])
        official = np.concatenate([p.split for p in parts])
        random = random_for(rule.seed, source.name + "/split")
        told = {Split[p.split] for p in source.part if p.split} or {Split.train, Split.test}
        whole = told <= set(official.tolist())
        if by == "official" and not whole and rule.test:  # else there is nothing to be drawn
            self._note(
                f"{source.name}: the official split is not all there, so its {len(label):,} rows "
                f"are split randomly, test {rule.test:g}, val {rule.val:g}"
            )
            by = "random"
        if by == "official":
            split = cut_val(official, label, rule, random)
        elif by == "writer":
            split = split_by_writer(label, writer, rule, random)
        elif by == "word":
            split = split_by_writer(label, _words_of(parts), rule, random)
        else:
            split = split_randomly(label, rule, random)
        edges = np.cumsum([len(p.row) for p in parts])[:-1]
        return [replace(p, split=s) for p, s in zip(parts, np.split(split, edges), strict=True)]

    def _split_by(self, source: Source) -> SplitBy:
        return source.split_by or self._recipe.split.by

    def _note_untested(self, parts: list[PlannedPart]) -> None:
        """Say which classes have no row in test: few wrote them, and those are in train."""
        if self._recipe.split.test == 0:
            return
        names = {code: character for character, code in self._classes.items()}
        for index, source in enumerate(self._recipe.source):
            if self._split_by(source) not in ("writer", "word"):
                continue
            own = [p for p in parts if p.source == index and not isinstance(p.reader, StackReader)]
            there = {int(k) for p in own for k in np.unique(p.label)}
            untested = there - {
                int(k) for p in own for k in np.unique(p.label[p.split == Split.test])
            }
            if untested:
                told = " ".join(sorted(names[code] for code in untested)[:20])
                self._note(f"{source.name}: too few wrote these for a row in test: {told}")

    def _stacks(
        self, index: int, source: Source, parts: list[PlannedPart]
    ) -> Iterator[PlannedPart]:
        """The stacked characters of `source`, each made of rows of its own split."""
        rule = self._recipe.split
        count = min(source.stack_count, self._options.limit or source.stack_count)
        shares = ((Split.test, rule.test), (Split.val, rule.val), (Split.train, 1.0))
        for character, stack in source.stack.items():
            random = random_for(rule.seed, f"{source.name}/{character}")
            label = self._classes.setdefault(character, len(self._classes))
            left = count
            for split, share in shares:
                here = left if split is Split.train else round(count * share)
                left -= here
                rows, reader = pieces(parts, [self._classes.get(p) for p in stack], split)
                if reader is None or not here:
                    continue
                chosen = np.stack([random.choice(r, here) for r in rows], axis=1)
                seed = int(random.integers(1 << 31))
                yield PlannedPart(
                    StackReader(reader, chosen, stack, seed=seed, invert=source.invert),
                    index,
                    np.arange(here),
                    np.full(here, label, np.int32),
                    np.full(here, -1, np.int32),
                    np.full(here, split, np.uint8),
                    is_ink=True,
                )

    def _note(self, text: str) -> None:
        _log.warning("%s", text)
        self._notes.append(text)


def _words_of(parts: list[PlannedPart]) -> NDArray[np.int32]:
    """(N,) words of all `parts` together, −1 unknown."""
    unknown = (np.full(len(p.row), -1, np.int32) for p in parts)
    return np.concatenate(
        [u if p.word is None else p.word for p, u in zip(parts, unknown, strict=True)]
    )


def _proportions(recipe: Recipe, name: str) -> dict[str, int]:
    if not name:
        return {}
    if name not in recipe.proportions:
        known = ", ".join(recipe.proportions) or "none"
        raise RecipeError(
            f"recipe {recipe.name} has no proportions {name!r}", hint=f"it has {known}"
        )
    return recipe.proportions[name]
