"""Reads MATLAB 5 and 7.3 files: an array with a row an image, or cells whose columns are images."""

import io
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from hwcli.errors import FetchError
from hwcli.fetch.archive import Archive, reading
from hwcli.readers.matlab_format import MatlabError, Value, read_mat
from hwcli.readers.matlab_hdf5 import SIGNATURE, read_mat73
from hwcli.readers.reader import Block, Listing, Reader, listing_of, only_member
from hwcli.readers.stream import opened
from hwcli.readers.values import ValueBlock, label_names, shape_of
from hwcli.recipe import Part, Source

_MAX_FILE = 1 << 28
"""Bytes; the file is read as a whole."""


class MatlabReader(Reader):
    """The variables `array` and `label_array` of a file.

    In cells, one is a word: its columns are the letters, and cells of equal labels are one word.
    """

    def __init__(self, source: Source, part: Part, archive: Archive) -> None:
        self._part = part
        self._member = only_member(archive, part.images, source.name)
        self._what = f"{source.name}: {part.images}"
        variables = read_variables(archive, self._member, self._what)
        images, labels = (self._variable(variables, n) for n in (part.array, part.label_array))
        if isinstance(images, list) and isinstance(labels, list):
            if [c.shape[-1] for c in images] != [c.size for c in labels]:
                raise FetchError(f"{self._what}: cells with more or fewer labels than columns")
            words = ["-".join(label_names(c, c.size, self._what)) for c in labels]
            self._word = [w for w, c in zip(words, labels, strict=True) for _ in range(c.size)]
            if len({(c.shape[:-1], c.dtype) for c in images}) != 1:
                raise FetchError(f"{self._what}: cells of images of different sizes")
            images, labels = np.hstack(images).T, np.concatenate([c.ravel() for c in labels])
        elif isinstance(images, list) or isinstance(labels, list):
            raise FetchError(f"{self._what}: cells and no cells do not go together")
        else:
            self._word = []
        self._labels = label_names(labels, len(images), self._what)
        self._shape = shape_of(images.shape[1:], source.shape, self._what)
        self._values, self._max_value = images, source.max_value

    def listing(self) -> Listing:
        """Labels as text and, of cells, the words; no writers."""
        return listing_of(self._labels, words=self._word or None)

    def origin(self, row: int) -> str:
        """`member/variable#row`."""
        return f"{self._member}/{self._part.array}#{row}"

    def blocks(self, rows: NDArray[np.intp], size: int) -> Iterator[Block]:
        """The images of `rows`."""
        for start in range(0, len(rows), size):
            chosen = self._values[rows[start : start + size]]
            yield ValueBlock(chosen, self._shape, self._max_value)

    def _variable(self, variables: dict[str, Value], name: str) -> Value:
        if name not in variables:
            there = ", ".join(sorted(variables))[:200] or "none"
            raise FetchError(f"{self._what}: no variable {name!r} of numbers, there are: {there}")
        return variables[name]


def read_variables(archive: Archive, member: str, what: str) -> dict[str, Value]:
    """The variables of numbers in the file `member`, by name.

    Raises:
        FetchError: no such file, damaged, or too large; `what` says which.
    """
    with reading(what), opened(archive, member) as file:
        data = file.read(_MAX_FILE + 1)
    if len(data) > _MAX_FILE:
        raise FetchError(f"{what}: a file of more than {_MAX_FILE >> 20} MiB")
    try:
        if SIGNATURE in (data[:8], data[512:520]):
            return read_mat73(io.BytesIO(data))
        return read_mat(data)
    except MatlabError as error:
        raise FetchError(f"{what}: {error}") from error
