"""A recipe as text, for a terminal of 80 columns."""

import textwrap
from collections.abc import Sequence

from hwcli.about import About
from hwcli.recipe import Part, Recipe, Source

_WIDTH = 80
_INDENT = 12
_PARTS = 8
"""Parts of a source that are told."""


def as_text(recipe: Recipe, abouts: Sequence[About]) -> str:
    """`recipe` for people: of each source what it is, whose, how large and how it is read."""
    head = f"{recipe.name}: {recipe.title} (target: {recipe.target})"
    lines = textwrap.wrap(head, _WIDTH, subsequent_indent="  ", break_on_hyphens=False)
    for source, about in zip(recipe.source, abouts, strict=True):
        lines += ["", f"{source.name} ({source.script})"]
        for name, text in _facts(recipe, source, about):
            lines += _wrapped(name, text)
    for path in recipe.corrections:
        lines += ["", f"corrections: {path}"]
    for name in recipe.proportions:
        lines += ["", f"proportions: {name}"]
    return "\n".join(lines) + "\n"


def _facts(recipe: Recipe, source: Source, about: About) -> list[tuple[str, str]]:
    facts = [("from", source.url), ("licence", source.license), ("citation", source.citation)]
    if source.homepage:
        facts.append(("homepage", source.homepage))
    facts += [
        ("size", _size(about)),
        ("checksums", _checksums(about)),
        ("format", ", ".join(about.formats)),
        ("classes", "as labelled" if about.classes is None else f"{about.classes:,}"),
        ("split", _split(recipe, about)),
    ]
    facts += [("part" * (i == 0), _part(p)) for i, p in enumerate(source.part[:_PARTS])]
    if more := len(source.part) - _PARTS:
        facts += [("", f"and {more:,} more")] * (more > 0)
    return facts


def _size(about: About) -> str:
    here = about.here
    if here is None:
        return "not here"
    where = {"mirror": "in the mirror", "cache": "in the cache", "package": "part of hwcli"}
    text = f"{here.bytes:,} bytes, {where.get(here.place, 'on this machine')}"
    return text if here.files == here.of else f"{text} ({here.files} of {here.of} files)"


def _checksums(about: About) -> str:
    known = {"file": about.digests.files, "member": about.digests.members}
    cells = [f"of {n:,} {what}{'s' * (n != 1)}" for what, n in known.items() if n]
    return f"known {' and '.join(cells)}" if cells else "none known"


def _split(recipe: Recipe, about: About) -> str:
    split = recipe.split
    if about.split_by == "official":
        return f"official; val {split.val:.0%} of train, where it has none"
    return f"by {about.split_by}; val {split.val:.0%}, test {split.test:.0%}"


def _part(part: Part) -> str:
    text = part.images + (f" [{part.array}]" if part.array else "")
    labels = part.labels + (f" [{part.label_array}]" if part.label_array else "")
    text += f", labels {labels.strip()}" if labels else ""
    text += f", rows {part.rows[0]:,} to {part.rows[1] - 1:,}" if part.rows else ""
    return f"{text} ({part.split})" if part.split else text


def _wrapped(name: str, text: str) -> list[str]:
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=f"  {name:{_INDENT - 2}}",
        subsequent_indent=" " * _INDENT,
        break_long_words=False,
        break_on_hyphens=False,
    )
