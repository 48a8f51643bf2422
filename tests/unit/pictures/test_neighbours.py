from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from reben.core.errors import KeyNotFoundError
from reben.io.store import open_store
from reben.learn.retrieval.neighbours import Neighbour
from reben.pictures.neighbours import Shown, draw_neighbours, show_retrieval, true_colour_bands


def shown(name: str, labels: tuple[str, ...]) -> Shown:
    rgb = np.random.default_rng(0).integers(0, 3000, (120, 120, 3)).astype(np.uint16)
    return Shown(name, rgb, "title", labels, frozenset(labels[:1]))


@pytest.mark.parametrize("count", [0, 3, 10])
def test_the_picture_has_room_for_every_patch_and_label(tmp_path: Path, count: int):
    few, many = tmp_path / "few.png", tmp_path / "many.png"
    draw_neighbours(few, shown("query", ("Pastures",)), [shown("found", ("Pastures",))] * count, title="few")
    long = tuple(f"class {i}: a name that is so long that it needs a second line" for i in range(12))
    draw_neighbours(many, shown("query", long), [shown("found", long)] * count, title="many")
    small, large = imread(few), imread(many)
    assert small.shape[0] >= (count + 4) // 4 * 3 * 110
    assert large.shape[0] > small.shape[0] + 12 * 2 * 15
    assert (large[-3:, :, :3] == 1).all()  # no label is cut off by the lower border


def test_pixels_come_from_the_first_store_that_has_them(tiny_store: Path, real_store: Path):
    stores = [open_store(real_store), open_store(tiny_store)]
    names = [next(key for key in store if key.startswith("S2") and "map" not in key) for store in stores]
    found = [Neighbour(name, 0.5, ("a", "b"), ("b",), "train", None) for name in names]
    query, patches = show_retrieval(names[0], ["b"], found, stores)
    assert [patch.patch_id for patch in (query, *patches)] == [names[0], *names]
    for patch, store in zip(patches, stores, strict=True):
        np.testing.assert_array_equal(patch.rgb[..., 0], store[patch.patch_id]["B04"])
        assert patch.shared == {"b"}
    assert patches[1].title == "2: 0.500"
    with pytest.raises(KeyNotFoundError, match="no store has"):
        true_colour_bands(stores, "nowhere")
