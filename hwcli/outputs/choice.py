"""What `--out` and `--format` mean together."""

from dataclasses import dataclass
from pathlib import Path

from hwcli.errors import UsageError
from hwcli.formats import FORMATS

_NO_FOLDER = {
    ".json",
    ".parquet",
    ".xml",
    ".html",
    ".jpg",
    ".jpeg",
    ".png",
    ".tif",
    ".tiff",
    ".pdf",
}
"""Endings that nobody gives a folder."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where results go and in which form."""

    formats: tuple[str, ...]
    """Names of formats, at least one; several in a folder alone."""
    file: Path | None = None
    """One file for all photos."""
    folder: Path | None = None
    """A file for each photo and format; without both, standard output."""


def choose_target(out: Path | None, formats: str | None) -> Target:
    """What is meant by `--out` and `--format`.

    A path that ends like a format's files is one file, and tells the format if none is given; any
    other is a folder, as is one that is there.

    Raises:
        UsageError: no such format, or several where there is room for one.
    """
    names = tuple(dict.fromkeys(n.strip() for n in formats.split(","))) if formats else ()
    for name in names:
        if name not in FORMATS:
            raise UsageError(f"--format {name!r}: no such format", hint=" ".join(FORMATS))
    told = _format_of(out) if out is not None and not out.is_dir() else None
    if out is None or told is not None:
        chosen = names or (told or "jsonl",)
        if len(chosen) > 1:
            raise UsageError(
                f"--format {formats}: {'standard output' if out is None else out} holds one format",
                hint="--out DIR writes a file for each",
            )
        return Target(chosen, file=out)
    if not out.is_dir() and (out.exists() or out.suffix.lower() in _NO_FOLDER):
        endings = " ".join(sorted(kind.suffix for kind in FORMATS.values()))
        raise UsageError(
            f"--out {out}: no format's files end so",
            hint=f"{endings}; any other name is that of a folder",
        )
    return Target(names or ("jsonl",), folder=out)


def _format_of(path: Path) -> str | None:
    """The format whose files end as `path` does, the longest ending first."""
    kinds = sorted(FORMATS.values(), key=lambda kind: -len(kind.suffix))
    return next((k.name for k in kinds if path.name.lower().endswith(k.suffix)), None)
