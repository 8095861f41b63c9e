"""Heaps of HDF5 files that its library would walk through for ever."""

from hostile import dataset_files
from hwcli.heaps import endless_heap

GOOD = dataset_files()["ds/s-0.h5"]


def test_only_a_heap_whose_free_space_has_no_size_is_endless() -> None:
    assert endless_heap(GOOD) == -1
    assert endless_heap(b"GCOL") == -1
    at = GOOD.index(b"GCOL")
    assert endless_heap(GOOD[: at + 16] + bytes(16) + GOOD[at + 32 :]) == at
