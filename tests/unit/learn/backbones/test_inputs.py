"""What enters a network: the library's own transform or its authors' formula on the same patch, and ours."""

import warnings
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from types import ModuleType

import numpy as np
import pytest
import torch
from torch.nn.functional import interpolate

from reben.core.band_statistics import PUBLISHED_STATISTICS
from reben.core.bands import S1_BANDS
from reben.core.errors import BackboneError
from reben.data.normalisation import normalisation
from reben.learn.backbones import own_rows, satlas, ssl4eo_s12, terratorch_networks, terratorch_rows, torchgeo_rows
from reben.learn.backbones.inputs import Inputs
from reben.learn.backbones.row import Backbone
from reben.learn.backbones.table import BACKBONES, find_backbone
from reben.learn.backbones.torchgeo_networks import WAVELENGTHS_NM

MakeImages = Callable[..., torch.Tensor]
_EIGHT_BIT = {"B04": 255 / 3558, "B03": 255 / 3558, "B02": 255 / 3558}
_OF_TWELVE = {name: row for name, row in BACKBONES.items() if name.startswith(("panopticon", "copernicus", "raw"))}


def published(models: ModuleType, row: Backbone) -> object:
    """The library's own entry for the weights of a row."""
    kind, _, name = row.enum.partition(".")
    return getattr(models, kind)[name]


def spelled(band: str) -> str:
    """A band as torchgeo spells it: B8a, B1."""
    return band[0] + band[1:].lstrip("0").lower() if band.startswith("B") else band


@pytest.mark.slow  # torchgeo takes 90 MB, which a process keeps
@pytest.mark.parametrize("row", ssl4eo_s12.ROWS, ids=lambda row: row.name)
def test_rows_of_ssl4eo_feed_what_torchgeo_feeds_bit_for_bit(
    row: Backbone, torchgeo_models: ModuleType, make_images: MakeImages
):
    weights = published(torchgeo_models, row)
    assert weights.meta["bands"] == [spelled(band) for band in row.channels]
    assert (weights.meta["model"], weights.url) == (row.architecture, row.weights)
    images = make_images(row.bands)
    whole = torch.zeros(len(images), len(row.channels), 120, 120)
    for channel, band in enumerate(row.channels):
        if band in row.bands:
            whole[:, channel] = images[:, row.bands.index(band)]
    expected = weights.transforms(whole.clone())
    assert torch.equal(Inputs(row)(images), expected)


def eight_bit(images: torch.Tensor, row: Backbone) -> torch.Tensor:
    """Satlas's 8-bit images: ESA's true colour, and other bands divided by 32 and limited."""
    scaled = [
        layer * _EIGHT_BIT[band] if band in _EIGHT_BIT else torch.div(layer, 32, rounding_mode="floor")
        for band, layer in zip(row.channels, images.unbind(1), strict=True)
    ]
    return torch.stack(scaled, 1).clamp(0, 255).trunc()


@pytest.mark.slow
@pytest.mark.parametrize("row", satlas.ROWS, ids=lambda row: row.name)
def test_rows_of_satlas_feed_what_torchgeo_feeds_of_8_bit_images(
    row: Backbone, torchgeo_models: ModuleType, make_images: MakeImages
):
    weights = published(torchgeo_models, row)
    assert (weights.meta["bands"], weights.url) == (row.channels, row.weights)
    images = eight_bit(make_images(row.bands), row)
    resized = interpolate(images, size=(256, 256), mode="bilinear", antialias=True)
    expected = weights.transforms(resized.clone())  # its crop to 256 pixels does nothing here
    # 8160 is 32 * 255: of the infrared bands torchgeo takes the 16-bit values, our 8 bits are whole numbers.
    expected[:, 3:] *= 32
    torch.testing.assert_close(Inputs(row)(make_images(row.bands)), expected, rtol=1e-6, atol=1e-6)


