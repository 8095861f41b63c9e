"""What a recipe can say: sources, their parts, labels and classes, the image, the split."""

import re
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from hwcli.characters import Target, is_text
from hwcli.dataset import check_name
from hwcli.glyph import Normalisation

SCHEMA = "hwcli.recipe/1"

SplitName = Literal["train", "val", "test"]
SplitBy = Literal["official", "writer", "word", "random"]
Format = Literal[
    "csv", "font", "idx", "images", "matlab", "numpy", "parquet", "review", "strokes", "webdataset"
]

_SCRIPT = re.compile(r"[A-Z][a-z]{3}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
MAX_HANDS = 1000
MAX_STACKS = 1_000_000
"""Stacks of one character; a source has far fewer glyphs to make them of."""
_DIGITS = 9
"""Of a numeric label at most: Unicode has 1,114,112 code points."""
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class Splitting:
    """How rows become train, val and test."""

    by: SplitBy = "random"
    """`official` keeps the publisher's split and cuts val from train; `writer` keeps a person
    whole, `word` all rows of one word; `random` is stratified by class."""
    val: float = 0.1
    """Share of the rows (of the train rows, where the split is official)."""
    test: float = 0.2
    """Share of the rows; an official split has its own."""
    seed: int = 0

    def __post_init__(self) -> None:
        if not (0 <= self.val < 1 and 0 <= self.test < 1 and self.val + self.test < 1):
            raise ValueError("val and test are shares, from 0 to less than 1 together")
        if self.seed < 0:
            raise ValueError(f"seed must not be negative: {self.seed}")


@dataclass(frozen=True, slots=True)
class Balance:
    """At most `max` rows of each script or class, drawn evenly over the classes."""

    by: Literal["script", "class"]
    max: int

    def __post_init__(self) -> None:
        if self.max < 1:
            raise ValueError(f"max must be at least 1, not {self.max}")


@dataclass(frozen=True, slots=True)
class Part:
    """Some of a source's images: one file of many, or many files of one each."""

    images: str
    """Member that holds the images; for single images, fonts, parquet and webdataset a glob, in
    which `*` crosses folders, else a member or a glob that matches one. Folders may stand before
    it."""
    labels: str = ""
    """Member that holds their labels (idx, csv, numpy, review); in a webdataset, the ending of the
    files that do."""
    array: str = ""
    """Name of the array or column of images (npz, matlab, parquet); needless where there is only
    one."""
    label_array: str = ""
    """Name of the array of labels; in the file of the images if `labels` is not given."""
    split: SplitName | None = None
    """Which official split this is; goes before what the rows say."""
    rows: tuple[int, int] | None = None
    """Only the rows from the first number, counted from 0, up to and not with the second."""

    def __post_init__(self) -> None:
        _check_member(self.images)
        _check_member(self.labels)
        if self.rows is not None and not 0 <= self.rows[0] < self.rows[1]:
            raise ValueError(f"rows are a first number and a larger one, not {list(self.rows)}")


@dataclass(frozen=True, slots=True)
class LabelRule:
    """Where the label of a single image stands: in a table, in its name, or in its folder's."""

    pattern: str = ""
    """Regular expression searched in the member's path; its groups `label`, `writer` and `split`
    count."""
    table: str = ""
    """CSV or TSV member with a row an image; goes before the pattern."""
    path_column: str = "image"
    label_column: str = "label"
    """Column of a table (CSV, TSV, parquet), or key of a webdataset's JSON."""
    writer_column: str = ""
    """Column or key of the writer; of npz the array, in which a number below 0 is nobody."""
    split_column: str = ""
    """Column or key that says train, val or test row by row."""

    def __post_init__(self) -> None:
        _check_member(self.table)
        try:
            groups = re.compile(self.pattern).groupindex
        except re.error as error:
            raise ValueError(f"pattern: {error}") from error
        if self.pattern and not set(groups) & {"label", "writer", "split"}:
            raise ValueError("pattern: has no group (?P<label>…), (?P<writer>…) or (?P<split>…)")

    @property
    def tells_split(self) -> bool:
        """Whether each row says which split it is of."""
        return bool(self.split_column) or "split" in re.compile(self.pattern).groupindex


@dataclass(frozen=True, slots=True)
class Source:
    """One publisher's images and how to read them."""

    name: str
    script: str
    """ISO 15924 code."""
    url: str
    """`https:`, `kaggle:owner/name`, `file:` or `package:`; one that ends in `/` is a folder whose
    members are fetched one by one."""
    part: tuple[Part, ...]
    license: str
    citation: str
    format: Format | None = None
    """Told by the ending of each part's `images`, or its first bytes, if not given."""
    homepage: str = ""
    bibtex: str | None = None
    """The citation as an entry of a BibTeX file."""
    redistributable: bool = False
    mirrors: tuple[str, ...] = ()
    """Further `https:` addresses of the same file, tried in order."""
    mirror_path: str = ""
    """Path in a `--mirror`, where it is not `<kind>/<owner>/<name>.zip`."""
    sha256: dict[str, str] = field(default_factory=dict)
    """Of the files fetched, by file name."""
    member_sha256: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Of members of the archive, by path; several where there are several good versions."""
    label: LabelRule = field(default_factory=LabelRule)
    classes: dict[str, str] = field(default_factory=dict)
    """From the label as published to the character."""
    alphabet: str = ""
    """The characters of the numeric labels, in order; instead of `classes`. Of fonts what is
    drawn; where they have `classes`, the labels there are."""
    first_label: int = 0
    """The number of the alphabet's first character."""
    unlisted: str = ""
    """The character of labels that `classes` does not list; without it their rows are dropped."""
    invert: bool | None = None
    """Whether the ink is darker than its paper; found out for each image if not given."""
    transpose: bool = False
    """Whether rows and columns of the images are swapped."""
    shape: tuple[int, int] | None = None
    """Height and width of images that are stored as a row of numbers (numpy, matlab); else they
    are square."""
    max_value: float = 255.0
    """What a pixel is at most (numpy, matlab)."""
    trim_edge: int = 0
    """Pixels at each edge that are cut off, such as the rest of a frame."""
    blank: str = ""
    """The character of images that are meant to be without ink, such as empty cells: of it blank
    images are kept, and none is another's duplicate."""
    writer: str = ""
    """The one person who wrote all of it."""
    writers: dict[str, str] = field(default_factory=dict)
    """From a writer's name as published to the name to use: joins misspelt names."""
    split_by: SplitBy | None = None
    """Overrides the recipe's `split.by`."""
    hands: int = 80
    """How many write each letterform of a catalogue of strokes."""
    limit: int | None = None
    """At most so many rows, drawn evenly over the classes."""
    stack: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Characters made of others of this source set one above the other: `"=" = ["-", "-"]`."""
    stack_count: int = 1500
    """Rows of each stacked character."""

    def __post_init__(self) -> None:
        check_name(self.name)
        if not _SCRIPT.fullmatch(self.script):
            raise ValueError(f"script must be an ISO 15924 code such as Latn, not {self.script!r}")
        for url in (self.url, *self.mirrors):
            _check_url(url)
        if not self.part:
            raise ValueError(f"source {self.name} has no part")
        if self.classes and self.alphabet:
            raise ValueError("classes and alphabet exclude each other")
        characters = (*self.classes.values(), *self.alphabet, *self.stack)
        characters = (*characters, self.unlisted or "?", self.blank or "?")
        if not all(is_text(c) for c in characters):
            raise ValueError("a class must be a character, not empty and not a control code")
        if not (self.license and self.citation):
            raise ValueError(f"source {self.name}: license and citation must not be empty")
        digests = (d for several in self.member_sha256.values() for d in several)
        if not all(_SHA256.fullmatch(d) for d in (*self.sha256.values(), *digests)):
            raise ValueError("sha256 must be 64 lower-case hex digits")
        if self.limit is not None and self.limit < 1:
            raise ValueError(f"limit must be at least 1, not {self.limit}")
        if self.shape is not None and min(self.shape) < 1:
            raise ValueError("shape is a height and a width, at least 1")
        if not 0 < self.max_value < float("inf"):
            raise ValueError(f"max_value must be above 0, not {self.max_value}")
        self._check_stack()

    def _check_stack(self) -> None:
        if self.stack and self.format not in (None, "images"):
            raise ValueError("stack needs a source of single images")
        if self.trim_edge < 0 or (self.trim_edge and self.stack):
            raise ValueError("trim_edge must not be negative, and does not go with stack")
        if not all(2 <= len(p) <= 4 for p in self.stack.values()):
            raise ValueError("stack takes two to four characters")
        if not 1 <= self.hands <= MAX_HANDS:
            raise ValueError(f"hands must be from 1 to {MAX_HANDS:,}")
        if not 1 <= self.stack_count <= MAX_STACKS:
            raise ValueError(f"stack_count must be from 1 to {MAX_STACKS:,}")

    def character(self, label: str) -> str | None:
        """The character that the published `label` stands for, None where the recipe has none."""
        if self.classes:
            return self.classes.get(label) or self.unlisted or None
        if self.alphabet:
            short = len(label) <= _DIGITS and label.isdecimal()
            number = int(label) - self.first_label if short else -1
            known = 0 <= number < len(self.alphabet)
            return self.alphabet[number] if known else self.unlisted or None
        return label if is_text(label) else self.unlisted or None


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a dataset is made."""

    schema: str
    name: str
    title: str
    target: Target
    """What a classifier trained on it tells, if nothing else is asked for."""
    source: tuple[Source, ...]
    image: Normalisation = field(default_factory=Normalisation)
    split: Splitting = field(default_factory=Splitting)
    balance: Balance | None = None
    proportions: dict[str, dict[str, int]] = field(default_factory=dict)
    """Named sets of limits by source, for `--proportions`."""
    corrections: tuple[str, ...] = ()
    """Files of corrections, applied one after the other; they lie in the recipe's folder or below
    it."""

    def __post_init__(self) -> None:
        if self.schema != SCHEMA:
            raise ValueError(f"schema is {self.schema!r}, expected {SCHEMA!r}")
        check_name(self.name)
        names = [s.name for s in self.source]
        if not names or len(set(names)) < len(names):
            raise ValueError("a recipe needs sources, each with a name of its own")
        for source in self.source:
            official = (source.split_by or self.split.by) == "official"
            told = source.label.tells_split
            if official and not told and any(part.split is None for part in source.part):
                raise ValueError(f"source {source.name}: an official split, but a part without one")
        for limits in self.proportions.values():
            if unknown := set(limits) - set(names):
                raise ValueError(f"proportions name no source: {', '.join(sorted(unknown))}")
            if min(limits.values(), default=1) < 1:
                raise ValueError("proportions must be at least 1")
        if not all(map(is_text, self.corrections)):
            raise ValueError("corrections: an entry is no path")


def _check_member(name: str) -> None:
    outside = name.startswith(("/", "\\")) or ".." in re.split(r"[/\\]", name)
    if outside or (name and not is_text(name)):
        raise ValueError(f"{name!r} is no path inside an archive")


def _check_url(url: str) -> None:
    if not is_text(url):
        raise ValueError(f"{url!r} is no address")
    parts = urlsplit(url)
    if "@" in parts.netloc:  # recipes are passed on, and dataset.json repeats their addresses
        raise ValueError(f"the address at {parts.hostname} must not hold a name or password")
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        raise ValueError(f"{url}: http is only for this machine, use https")
    if parts.scheme not in ("https", "http", "kaggle", "file", "package"):
        raise ValueError(f"{url!r}: expected https:, kaggle:owner/name, file: or package:")
    if parts.scheme == "kaggle" and not re.fullmatch(r"[\w.-]+/[\w.-]+", parts.path):
        raise ValueError(f"{url!r}: expected kaggle:owner/name")
    if parts.scheme == "package" and ".." in parts.path.split("/"):
        raise ValueError(f"{url!r} leaves the package")
