"""`NAME-train-000000.tar` of `key.png`, `key.cls` and `key.json`: for the webdataset library."""

import io
import json
import tarfile
from collections import Counter
from typing import Any

from hwcli.export.layout import Job, Layout, png
from hwcli.grouped import Group
from hwcli.shards import Rows

TAR_ROWS = 20_000
"""Samples of a tar at most."""
_USE = """import webdataset
tars = "{name}-train-{{000000..{last}}}.tar"  # of one source each, so shuffle well
train = webdataset.WebDataset(tars, shardshuffle=1000).shuffle(20_000).decode("l8")
# a sample has png (uint8), cls (number of the class) and json (char, script, source, writer, …)"""


def write(job: Job) -> Layout:
    """Write tars of at most TAR_ROWS samples, each of one split and one source."""
    parts: dict[Group, tuple[dict[str, Any], ...]] = {}
    tars = Counter[str]()
    for group in job.grouped.sizes:
        split = group.split.name
        names = []
        for blocks in job.files(group, TAR_ROWS):
            names.append(f"{job.info.name}-{split}-{tars[split]:06}.tar")
            tars[split] += 1
            with tarfile.open(job.folder / names[-1], "w", format=tarfile.USTAR_FORMAT) as tar:
                for start, rows in blocks:
                    for i in range(len(rows)):
                        _add(tar, job, group, start + i, rows, i)
        parts[group] = tuple({"images": name} for name in names)
    use = _USE.format(name=job.info.name, last=f"{max(tars['train'] - 1, 0):06}")
    labels = tuple(str(k) for k in range(len(job.info.classes)))
    rule = {"writer_column": "writer"}  # of the .json; the label is the .cls
    return Layout("webdataset", parts, labels, rule, use)


def _add(tar: tarfile.TarFile, job: Job, group: Group, key: int, rows: Rows, i: int) -> None:
    label, writer = int(rows.label[i]), int(rows.writer[i])
    told = {
        "char": job.info.classes[label],
        "script": job.info.scripts[group.script],
        "source": job.name_of(group),
        "split": group.split.name,
        "origin": rows.origin[i].decode(),
        **({"writer": writer} if writer >= 0 else {}),
    }
    contents = {
        "png": png(rows.images[i]),
        "cls": str(label).encode(),
        "json": json.dumps(told, ensure_ascii=False).encode(),
    }
    for ending, data in contents.items():
        member = tarfile.TarInfo(f"{key:08}.{ending}")  # mtime, uid and gid are 0 as it comes
        member.size = len(data)
        tar.addfile(member, io.BytesIO(data))
