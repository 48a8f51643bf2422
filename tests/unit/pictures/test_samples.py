from pathlib import Path

import matplotlib.image
import numpy as np
import pytest

import reben
from reben.core.errors import BandError, SampleError
from reben.data.opening import open_dataset
from reben.io.dataset.paths import DatasetPaths
from reben.pictures.patch_pictures import PatchPicture
from reben.pictures.samples import draw_samples, figure_of


def picture(**options: object) -> PatchPicture:
    bands = {name: np.full((8, 8), 800, np.uint16) for name in ("B02", "B03", "B04")}
    radar = {name: np.full((8, 8), -12, np.float32) for name in ("VV", "VH")}
    return PatchPicture("patch", {**bands, **radar}, **options)


def titles(figure) -> list[str]:
    return [axes.get_title(loc="left").split("\n")[-1] for axes in figure.axes if axes.get_title(loc="left")]


def test_a_panel_for_everything_there_is():
    full = picture(labels=("Pastures",), classes=np.array([[0, -1]], np.int8))
    assert titles(figure_of([full])) == ["true colour", "VV, VH, VV - VH", "reference map"]
    colours = {name: np.zeros((4, 4), np.uint8) for name in ("Red", "Green", "Blue")}
    assert titles(figure_of([PatchPicture("farm", colours)])) == ["true colour"]
    with pytest.raises(BandError, match="nothing to show of B05"):
        figure_of([PatchPicture("patch", {"B05": np.zeros((4, 4))})])


@pytest.mark.parametrize("name", ["a.png", "a.pdf", "a.svg"])
def test_the_ending_decides_the_format(tmp_path: Path, name: str):
    draw_samples(tmp_path / name, [picture(), picture()], title="Two patches")
    start = (tmp_path / name).read_bytes()[:100]
    assert {"a.png": b"PNG", "a.pdf": b"%PDF", "a.svg": b"svg"}[name] in start
    if name == "a.png":
        assert matplotlib.image.imread(tmp_path / name).std() > 0.1


def test_a_sample_is_brought_back_to_its_units(tiny_store: Path, tiny_dataset: DatasetPaths):
    dataset = open_dataset(tiny_store, tiny_dataset.metadata, reference_maps=True)
    raw = open_dataset(tiny_store, tiny_dataset.metadata, reference_maps=True, statistics=None)
    figures = [reben.plot(data[0], data) for data in (dataset, raw)]
    assert titles(figures[0]) == titles(figures[1]) == ["true colour", "VV, VH, VV - VH", "reference map"]
    images = [figure.axes[0].images[0].get_array() for figure in figures]
    np.testing.assert_allclose(*images, atol=1e-3)
    assert figures[0]._repr_png_().startswith(b"\x89PNG"), "notebooks show it"


def test_what_is_no_sample_of_the_data_set(tiny_store: Path, tiny_dataset: DatasetPaths):
    both, few = (open_dataset(tiny_store, tiny_dataset.metadata, bands=bands) for bands in ("all", "rgb"))
    with pytest.raises(BandError, match="does not have the 12 bands"):
        reben.plot(few[0], both)
    with pytest.raises(BandError, match="bands of the data set"):
        reben.plot(both.batch([0, 1]), both)
    for wrong in ((0, both), (both, both[0]), (both[0], 7)):
        with pytest.raises(SampleError, match="cannot draw"):
            reben.plot(*wrong)
