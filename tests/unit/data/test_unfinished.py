import numpy as np
import pytest

from reben.data import unfinished as module
from reben.data.unfinished import UnfinishedBatch


@pytest.mark.parametrize("patches", [1, 31, 32, 33, 100])
def test_pieces_are_all_patches_once(patches: int):
    written = np.zeros(patches, int)

    def write(some: slice) -> None:
        written[some] += 1

    batch = UnfinishedBatch({"image": written}, patches, write)
    for piece in batch.pieces():
        assert piece.stop - piece.start <= module._PIECE_PATCHES
        batch.write(piece)
    assert (written == 1).all()
    assert (batch.finished()["image"] == 2).all()
