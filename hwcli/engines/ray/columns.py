"""Records of `ocr` as Parquet: the columns are the fields of `hwcli.ocr/1`."""

import io
import json
from typing import ClassVar

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj
import pyarrow.parquet as pq

_BOX = pa.list_(pa.int32())
_LINE = pa.struct(
    [
        ("box", _BOX),
        ("text", pa.string()),
        ("words", pa.list_(pa.struct([("box", _BOX), ("text", pa.string())]))),
    ]
)
_GLYPH = pa.struct(
    [
        ("box", _BOX),
        ("line", pa.int32()),
        ("word", pa.int32()),
        ("char", pa.string()),
        ("codepoint", pa.string()),
        ("script", pa.string()),
        ("confidence", pa.float64()),
        ("topk", pa.list_(pa.struct([("char", pa.string()), ("p", pa.float64())]))),
        ("flags", pa.list_(pa.string())),
    ]
)
SCHEMA = pa.schema(
    [
        ("schema", pa.string()),
        ("file", pa.string()),
        ("page", pa.int32()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("text", pa.string()),
        ("script", pa.string()),
        ("lines", pa.list_(_LINE)),
        ("glyphs", pa.list_(_GLYPH)),
        ("model", pa.string()),
        ("angle_deg", pa.float64()),
        ("inverted", pa.bool_()),
        ("error", pa.struct([("type", pa.string()), ("message", pa.string())])),
    ]
)


class ParquetParts:
    """A row a record; what a record does not have is null."""

    suffix: ClassVar[str] = ".parquet"

    def made(self, lines: list[bytes]) -> bytes:
        """A file with the records in `lines`."""
        data = b"".join(map(_as_unicode, lines))
        table = pj.read_json(
            io.BytesIO(data),
            read_options=pj.ReadOptions(use_threads=False, block_size=len(data) + 1),
            parse_options=pj.ParseOptions(
                explicit_schema=SCHEMA, unexpected_field_behavior="error"
            ),
        )
        return _written(table)

    def without(self, part: bytes, files: set[str]) -> bytes | None:
        """Those rows that are about other files."""
        table = pq.read_table(io.BytesIO(part))
        gone = pa.array(map(_readable, files), pa.string())
        table = table.filter(pc.invert(pc.is_in(table["file"], gone)))
        return _written(table) if table.num_rows else None


def _written(table: pa.Table) -> bytes:
    out = io.BytesIO()
    pq.write_table(table, out, compression="zstd")
    return out.getvalue()


def _as_unicode(line: bytes) -> bytes:
    r"""`line` with bytes of names that are not UTF-8 as `\xff`: Parquet's strings are UTF-8."""
    if b"\\ud" not in line:
        return line
    record = json.loads(line)
    record["file"] = _readable(record["file"])
    if "error" in record:  # it names the file
        record["error"]["message"] = _readable(record["error"]["message"])
    return json.dumps(record, ensure_ascii=False).encode() + b"\n"


def _readable(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
