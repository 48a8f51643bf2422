from pathlib import Path

import numpy as np
import pytest
import timm
import torch

import reben
from reben.core.bands import BAND_SETS
from reben.core.classes import CLC2018
from reben.core.errors import BandError, RunError
from reben.data.normalisation import PUBLISHED_STATISTICS
from reben.data.opening import open_dataset
from reben.io.dataset.paths import DatasetPaths
from reben.io.store import open_store
from reben.learn.models.architectures import Architecture, build_model
from reben.learn.models.trained_model import TrainedModel


@pytest.fixture(scope="module")
def trained() -> TrainedModel:
    torch.manual_seed(0)
    architecture = Architecture("test_resnet", 12, 19, 120, dropout=0, drop_path=0)
    model = build_model(architecture).eval()
    return TrainedModel(model, architecture, BAND_SETS["all"], PUBLISHED_STATISTICS, CLC2018.class_names)


def test_a_patch_of_the_store_becomes_what_training_sees(
    trained: TrainedModel, tiny_store: Path, tiny_dataset: DatasetPaths
):
    dataset = open_dataset(tiny_store, tiny_dataset.metadata, bands="all")
    store = open_store(tiny_store)
    patches = dataset.patches
    for number in (0, len(dataset) - 1):
        values = store[patches.ids[number].as_py()] | store[patches.s1_names[number].as_py()]
        image = trained.image(values)
        assert (image.shape, image.dtype) == ((12, 120, 120), np.float32)
        assert torch.equal(trained.normalised(image), dataset[number]["image"])
        expected = trained.model(dataset[number]["image"][None])[0]
        torch.testing.assert_close(trained(image), expected, rtol=1e-4, atol=1e-4)


def test_batches_arrays_and_tensors_give_the_same(trained: TrainedModel):
    images = np.random.default_rng(0).integers(0, 9000, (3, 12, 120, 120)).astype(np.uint16)
    batch = trained(images)
    assert batch.shape == (3, 19)
    torch.testing.assert_close(trained(torch.from_numpy(images)), batch)
    torch.testing.assert_close(trained(images[1]), batch[1], rtol=1e-4, atol=1e-4)
    images.setflags(write=False)  # as arrays of a store are
    torch.testing.assert_close(trained(images), batch)


def test_probable_classes_are_named_in_order(trained: TrainedModel):
    image = np.full((12, 120, 120), 700.0)
    probabilities = trained(image).sigmoid().detach()
    everything = trained.probable(image, threshold=0)
    assert list(everything) == [CLC2018.class_names[i] for i in probabilities.argsort(descending=True)]
    assert everything[CLC2018.class_names[3]] == pytest.approx(float(probabilities[3]))
    some = trained.probable(image)
    assert some == {name: share for name, share in everything.items() if share >= 0.5}
    with pytest.raises(BandError, match="got 2 images; expected one"):
        trained.probable(np.zeros((2, 12, 120, 120)))


@pytest.mark.parametrize("shape", [(120, 120), (10, 120, 120), (2, 3, 12, 120, 120), (12, 120)])
def test_images_of_another_shape_are_refused(trained: TrainedModel, shape: tuple[int, ...]):
    with pytest.raises(BandError, match="12 channels VV, VH, B02"):
        trained(np.zeros(shape))


def test_patches_without_all_bands_are_refused(trained: TrainedModel):
    side = {10: 120, 20: 60}
    values = {name: np.ones((120, 120)) for name in ("VV", "VH", "B02", "B03", "B04", "B08")}
    with pytest.raises(BandError, match="B05, B06, B07, B8A, B11, B12 is missing") as caught:
        trained.image(values)
    assert "s1_name" in caught.value.hint
    values |= {name: np.ones((side[20], side[20])) for name in ("B05", "B06", "B07", "B8A", "B11")}
    assert trained.image(values | {"B12": np.ones((60, 60))}).shape == (12, 120, 120)
    with pytest.raises(BandError, match="do not cover the same ground"):
        trained.image(values | {"B12": np.ones((50, 50))})


def test_a_model_of_timm_comes_back_as_it_is(tmp_path: Path):
    """Tuned outside, saved, and used like any run."""
    torch.manual_seed(1)
    module = timm.create_model("test_resnet", in_chans=3, num_classes=2).eval()
    made = TrainedModel.of_timm(module, "test_resnet", bands="rgb", class_names=("dry", "wet"), image_size=64)
    reben.save_model(str(tmp_path), made)
    loaded = reben.load_model(tmp_path)
    assert (loaded.bands, loaded.class_names) == (("B04", "B03", "B02"), ("dry", "wet"))
    images = torch.rand(2, 3, 64, 64) * 3000
    torch.testing.assert_close(loaded(images), made(images))
    with pytest.raises(BandError, match="B99"):
        TrainedModel.of_timm(module, "test_resnet", bands="B99")


def test_a_model_says_what_it_is_and_moves(trained: TrainedModel):
    assert repr(trained).startswith("TrainedModel(test_resnet for classification, 19 classes, bands VV,VH,B02")
    assert "Arable land" in trained._repr_html_()
    assert trained.to("cpu") is trained
    assert trained.device == torch.device("cpu")
    assert trained.legend == CLC2018


@pytest.mark.parametrize(
    ("name", "bands", "classes"),
    [("test_resnet", "s1", ("a", "b")), ("test_resnet", "rgb", ("a",)), ("test_vit", "rgb", ("a", "b"))],
)
def test_a_module_of_another_kind_is_refused_before_it_is_saved(name: str, bands: str, classes: tuple[str, ...]):
    module = timm.create_model("test_resnet", in_chans=3, num_classes=2)
    with pytest.raises(RunError, match=f"is not a {name} for"):
        TrainedModel.of_timm(module, name, bands=bands, class_names=classes)


def test_only_trained_models_are_saved(tmp_path: Path):
    with pytest.raises(RunError, match="expected a TrainedModel") as caught:
        reben.save_model(tmp_path, torch.nn.Identity())
    assert "of_timm" in caught.value.hint
