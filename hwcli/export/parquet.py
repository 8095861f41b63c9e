"""`data/train-00000-of-00002.parquet`: for the `datasets` library of Hugging Face and the like."""

import json
from collections import Counter
from types import ModuleType
from typing import Any

from hwcli.errors import DependencyError
from hwcli.export.layout import Job, Layout, png
from hwcli.grouped import Group
from hwcli.shards import Rows

FILE_ROWS = 100_000
"""Rows of a file at most."""
_USE = """from datasets import load_dataset
train = load_dataset(".", split="train")  # in this folder
# a row has image, label (a ClassLabel), script, source, writer, split and origin"""


def write(job: Job) -> Layout:
    """Write files of at most FILE_ROWS rows, each of one split and one source.

    Raises:
        DependencyError: pyarrow is not installed.
    """
    arrow, parquet = _pyarrow()
    schema = _schema(arrow, job)
    (job.folder / "data").mkdir()
    files = Counter[str]()
    for group, size in job.grouped.sizes.items():
        files[group.split.name] += -(-size // FILE_ROWS)
    written = Counter[str]()
    parts: dict[Group, tuple[dict[str, Any], ...]] = {}
    for group in job.grouped.sizes:
        split = group.split.name
        names = []
        for blocks in job.files(group, FILE_ROWS):
            names.append(f"data/{split}-{written[split]:05}-of-{files[split]:05}.parquet")
            written[split] += 1
            with parquet.ParquetWriter(job.folder / names[-1], schema) as out:
                for start, rows in blocks:
                    out.write_table(_table(arrow, schema, job, group, start, rows))
        parts[group] = tuple({"images": name} for name in names)
    rule = {"label_column": "label", "writer_column": "writer"}
    return Layout("parquet", parts, job.info.classes, rule, _USE)


def _pyarrow() -> tuple[ModuleType, ModuleType]:
    try:
        import pyarrow  # noqa: PLC0415 (no other format needs it)
        import pyarrow.parquet  # noqa: PLC0415
    except ImportError as error:
        raise DependencyError(
            "parquet needs pyarrow, which is not installed", hint="pip install 'hwcli[parquet]'"
        ) from error
    return pyarrow, pyarrow.parquet


def _schema(arrow: ModuleType, job: Job) -> Any:
    """Columns, and their meaning as the `datasets` library reads it."""
    text = {"dtype": "string", "_type": "Value"}
    features: dict[str, Any] = {
        "image": {"_type": "Image"},
        "label": {"names": list(job.info.classes), "_type": "ClassLabel"},
        **{name: text for name in ("script", "source")},
        "writer": {"dtype": "int64", "_type": "Value"},
        **{name: text for name in ("split", "origin")},
    }
    kinds = {
        "image": arrow.struct([("bytes", arrow.binary()), ("path", arrow.string())]),
        "label": arrow.int64(),
        "writer": arrow.int64(),
    }
    meaning = json.dumps({"info": {"features": features}}, ensure_ascii=False)
    columns = [(name, kinds.get(name, arrow.string())) for name in features]
    return arrow.schema(columns, metadata={"huggingface": meaning})


def _table(arrow: ModuleType, schema: Any, job: Job, group: Group, start: int, rows: Rows) -> Any:
    count = len(rows)
    images = [
        {"bytes": png(image), "path": f"{start + i:08}.png"} for i, image in enumerate(rows.images)
    ]
    columns = {
        "image": images,
        "label": rows.label.tolist(),
        "script": [job.info.scripts[group.script]] * count,
        "source": [job.name_of(group)] * count,
        "writer": [w if w >= 0 else None for w in rows.writer.tolist()],
        "split": [group.split.name] * count,
        "origin": rows.origins,
    }
    return arrow.table(columns, schema=schema)
