"""Citations of sources as BibTeX."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

_ESCAPED = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#",
    "%": r"\%", "_": r"\_", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}",
}  # fmt: skip
"""What LaTeX takes for commands."""
_ENTRY = re.compile(r"\s*(@\w+\s*\{\s*)([^\s,{}]+)(\s*,.*\})\s*", re.DOTALL)


class Cited(Protocol):
    """A source of a recipe or of a dataset."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def citation(self) -> str:
        """As people write it."""

    @property
    def homepage(self) -> str | None:
        """Where it is published."""

    @property
    def bibtex(self) -> str | None:
        """As an entry, if somebody has written it."""


@dataclass(frozen=True, slots=True)
class Citation:
    """An entry, and the sources that it is of."""

    key: str
    bibtex: str
    citation: str
    sources: tuple[str, ...]


def citations(sources: Iterable[Cited], known: Mapping[str, str]) -> tuple[Citation, ...]:
    """An entry for each different citation of `sources`, in order; no two have one key.

    Args:
        sources: what is cited.
        known: entries by citation, for sources that have none of their own.
    """
    entries: dict[str, tuple[Cited, list[str]]] = {}
    for source in sources:
        written = source.bibtex or known.get(source.citation) or ""
        for text in _entries(written) or [_made_up(source)]:
            entries.setdefault(text, (source, []))[1].append(source.name)
    result: list[Citation] = []
    taken: set[str] = set()
    for text, (source, names) in entries.items():
        found = _ENTRY.fullmatch(text)
        assert found is not None, "only entries are taken"
        key = _free_key(found[2], taken)
        taken.add(key.casefold())
        result.append(Citation(key, f"{found[1]}{key}{found[3]}", source.citation, tuple(names)))
    return tuple(result)


def _entries(text: str) -> list[str]:
    """The entries in `text`, each of which begins a line; none if anything else is in it."""
    parts = [part.strip() for part in re.split(r"^(?=@)", text.strip(), flags=re.MULTILINE)]
    parts = [part for part in parts if part]
    whole = all(_ENTRY.fullmatch(p) and p.count("{") == p.count("}") for p in parts)
    return parts if whole else []


def escaped(text: str) -> str:
    """`text` on one line, as LaTeX prints it."""
    return "".join(_ESCAPED.get(c, c) for c in " ".join(text.split()))


def _made_up(source: Cited) -> str:
    key = re.sub(r"[^A-Za-z0-9:-]+", "-", source.name).strip("-") or "source"
    lines = [f"@misc{{{key},", f"  note = {{{escaped(source.citation)}}}"]
    if source.homepage:
        lines[-1] += ","
        lines.append(f"  howpublished = {{\\url{{{_address(source.homepage)}}}}}")
    return "\n".join([*lines, "}"])


def _address(url: str) -> str:
    r"""`url` as `\url` takes it within braces."""
    quoted = {"{": "%7B", "}": "%7D", "\\": "%5C"}
    safe = "".join(quoted.get(c, c) for c in "".join(url.split()))
    return safe.replace("%", "\\%").replace("#", "\\#")


def _free_key(key: str, taken: set[str]) -> str:
    """BibTeX does not tell capitals from small letters in keys."""
    tries = (key if n == 1 else f"{key}-{n}" for n in range(1, len(taken) + 2))
    return next(t for t in tries if t.casefold() not in taken)
