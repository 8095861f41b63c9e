"""Records to a stream, each at once."""

from typing import TextIO

from hwcli.formats import Format
from hwcli.outputs.output import Result, records


class StreamOutput:
    """One document on a stream, which belongs to somebody else; nothing is known of earlier."""

    def __init__(self, stream: TextIO, format_: Format, only: str | None = None) -> None:
        """Begin the document on `stream`; `only` is the photo it is about if there is but one."""
        self._stream, self._format = stream, format_
        stream.write(format_.header(only))
        stream.flush()

    def done(self, file: str) -> str | None:
        """None: it cannot be read back."""
        return None

    def write(self, result: Result) -> None:
        """Write the records of `result`, so that the reader of a pipe has them now."""
        self._stream.write(records(self._format, result.readings))
        self._stream.flush()

    def close(self) -> None:
        """End the document."""
        self._stream.write(self._format.footer())
        self._stream.flush()
