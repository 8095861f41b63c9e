"""What is in a dataset, as text of at most 80 columns."""

import textwrap
from collections.abc import Iterable, Sequence

from hwcli.characters import codepoints
from hwcli.dataset import CorrectionsEntry, Dropped
from hwcli.image_stats import Spread
from hwcli.info import Counts, Info
from hwcli.shards import Split

_WIDTH = 79
_NAME = 38
"""Columns of a name in a table at most."""
_FEW = 6
"""Classes named as smallest and as largest."""
_TIE = "\N{NO-BREAK SPACE}"
"""Holds a class and its rows on one line; written as a space."""


def as_text(info: Info, *, every_class: bool = False) -> str:
    """`info` for people; all classes only if asked for, since there may be hundreds."""
    parts = [
        _head(info),
        _table("source", info.by_source),
        _table("script", info.by_script) if len(info.by_script) > 1 else [],
        _classes(info),
        _each_class(info) if every_class else [],
        _images(info),
        _sources(info),
        _dropped("Dropped", info.dropped),
        *(_dropped(f"Dropped in {part.name}", part.dropped) for part in info.merged),
        _corrections(info.corrections),
        _listed("Missing", info.missing),
        _listed("Notes", info.notes),
    ]
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def _head(info: Info) -> list[str]:
    lines = _wrapped(f"{info.name}: {info.title}", "")
    lines += _wrapped(
        f"{info.folder}, {info.rows:,} rows, {info.bytes / 1e6:,.1f} MB, target {info.target}"
        + (f", made by hwcli {info.hwcli}" if info.hwcli else "")
    )
    lines.append(f"  sha256 {info.sha256}")
    lines += [f"  merged from {m.name}, {m.rows:,} rows" for m in info.merged]
    return lines


def _table(title: str, counts: Counts) -> list[str]:
    """Rows by name and split, with sums."""
    splits = [s.name for s in Split]
    rows = [(name, [by[s] for s in splits]) for name, by in counts.items()]
    rows.append(("all", [sum(row[i] for _, row in rows) for i in range(len(splits))]))
    width = min(_NAME, max(len(title), *(len(name) for name, _ in rows)))
    lines = [f"{title:{width}}" + "".join(f"{s:>11}" for s in (*splits, "all"))]
    for name, numbers in rows:
        cells = "".join(f"{n:11,}" for n in (*numbers, sum(numbers)))
        lines.append(f"{_short(name, width)}{cells}")
    return lines


def _short(text: str, width: int) -> str:
    return f"{text:{width}}" if len(text) <= width else text[: width - 1] + "…"


def _classes(info: Info) -> list[str]:
    balance = info.balance
    lines = [
        f"Classes {balance.classes:,}",
        f"  rows of a class: {balance.min:,} to {balance.max:,}, median {balance.median:,g}; "
        f"largest : smallest {balance.imbalance:,.1f}",
    ]
    if balance.empty:
        lines.append(f"  without rows: {balance.empty:,}")
    for name, few in (("smallest", balance.smallest), ("largest", balance.largest)):
        cells = ", ".join(f"{_shown(c)}{_TIE}{n:,}" for c, n in few[:_FEW])
        lines += _wrapped(f"{name}: {cells}")
    return lines


def _shown(character: str) -> str:
    """`character`, or its code points where it cannot be seen."""
    return character if character.isprintable() and character.strip() else codepoints(character)


def _each_class(info: Info) -> list[str]:
    splits = [s.name for s in Split]
    lines = [f"{'code points':24}" + "".join(f"{s:>11}" for s in (*splits, "all")) + "  class"]
    for character, by in info.by_class.items():
        cells = "".join(f"{n:11,}" for n in (*(by[s] for s in splits), sum(by.values())))
        lines.append(f"{_short(codepoints(character), 24)}{cells}  {_shown(character)}")
    return lines


def _images(info: Info) -> list[str]:
    images, how, writers = info.images, info.normalisation, info.writers
    if how.frame == "fit":
        made = f"ink fitted to {how.fit} px, centred by {how.centre}"
        made += f", strokes at least {how.stroke:g} px" if how.stroke else ""
    else:
        made = "framed as published"
    lines = [
        f"Images {images.size}×{images.size}, {made}",
        f"  mean ink {images.mean_ink:.1%}, blank {images.blank:.2%}, "
        f"near blank {images.near_blank:.2%}",
        "  px                5 %     25 %   median     75 %     95 %",
    ]
    for name in ("height", "width", "stroke"):
        spread: Spread = getattr(images, name)
        numbers = (spread.p5, spread.p25, spread.median, spread.p75, spread.p95)
        lines.append(f"  {name:10}" + "".join(f"{n:9,.4g}" for n in numbers))
    if not writers.people:
        return [*lines, "", "Writers not known"]
    told = f"Writers {writers.people:,} known, of {writers.known:.1%} of the rows"
    if writers.in_several_splits:
        told += f"; {writers.in_several_splits:,} in several splits"
    return [*lines, "", told]


def _sources(info: Info) -> list[str]:
    lines = ["Licences"]
    for source in info.sources:
        may = "may be passed on" if source.redistributable else "not known to be redistributable"
        lines += _wrapped(f"{source.name}: {source.license}; {may}")
    return lines


def _dropped(title: str, dropped: Sequence[Dropped]) -> list[str]:
    if not dropped:
        return []
    lines = [f"{title} {sum(d.count for d in dropped):,}"]
    for each in dropped:
        lines += _wrapped(f"{each.count:,} of {each.source}: {each.reason}")
        lines += _wrapped(f"e.g. {each.examples[0]}", "    ") if each.examples else []
    return lines


def _corrections(entries: Sequence[CorrectionsEntry]) -> list[str]:
    if not entries:
        return []
    lines = [f"Corrections {sum(e.relabelled + e.dropped for e in entries):,}"]
    for entry in entries:
        lines += _wrapped(entry.summary())
        lines += _wrapped(f"e.g. {entry.told[0]}", "    ") if entry.told else []
    return lines


def _listed(title: str, texts: Iterable[str]) -> list[str]:
    lines = [line for text in texts for line in _wrapped(text)]
    return [title, *lines] if lines else []


def _wrapped(text: str, indent: str = "  ") -> list[str]:
    """`text` in lines that begin with `indent`, and a little more from the second on."""
    lines = textwrap.wrap(
        text, _WIDTH, initial_indent=indent, subsequent_indent=indent + "  ",
        break_on_hyphens=False, break_long_words=False,
    )  # fmt: skip
    return [line.replace(_TIE, " ") for line in lines] or [indent]
