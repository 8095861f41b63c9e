"""Blocks of images are the shard's rows; what is no plain shard is refused."""

from pathlib import Path

import h5py
import numpy as np
import pytest

from hwcli.blocks import ImageBlocks
from hwcli.errors import DatasetError
from hwcli.shards import CHUNK_ROWS, read_shard
from synthetic import make_dataset


@pytest.fixture(params=[1, 256, 600])
def shard(request: pytest.FixtureRequest) -> Path:
    dataset = make_dataset(Path("made"), rows=request.param)
    return dataset.folder / dataset.info.shards[0].file


def test_blocks_are_the_rows_of_the_shard_in_any_order(shard: Path) -> None:
    images = read_shard(shard).rows.images
    with ImageBlocks(shard) as blocks:
        assert (blocks.rows, blocks.size) == (len(images), 28)
        assert (np.concatenate(list(blocks)) == images).all()
        for i in reversed(range(len(blocks))):
            assert (blocks[i] == images[i * CHUNK_ROWS : (i + 1) * CHUNK_ROWS]).all()
        with pytest.raises(IndexError):
            blocks[len(blocks)]


def test_a_block_may_be_written_to_and_outlives_the_file(shard: Path) -> None:
    with ImageBlocks(shard) as blocks:
        block = blocks[0]
    before = block.copy()
    block += 1
    assert (read_shard(shard).rows.images[: len(block)] == before).all()


@pytest.mark.parametrize("how", ["compressed", "other chunks", "no chunks", "float", "missing"])
def test_what_is_no_plain_shard_is_one_line(how: str) -> None:
    path = Path("odd.h5")
    with h5py.File(path, "w") as file:
        if how == "compressed":
            file.create_dataset("images", (300, 8, 8), "u1", chunks=(256, 8, 8), compression=4)
        elif how == "other chunks":
            file.create_dataset("images", data=np.ones((300, 8, 8), "u1"), chunks=(16, 8, 8))
        elif how == "no chunks":
            file.create_dataset("images", data=np.ones((300, 8, 8), "u1"))
        elif how == "float":
            file.create_dataset("images", data=np.ones((300, 8, 8)), chunks=(256, 8, 8))
        else:
            file.create_dataset("images", (300, 8, 8), "u1", chunks=(256, 8, 8))
    with pytest.raises(DatasetError, match=r"odd\.h5"):
        ImageBlocks(path)
