"""`train/U+000041/…png` and a `metadata.csv` beside: for torchvision's ImageFolder and the like."""

import csv
import hashlib
import io
from typing import Any

from hwcli.export.layout import Job, Layout, png
from hwcli.grouped import Group
from hwcli.shards import Rows, Split

_COLUMNS = ("file_name", "label", "script", "source", "writer", "origin")
_LONGEST = 200
"""Characters of a folder's name; file systems take 255 bytes."""
_WRITER = r"(?P<label>[^/]+)/[^/~]+~\d+(?:~w(?P<writer>\d+))?\.png$"
_USE = """from torchvision.datasets import ImageFolder
train = ImageFolder("train", allow_empty=True)  # every class has a folder in every split"""


def write(job: Job) -> Layout:
    """Write every row as a PNG file in a folder of its split and class."""
    folders = tuple(map(folder_of, job.info.classes))
    splits = sorted({group.split for group in job.grouped.sizes})
    for split in splits:
        for folder in folders:  # a class without rows keeps its place in the order
            (job.folder / split.name / folder).mkdir(parents=True)
        with (job.folder / split.name / "metadata.csv").open(
            "w", encoding="utf-8", newline=""
        ) as table:
            csv.writer(table, lineterminator="\n").writerow(_COLUMNS)
            for group in (g for g in job.grouped.sizes if g.split is split):
                for start, rows in job.rows(group):
                    table.write(_write_rows(job, group, start, rows, folders))
    parts: dict[Group, tuple[dict[str, Any], ...]] = {
        g: ({"images": f"{g.split.name}/*/{job.name_of(g)}~*.png"},) for g in job.grouped.sizes
    }
    return Layout("images", parts, folders, {"pattern": _WRITER}, _USE)


def folder_of(character: str) -> str:
    """A name for the folder of `character` that is good, and no other's, on every file system.

    Its code points in hex; of six digits, so that the names are in the order of the characters.
    """
    name = "_".join(f"U+{ord(c):06X}" for c in character)
    if len(name) <= _LONGEST:
        return name
    digest = hashlib.sha256(character.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{name[:_LONGEST]}_{digest[:16]}"


def _write_rows(job: Job, group: Group, start: int, rows: Rows, folders: tuple[str, ...]) -> str:
    """The lines of `rows` in the table, after their images are written."""
    lines = io.StringIO()
    table = csv.writer(lines, lineterminator="\n")
    info, source = job.info, job.name_of(group)
    for i, image in enumerate(rows.images):
        label, writer = int(rows.label[i]), int(rows.writer[i])
        person = f"~w{writer}" if writer >= 0 else ""
        name = f"{folders[label]}/{source}~{start + i:07}{person}.png"
        (job.folder / Split(group.split).name / name).write_bytes(png(image))
        known = "" if writer < 0 else writer
        script = info.scripts[group.script]
        table.writerow((name, info.classes[label], script, source, known, rows.origin[i].decode()))
    return lines.getvalue()
