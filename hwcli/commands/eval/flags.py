"""What `hwcli eval` was asked for, read off its flags."""

import math
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from hwcli.errors import UsageError

if TYPE_CHECKING:
    from hwcli.judging.alike import Groups


@dataclass(frozen=True, slots=True)
class Asked:
    """The flags that hold for every model and dataset."""

    split: Literal["train", "val", "test"]
    topk: tuple[int, ...]
    equiv: tuple[str, ...]
    """As it was typed."""
    groups: "Groups"
    """What `equiv` says."""
    want: tuple[float, ...]
    shared_classes: bool
    fold_case: bool
    int8: bool
    calibrate: bool
    audit: bool
    report: Path | None
    out: Path | None
    form: Literal["text", "json", "csv"]
    min_accuracy: float | None
    device: str
    threads: int

    def command(self, models: Sequence[str], data: Sequence[str]) -> str:
        """What makes the report again, as it is typed."""
        words = ["hwcli", "eval", *models]
        words += (w for name in data for w in ("--data", name))
        words += ("--split", self.split, "--topk", ",".join(map(str, self.topk)))
        words += (w for groups in self.equiv for w in ("--equiv", groups))
        words += ("--want", ",".join(map(str, self.want)))
        for flag, wanted in (
            ("fold-case", self.fold_case),
            ("shared-classes", self.shared_classes),
        ):
            words += [f"--{flag}"] * wanted
        if self.report is not None:
            words += ("--report", str(self.report))
        if self.out != self.report:
            words += ("--out", str(self.out))
        if self.device != "auto":
            words += ("--device", self.device)
        return shlex.join(words)


def parse_topk(text: str) -> tuple[int, ...]:
    """Each k of `1,2,5`, ascending.

    Raises:
        UsageError: something else.
    """
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and 0 < int(part) < 10**6 for part in parts):
        raise UsageError(f"--topk {text!r}: not a list of whole numbers from 1", hint="like 1,2,5")
    return tuple(sorted({int(part) for part in parts}))


def parse_equiv(texts: Sequence[str]) -> "Groups":
    """All groups of characters of `texts`, each like `0Oo,1lI|`.

    Raises:
        UsageError: something else.
    """
    from hwcli.judging.alike import parse_groups

    return tuple(group for text in texts for group in parse_groups(text))


def parse_shares(flag: str, text: str) -> tuple[float, ...]:
    """Each share of `0.95,0.99`, ascending.

    Raises:
        UsageError: something else, or a share that is not between 0 and 1.
    """
    try:
        shares = {float(part) for part in text.split(",")}
    except ValueError:
        shares = {math.nan}
    if not all(0 < share <= 1 for share in shares):
        raise UsageError(f"{flag} {text!r}: not a list of shares up to 1", hint="like 0.95,0.99")
    return tuple(sorted(shares))