_HLS_NAMES = {"BLUE": "B02", "GREEN": "B03", "RED": "B04", "NIR_NARROW": "B8A", "SWIR_1": "B11", "SWIR_2": "B12"}
_TERRAMIND_NAMES = _HLS_NAMES | {
    "COASTAL_AEROSOL": "B01", "RED_EDGE_1": "B05", "RED_EDGE_2": "B06", "RED_EDGE_3": "B07", "NIR_BROAD": "B08",
    "WATER_VAPOR": "B09", "VV": "VV", "VH": "VH",
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.usefixtures("terratorch_models")
def test_clay_is_fed_standardised_images(make_images: MakeImages):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what it imports
        clay = import_module("terratorch.models.backbones.clay_v1")
        embedder, modules = (import_module(f"{clay.__name__}.{name}") for name in ("embedder", "modules"))
    row = BACKBONES["clay-1.0-base-s2"]
    config = embedder.default_cfgs[row.architecture].default
    assert row.weights.endswith(f"{config.hf_hub_id}/resolve/main/{config.hf_hub_filename}")
    names = [terratorch_networks._CLAY_NAMES[band] for band in row.channels]
    nanometres = [1000 * modules.WAVELENGTHS[name] for name in names]
    assert nanometres == pytest.approx([WAVELENGTHS_NM[band] for band in row.channels], abs=4)
    images = make_images(row.bands)
    mean, std = (torch.tensor(v).view(-1, 1, 1) for v in (row.values.mean, row.values.std))
    torch.testing.assert_close(Inputs(row)(images), (images - mean) / std, rtol=0, atol=0)


@pytest.mark.slow
@pytest.mark.parametrize(
    "row", [row for row in terratorch_rows.ROWS if not row.name.startswith("clay")], ids=lambda row: row.name
)
def test_rows_of_terratorch_feed_what_it_standardises(
    row: Backbone, terratorch_models: ModuleType, make_images: MakeImages
):
    if row.name.startswith("terramind"):
        facts = terratorch_models.terramind.model.terramind_register
        parts = [f"untok_{part}@224" for part in ("sen1grd", "sen2l2a") if _SENSOR[part] in row.name.split("-")[-1:]
                 or row.name.endswith("-all")]  # fmt: skip
        bands = [_TERRAMIND_NAMES[name] for part in parts for name in facts.PRETRAINED_BANDS[part]]
        mean = [number for part in parts for number in facts.v1_pretraining_mean[part]]
        std = [number for part in parts for number in facts.v1_pretraining_std[part]]
        published = facts.pretrained_weights[row.architecture]
    else:
        facts = terratorch_models.prithvi_vit
        config = facts.prithvi_cfgs[row.architecture]
        bands = [_HLS_NAMES[band.name] for band in config["bands"]]
        mean, std, published = config["mean"], config["std"], facts.pretrained_weights[row.architecture]
    assert row.channels == tuple(bands)
    assert row.weights.endswith(f"{published['hf_hub_id']}/resolve/main/{published['hf_hub_filename']}")
    resized = interpolate(make_images(row.bands), size=(224, 224), mode="bilinear", antialias=True)
    expected = (resized - torch.tensor(mean).view(-1, 1, 1)) / torch.tensor(std).view(-1, 1, 1)
    torch.testing.assert_close(Inputs(row)(make_images(row.bands)), expected, rtol=0, atol=0)


_SENSOR = {"sen1grd": "s1", "sen2l2a": "s2"}


@pytest.mark.parametrize("name", ["dofa-base-s2", "dofa-large-s2"])
def test_dofa_is_fed_standardised_8_bit_images(name: str, make_images: MakeImages):
    row = BACKBONES[name]
    images = interpolate(eight_bit(make_images(row.bands), row), size=(224, 224), mode="bilinear", antialias=True)
    mean, std = (torch.tensor(v).view(-1, 1, 1) for v in (row.values.mean, row.values.std))
    torch.testing.assert_close(Inputs(row)(make_images(row.bands)), (images - mean) / std, rtol=1e-6, atol=1e-5)


@pytest.mark.parametrize("row", [r for r in torchgeo_rows.ROWS if r.name.startswith("croma")], ids=lambda row: row.name)
def test_croma_is_fed_8_bits_around_the_mean(row: Backbone, make_images: MakeImages):
    images = make_images(row.bands)
    expected = []
    for layer, band in zip(images.double().unbind(1), row.channels, strict=True):  # the loop of its README
        mean, std = PUBLISHED_STATISTICS[band].mean, PUBLISHED_STATISTICS[band].std
        low, high = mean - 2 * std, mean + 2 * std
        expected.append(((layer - low) / (high - low) * 255).clip(0, 255).to(torch.uint8).float() / 255)
    differences = (Inputs(row)(images) - torch.stack(expected, 1)).abs()
    assert differences.max() <= 1.001 / 255  # a whole number at a rounding edge
    assert (differences > 0).float().mean() < 1e-3


@pytest.mark.parametrize("name", list(_OF_TWELVE))
def test_standardised_rows(name: str, make_images: MakeImages):
    row = _OF_TWELVE[name]
    images = make_images(row.bands)
    chosen = normalisation(row.channels)
    mean, std = (torch.from_numpy(v).view(-1, 1, 1) for v in (chosen.mean, chosen.std))
    side = row.resize_px or 120
    resized = interpolate(images, size=(side, side), mode="bilinear", antialias=True) if side != 120 else images
    assert torch.equal(Inputs(row)(images), (resized - mean) / std)


@pytest.mark.slow
def test_scale_mae_is_fed_what_torchgeo_feeds_of_true_colour(torchgeo_models: ModuleType, make_images: MakeImages):
    row = BACKBONES["scalemae-large-rgb"]
    images = make_images(row.bands)
    colour = (images * (255 / 3558)).clamp(0, 255)
    resized = interpolate(colour, size=(224, 224), mode="bilinear", antialias=True)
    expected = published(torchgeo_models, row).transforms(resized.clone())
    torch.testing.assert_close(Inputs(row)(images), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", ["reben-resnet50-all", "reben-mobilevit_s-s1", "resnet18"])
def test_the_papers_rows_feed_what_training_feeds(name: str, make_images: MakeImages):
    row = find_backbone(name)
    images = make_images(row.bands)
    chosen = normalisation(row.channels)
    mean, scale = (torch.from_numpy(v).view(-1, 1, 1) for v in (chosen.mean, chosen.scale))
    torch.testing.assert_close(Inputs(row)(images), (images - mean) * scale, rtol=1e-6, atol=1e-6)


def test_polarisations_are_not_swapped(make_images: MakeImages):
    for row in (row for row in BACKBONES.values() if set(S1_BANDS) <= set(row.channels)):
        images = make_images(row.bands, count=1)
        fed = Inputs(row)(images)
        correlation = np.corrcoef(
            interpolate(images, size=fed.shape[-2:])[0, row.bands.index("VV")].ravel(),
            fed[0, row.channels.index("VV")].ravel(),
        )[0, 1]
        assert row.channels[:2] == ("VV", "VH")
        if row.resize_px is None:
            assert correlation > 0.9


def test_other_bands_are_refused(make_images: MakeImages):
    row = own_rows.RAW_ROWS[0]
    with pytest.raises(BackboneError, match=r"images of 1 bands; raw-s1 takes VV, VH"):
        Inputs(row)(make_images(("VV",)))
    with pytest.raises(BackboneError, match=r"reBEN has no band B10"):
        replace(row, channels=("VV", "B10"))
    with pytest.raises(BackboneError, match="mean has 2 entries for 1 bands"):
        replace(row, channels=("VV",))
