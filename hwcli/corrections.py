"""Corrections of a dataset's rows: a CSV that `eval` writes, people fill in, and `ingest` takes."""

import csv
import hashlib
import io
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NoReturn

from hwcli.characters import is_text
from hwcli.errors import RecipeError
from hwcli.recipe.borrowed import did_you_mean

COLUMNS = ("action", "correction", "source", "origin", "sha256", "label")
"""What counts, in the order in which `eval` writes them, before what it tells of each row."""
Action = Literal["keep", "relabel", "drop"]
ACTIONS: tuple[Action, ...] = ("keep", "relabel", "drop")
"""What `action` may be, or empty, which is no decision and does nothing."""

_NEEDED = ("action", "source", "origin", "label")
_DELIMITERS = ",;\t"
"""What spreadsheets put between cells, depending on their language."""
_MAX_BYTES = 64 << 20
_HEAD_BYTES = 1 << 20
"""In which the header is looked for."""
_LOOKED_AT = 100
"""Columns among which a misspelt one is looked for."""
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Correction:
    """A line that says something of a row."""

    line: int
    """Where it begins, counted from 1."""
    action: Action
    correction: str
    """The character that the row is to be; empty where it is dropped or kept."""
    source: str
    origin: str
    """The path inside the source, as a shard has it."""
    label: str
    """The character that the row is so far."""
    sha256: str = ""
    """Of its image as a shard has it, uint8 (S, S) row by row; empty: any image will do."""


@dataclass(frozen=True, slots=True)
class CorrectionFile:
    """What a file of corrections says."""

    name: str
    sha256: str
    """Of the file."""
    corrections: tuple[Correction, ...]
    """Each once; none that keeps a row as it is."""


def read_corrections(path: Path) -> CorrectionFile:
    """The corrections in the CSV at `path`; lines that do nothing, and other columns, are left out.

    Spreadsheets may have had it: a byte order mark, CRLF, `;` or tabs, columns in another order and
    more of them are all right. No cell is guessed at.

    Raises:
        RecipeError: no such file, no CSV in UTF-8, or a mistake in it, with its line.
    """
    raw = _raw(path)
    found = tuple(_decisions(raw, path, keeps=False))
    name = path.name.encode("utf-8", "backslashreplace").decode()
    return CorrectionFile(name, hashlib.sha256(raw).hexdigest(), found)


def parse_decisions(raw: bytes, path: Path) -> tuple[Correction, ...]:
    """All that the CSV `raw` decides, also of rows that are kept as they are; see above.

    Args:
        raw: the file.
        path: how it is called in errors.

    Raises:
        RecipeError: no CSV in UTF-8, or a mistake in it, with its line.
    """
    return tuple(_decisions(_checked(raw, path), path, keeps=True))


def _decisions(raw: bytes, path: Path, *, keeps: bool) -> Iterator[Correction]:
    rows = _rows(raw, path)
    header = next(rows, (1, []))[1]
    place = _places(header, path)
    said: dict[tuple[str, str, str], tuple[int, tuple[str, str, str]]] = {}
    for line, cells in rows:
        given = {name: cells[i] if i < len(cells) else "" for name, i in place.items()}
        action = given["action"].strip().lower()
        if not action:
            continue
        where = f"{path}: line {line}"
        if action not in ACTIONS:
            meant = did_you_mean(action, list(ACTIONS))
            raise RecipeError(f"{where}: action {action!r:.60} is none of {_listed()}{meant}")
        if any(cells[len(header) :]):
            raise RecipeError(
                f"{where}: has {len(cells)} cells, the header {len(header)}",
                hint="a cell in which a comma, semicolon or quote stands must be in quotes",
            )
        sha256 = given.get("sha256", "").strip().lower()
        row = (given["source"], given["origin"], sha256)
        wish = (action, given.get("correction", "") if action == "relabel" else "", given["label"])
        first, known = said.setdefault(row, (line, wish))
        if known != wish:
            raise RecipeError(
                f"{path}: lines {first} and {line} disagree about {row[1]!r:.100} of {row[0]!r:.60}"
            )
        if first == line and (keeps or action != "keep"):
            yield _correction(line, wish, row, where)


