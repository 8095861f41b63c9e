"""`NAME.npz`: all columns as arrays of numbers or text, none of them pickled."""

import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from hwcli.export.layout import Job, Layout
from hwcli.grouped import Group
from hwcli.shards import Rows

_WHEN = (1980, 1, 1, 0, 0, 0)
"""The earliest date a zip can tell."""
_LEVEL = 6
_USE = """import numpy
data = numpy.load("{name}.npz")
train = data["split"] == 0  # 1 is val, 2 is test
images, labels = data["images"][train], data["label"][train]
characters = data["classes"]"""


def write(job: Job) -> Layout:
    """Write one file, a block of rows at a time."""
    info, count = job.info, len(job.grouped)
    size = info.normalisation.size
    names = [job.name_of(g) for g in job.grouped.sizes]
    sources = list(dict.fromkeys(names))
    file = f"{info.name}.npz"
    columns: Mapping[str, Callable[[Group, Rows], NDArray[Any]]] = {
        "label": lambda _, rows: rows.label,
        "script": lambda _, rows: rows.script,
        "source": lambda g, rows: np.full(len(rows), sources.index(job.name_of(g)), np.int32),
        "writer": lambda _, rows: rows.writer,
        "split": lambda _, rows: rows.split,
    }
    kept: dict[str, list[NDArray[Any]]] = {name: [] for name in columns}

    def images() -> Iterator[NDArray[Any]]:
        for group in job.grouped.sizes:
            for _, rows in job.rows(group):
                for name, column in columns.items():
                    kept[name].append(column(group, rows))
                yield rows.images

    text = np.dtype(f"<U{job.grouped.origin_width}")
    origins = (np.asarray(r.origins, text) for g in job.grouped.sizes for r in job.grouped.rows(g))
    with zipfile.ZipFile(job.folder / file, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL) as out:
        _add(out, "images", np.dtype(np.uint8), (count, size, size), images())
        for name, parts in kept.items():
            whole = np.concatenate(parts)
            _add(out, name, whole.dtype.newbyteorder("<"), whole.shape, [whole])
        _add(out, "origin", text, (count,), origins)
        for name, values in (
            ("classes", info.classes), ("scripts", info.scripts), ("sources", tuple(sources))
        ):  # fmt: skip
            table = np.asarray(values, np.str_)
            _add(out, name, table.dtype.newbyteorder("<"), table.shape, [table])
    parts_of: dict[Group, tuple[dict[str, Any], ...]] = {
        group: (
            {
                "images": file,
                "array": "images",
                "label_array": "label",
                "rows": [job.starts[group], job.starts[group] + rows],
            },
        )
        for group, rows in job.grouped.sizes.items()
    }
    labels = tuple(str(k) for k in range(len(info.classes)))
    use = _USE.format(name=info.name)
    return Layout("numpy", parts_of, labels, {"writer_column": "writer"}, use)


def _add(
    out: zipfile.ZipFile,
    name: str,
    dtype: np.dtype[Any],
    shape: tuple[int, ...],
    blocks: Iterable[NDArray[Any]],
) -> None:
    """An array of which only a block is in memory at a time."""
    member = zipfile.ZipInfo(f"{name}.npy", _WHEN)
    member.compress_type = zipfile.ZIP_DEFLATED
    member.external_attr = 0o644 << 16
    with out.open(member, "w", force_zip64=True) as file:
        head = {"descr": npy.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
        npy.write_array_header_1_0(file, head)
        for block in blocks:
            file.write(np.ascontiguousarray(block.astype(dtype, copy=False)).tobytes())
