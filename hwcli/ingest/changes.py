"""What corrections do to the parts of a plan, once it is settled what each named row is."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from hwcli.dataset import Dropped
from hwcli.ingest.named import Look, Place
from hwcli.ingest.rows import PlannedPart
from hwcli.ingest.stacks import StackReader

DROPPED = "by corrections"
"""What the reasons begin with for which rows are dropped here."""
_EXAMPLES = 5


class Changes:
    """Rows that become another character, or go."""

    def __init__(
        self,
        parts: Sequence[PlannedPart],
        published: Mapping[Place, str],
        label: Mapping[Place, str],
        gone: Mapping[Place, str],
    ) -> None:
        """Of some rows of `parts` what they were, what they are, and which files drop some."""
        self._parts = parts
        self._published = published
        self._label = label
        self._gone = gone
        self._changed: dict[int, list[Place]] = defaultdict(list)
        """By part."""
        for place, character in label.items():
            if place in gone or character != published[place]:
                self._changed[place.part].append(place)
        self._stacks = {
            number: self._with_a_changed_piece(part)
            for number, part in enumerate(parts)
            if isinstance(part.reader, StackReader)
        }

    def _with_a_changed_piece(self, part: PlannedPart) -> NDArray[np.bool_]:
        """(N,) which rows of a part of stacks have a changed row in them."""
        assert isinstance(part.reader, StackReader)
        found = np.zeros(len(part.row), np.bool_)
        for number, places in self._changed.items():
            base = self._parts[number]
            rows = base.row[[place.at for place in places]]
            found |= part.reader.made_of(base.reader, rows)[part.row]
        return found

    def parts(self, codes: dict[str, int]) -> list[PlannedPart]:
        """The parts as they are now; characters that have no label get one in `codes`."""
        result: list[PlannedPart] = []
        for number, part in enumerate(self._parts):
            stacks = self._stacks.get(number)
            label = part.label.copy()
            stays = np.ones(len(label), np.bool_) if stacks is None else ~stacks
            for place in self._changed.get(number, ()):
                label[place.at] = codes.setdefault(self._label[place], len(codes))
                stays[place.at] &= place not in self._gone
            result.append(replace(part, label=label).take(stays))
        return result

    def dropped(self, sources: Sequence[str]) -> list[Dropped]:
        """What `dataset.json` says of the rows that go, whose `sources` are called so."""
        rows: dict[tuple[int, str], list[Place]] = defaultdict(list)
        for place, file in sorted(self._gone.items()):
            rows[self._parts[place.part].source, f"{DROPPED} ({file})"].append(place)
        for number, stacks in self._stacks.items():
            for at in np.flatnonzero(stacks).tolist():
                if Place(number, at) not in self._gone:
                    reason = f"{DROPPED}, of a part of it"
                    rows[self._parts[number].source, reason].append(Place(number, at))
        return [
            Dropped(sources[source], why, len(gone), tuple(map(self._origin, gone[:_EXAMPLES])))
            for (source, why), gone in rows.items()
        ]

    def _origin(self, place: Place) -> str:
        part = self._parts[place.part]
        return part.reader.origin(int(part.row[place.at]))

    def refuted(self, looks: Mapping[Place, Look]) -> set[tuple[int, str]]:
        """The key of each changed row's image, with every character that it is not."""
        is_not, is_ = set[tuple[int, str]](), set[tuple[int, str]]()
        for place in (p for places in self._changed.values() for p in places):
            look = looks.get(place)
            if look is None or look.key is None:
                continue
            is_not.add((look.key, self._published[place]))
            (is_not if place in self._gone else is_).add((look.key, self._label[place]))
        return is_not - is_
