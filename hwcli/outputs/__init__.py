"""Where the records of `ocr` go: a stream, one file, or a file a photo; what is done is known."""

from hwcli.outputs.choice import Target, choose_target
from hwcli.outputs.file import FileOutput
from hwcli.outputs.folder import FolderOutput
from hwcli.outputs.output import Output, Result
from hwcli.outputs.stream import StreamOutput

__all__ = [
    "FileOutput",
    "FolderOutput",
    "Output",
    "Result",
    "StreamOutput",
    "Target",
    "choose_target",
]
