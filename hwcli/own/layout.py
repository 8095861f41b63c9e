"""How a folder of images is laid out: its parts, its splits, and where the labels stand."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from hwcli.own.names import is_character, read_names
from hwcli.recipe import LabelRule, Part, SplitName

IMAGE_ENDINGS = frozenset(
    (".png", ".jpg", ".jpeg", ".jpe", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".pgm", ".ppm",
     ".pbm", ".jp2")
)  # fmt: skip
"""Of files that are taken for images."""
_SPLITS: dict[str, SplitName] = {
    **dict.fromkeys(("train", "training", "trn"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev"), "val"),
    **dict.fromkeys(("test", "testing", "tst", "eval"), "test"),
}  # fmt: skip
_WRITER = re.compile(r"(?i)(w|writer|user|person|author|subject|student|participant)[ _-]?\d+")
_HIDDEN = ("__MACOSX", ".")
"""What begins the names of a system's own files and folders."""
_SHOWN = r"[^/.][^/]*"
"""A folder or file that is not hidden, as a pattern."""


@dataclass(frozen=True, slots=True)
class Tree:
    """The images of an archive by their folders."""

    images: tuple[str, ...]
    """Paths of all images."""
    others: tuple[str, ...]
    """Paths of files that are none, by their names."""
    hidden: bool
    """Whether there are images among the system's own files, which the others leave aside."""
    prefix: tuple[str, ...]
    """Folders that all images are in."""
    depth: int
    """Folders below `prefix` that most images are in."""
    split_level: int | None
    """Which of these is called train, val, test."""
    splits: dict[str, SplitName]
    """From the name of a folder at that level to the split."""

    def levels(self) -> list[list[str]]:
        """The different names of the folders at each level, of images at the usual depth."""
        found: list[set[str]] = [set() for _ in range(self.depth)]
        for name in self.images:
            folders = self.folders(name)
            if len(folders) == self.depth:
                for level, folder in enumerate(folders):
                    found[level].add(folder)
        return [sorted(names) for names in found]

    def folders(self, name: str) -> list[str]:
        """The folders of an image below `prefix`."""
        return name.split("/")[len(self.prefix) : -1]


def tree_of(names: Sequence[str]) -> Tree:
    """The tree of the files `names`, with the folders of the system's own left aside."""
    shown = [n for n in names if not any(p.startswith(_HIDDEN) for p in n.split("/"))]
    images = [n for n in shown if PurePosixPath(n).suffix.lower() in IMAGE_ENDINGS]
    others = [n for n in shown if PurePosixPath(n).suffix.lower() not in IMAGE_ENDINGS]
    folders = [n.split("/")[:-1] for n in images]
    hidden = len(shown) < len(names) and any(
        PurePosixPath(n).suffix.lower() in IMAGE_ENDINGS for n in set(names) - set(shown)
    )
    prefix = _common(folders)
    depth = Counter(len(f) - len(prefix) for f in folders).most_common(1)[0][0] if images else 0
    usual = [f[len(prefix) :] for f in folders if len(f) - len(prefix) == depth]
    tree = Tree(tuple(images), tuple(others), hidden, tuple(prefix), depth, None, {})
    for level in range(depth):
        there = {f[level] for f in usual}
        splits = {n: _SPLITS[n.lower()] for n in sorted(there) if n.lower() in _SPLITS}
        if len(splits) == len(there) and len(set(splits.values())) > 1:
            if "test" not in splits.values():  # what was held back is what a result is told of
                splits = {n: "test" if s == "val" else s for n, s in splits.items()}
            return replace(tree, split_level=level, splits=splits)
    return tree


def _common(folders: list[list[str]]) -> list[str]:
    if not folders:
        return []
    low, high = min(folders), max(folders)
    count = next((i for i, (a, b) in enumerate(zip(low, high, strict=False)) if a != b), None)
    return low[: min(len(low), len(high)) if count is None else count]


def parts_of(tree: Tree) -> tuple[Part, ...]:
    """A part for each ending and split, as globs."""
    endings = Counter(PurePosixPath(n).suffix for n in tree.images)
    globs = [f"*{_any_case(e)}" for e in sorted({e.lower() for e in endings})]
    if tree.split_level is None:
        return tuple(Part(images=glob) for glob in globs)
    above = [_escaped(p) for p in tree.prefix] + ["*"] * tree.split_level
    there = {
        (tree.folders(n)[tree.split_level], PurePosixPath(n).suffix.lower())
        for n in tree.images
        if len(tree.folders(n)) == tree.depth
    }
    return tuple(
        Part(images="/".join([*above, _escaped(folder), f"*{_any_case(ending)}"]), split=split)
        for folder, split in tree.splits.items()
        for ending in sorted(e for f, e in there if f == folder)
    )


def _any_case(ending: str) -> str:
    """A glob for `.png` and `.PNG`: members are matched letter by letter."""
    return "".join(f"[{c}{c.upper()}]" if c.isalpha() else c for c in ending)