def check_agreement(files: Sequence[CorrectionFile]) -> None:
    """Raise unless `files`, applied one after the other, want one thing of each row.

    Of a row that one file made another character a later one may say more: it then names that
    character as the label.

    Raises:
        RecipeError: two files disagree.
    """
    said: dict[tuple[str, str, str, str], tuple[str, Correction]] = {}
    for file in files:
        for new in file.corrections:
            key = (new.source, new.origin, new.sha256, new.label)
            name, known = said.setdefault(key, (file.name, new))
            if (known.action, known.correction) != (new.action, new.correction):
                raise RecipeError(
                    f"{name} line {known.line} and {file.name} line {new.line} disagree about "
                    f"{new.origin!r:.100} of {new.source!r:.60}"
                )


def _correction(
    line: int, wish: tuple[str, str, str], row: tuple[str, str, str], where: str
) -> Correction:
    action, correction, label = wish
    source, origin, sha256 = row
    for name, text in (("source", source), ("origin", origin), ("label", label)):
        if not text:
            raise RecipeError(f"{where}: {name} is empty")
    if action == "relabel" and not correction:
        raise RecipeError(f"{where}: relabel needs a correction, the character it is to be")
    if action == "relabel" and not is_text(correction):
        hint = "a character stands there, or several, but no control code"
        raise RecipeError(f"{where}: correction {correction!r:.60} may be no class", hint=hint)
    if sha256 and not _SHA256.fullmatch(sha256):
        raise RecipeError(
            f"{where}: sha256 {sha256!r:.80} is not 64 hex digits",
            hint="leave it empty if a spreadsheet has taken it for a number",
        )
    does = next(known for known in ACTIONS if known == action)
    return Correction(line, does, correction, source, origin, label, sha256)


def _listed() -> str:
    return f"{', '.join(ACTIONS[:-1])} and {ACTIONS[-1]}"


def _raw(path: Path) -> bytes:
    """The bytes of the file at `path`."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # a pipe may never end
            raise RecipeError(f"{path}: is no file")
        with path.open("rb") as file:
            raw = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise RecipeError(f"{path}: {error.strerror}") from error
    return _checked(raw, path)


def _checked(raw: bytes, path: Path) -> bytes:
    """`raw`, which may be text."""
    if len(raw) > _MAX_BYTES:
        raise RecipeError(f"{path}: more than {_MAX_BYTES >> 20} MiB of corrections")
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        _refuse_text(path)
    if (at := raw.find(b"\0")) >= 0:
        line = raw.count(b"\n", 0, at) + 1
        raise RecipeError(f"{path}: line {line}: a NUL, which no text has")
    return raw


def _refuse_text(path: Path) -> NoReturn:
    hint = "save it as CSV in UTF-8"
    raise RecipeError(f"{path}: is not text in UTF-8", hint=hint) from None


def _rows(raw: bytes, path: Path) -> Iterator[tuple[int, list[str]]]:
    """The number of its first line, from 1, and the cells of each row."""
    reader = csv.reader(_text(raw), delimiter=_delimiter(raw), strict=True)
    before = 0
    try:
        for cells in reader:
            yield before + 1, cells
            before = reader.line_num
    except UnicodeDecodeError:
        _refuse_text(path)
    except csv.Error as error:
        raise RecipeError(
            f"{path}: line {before + 1}: {error}",
            hint=f"quotes come in pairs, cells of at most {csv.field_size_limit():,} characters",
        ) from error


def _text(raw: bytes, errors: str = "strict") -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(raw), "utf-8-sig", errors, newline="")


def _delimiter(raw: bytes) -> str:
    """The one by which the header has the most columns that are needed."""

    def known(delimiter: str) -> int:
        try:
            header = next(csv.reader(_text(raw[:_HEAD_BYTES], "replace"), delimiter=delimiter), [])
        except csv.Error:
            return 0
        return len(set(_NEEDED) & set(_names(header)))

    return max(_DELIMITERS, key=known)


def _names(header: list[str]) -> list[str]:
    return [cell.strip().lower() for cell in header]


def _places(header: list[str], path: Path) -> dict[str, int]:
    """Where each column is that counts.

    Raises:
        RecipeError: one that is needed is not there, or one is there twice.
    """
    names = _names(header)
    for name in COLUMNS:
        if names.count(name) > 1:
            raise RecipeError(f"{path}: two columns are called {name!r}")
        if name in _NEEDED and name not in names:
            meant = did_you_mean(name, [n for n in names[:_LOOKED_AT] if n not in COLUMNS])
            raise RecipeError(
                f"{path}: has no column {name!r}{meant}",
                hint=f"the first line names the columns {', '.join(_NEEDED)}, and others",
            )
    return {name: names.index(name) for name in COLUMNS if name in names}