def _escaped(folder: str) -> str:
    """`folder` as a glob for itself, or for any where a recipe cannot write it."""
    return re.sub(r"([*?[])", r"[\1]", folder) if folder.isprintable() else "*"


def folder_rule(tree: Tree) -> tuple[LabelRule, list[str], list[str]] | None:
    """The label rule by folder, the names of the classes, and what is to be said of it.

    Of several levels of folders the one whose names are characters is taken, else the last. A
    level of `writer_01`, `writer_02` … gives the writers.
    """
    levels = tree.levels()
    open_ = [i for i in range(tree.depth) if i != tree.split_level]
    if not open_:
        return None
    at = max(open_, key=lambda i: (_share_of_characters(levels[i]), i))
    if len(levels[at]) < 2:
        return None
    notes = []
    writer = None
    for i in open_:
        if i == at:
            continue
        examples = ", ".join(levels[i][:3])
        if len(levels[i]) > 1 and all(map(_WRITER.fullmatch, levels[i])):
            writer = i
            notes.append(f"writers by their folders ({examples} …)")
        elif len(levels[i]) > 1:
            notes.append(f"folders {examples} … say nothing here: neither class nor split")
    odd = [n for n in tree.images if len(tree.folders(n)) != tree.depth]
    if odd:
        notes.append(f"{len(odd):,} left out, being in no class folder: {odd[0]}")
    plain = at == tree.depth - 1 and writer is None and not odd and not tree.hidden
    pattern = "" if plain else _pattern(tree, at, writer)
    return LabelRule(pattern=pattern), levels[at], notes


def recurring(tree: Tree) -> str:
    """In words, that folders of one name lie in several, so that they may be one class or not.

    Empty if none do, or if their names are characters.
    """
    level = tree.depth - 1
    above: dict[str, set[tuple[str, ...]]] = {}
    for name in tree.images:
        folders = tree.folders(name)
        if len(folders) == tree.depth and tree.depth > 1:
            rest = (f for i, f in enumerate(folders[:-1]) if i != tree.split_level)
            above.setdefault(folders[level], set()).add(tuple(rest))
    twice = next((n for n in sorted(above) if len(above[n]) > 1), "")
    if not twice or is_all_characters(sorted(above)):
        return ""
    first, second = sorted("/".join(a) for a in above[twice])[:2]
    return f"{twice} is in {first}/ and in {second}/, which may be one class or two"


def is_all_characters(names: list[str]) -> bool:
    """Whether each of `names` is a character or a name of one."""
    return _share_of_characters(names) == 1.0


def _share_of_characters(names: list[str]) -> float:
    read = read_names(names)
    return sum(n in read or is_character(n) for n in names) / max(1, len(names))


def _pattern(tree: Tree, label: int, writer: int | None) -> str:
    groups = {label: f"(?P<label>{_SHOWN})", writer: f"(?P<writer>{_SHOWN})"}
    levels = [groups.get(i, _SHOWN) for i in range(tree.depth)]
    return "^" + "/".join([_SHOWN] * len(tree.prefix) + levels + [_SHOWN]) + "$"


_BY_NAME = (
    r"(?:^|/)(?P<label>[^/.])[ _.()-][^/]*$",
    r"(?:^|/)(?P<label>[^/\W\d_])\d+\.[^/.]+$",
    r"(?:^|/)(?P<label>[^/. _()-]+)[ _()-][^/]*$",
    r"[ _-](?P<label>[^/ _()-]+)\.[^/.]+$",
)
"""Ways in which file names bear the label: `A_01.png`, `A01.png`, `U+0041-7.png`, `01_A.png`."""
_WORTH_IT = 0.99
"""Share of the images whose names must fit."""


def name_rules(tree: Tree) -> list[tuple[LabelRule, list[str]]]:
    """Each way to read labels that are all characters off the file names, the best first.

    Letters go before digits, which are counts as often as labels. More than one rule of the same
    worth means that it cannot be told.
    """
    found: list[tuple[bool, LabelRule, list[str]]] = []
    for pattern in _BY_NAME:
        matches = [m for n in tree.images if (m := re.search(pattern, n))]
        labels = Counter(m["label"] for m in matches)
        names = sorted(labels)
        known = len(matches) >= _WORTH_IT * len(tree.images)
        several = 2 <= len(names) <= len(matches) / 2
        if known and several and is_all_characters(names):
            digits = all(n.isdecimal() for n in names)
            found.append((digits, LabelRule(pattern=pattern), names))
    found.sort(key=lambda f: f[0])
    best = [f for f in found if f[0] == found[0][0]]
    seen: dict[tuple[str, ...], tuple[LabelRule, list[str]]] = {}
    for _, rule, names in best:
        seen.setdefault(tuple(names), (rule, names))
    return list(seen.values())
