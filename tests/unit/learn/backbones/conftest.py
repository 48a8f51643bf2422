import warnings
from collections.abc import Callable
from types import ModuleType

import numpy as np
import pytest
import torch

from reben.core.bands import BANDS


@pytest.fixture(scope="session")
def torchgeo_models() -> ModuleType:
    """Torchgeo's models; tests of its rows are skipped where it is not installed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its dependencies, while they are imported
        pytest.importorskip("torchgeo", reason="torchgeo is not installed (extra backbones)")
        import torchgeo.models  # noqa: PLC0415 - optional

        return torchgeo.models


@pytest.fixture(scope="session")
def terratorch_models() -> ModuleType:
    """TerraTorch's backbones; tests of its rows are skipped where it is not installed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its dependencies, while they are imported
        pytest.importorskip("terratorch", reason="TerraTorch is not installed (extra terratorch)")
        import terratorch.models.backbones  # noqa: PLC0415 - optional

        return terratorch.models.backbones


@pytest.fixture
def make_images() -> Callable[..., torch.Tensor]:
    """Images as a store holds them: whole numbers of Sentinel-2, decibels of Sentinel-1."""

    def make(bands: tuple[str, ...], count: int = 2, side: int = 120) -> torch.Tensor:
        random = np.random.default_rng(7)
        layers = [
            random.normal(-15, 5, (count, side, side)) if BANDS[band].sensor == "s1" else
            random.gamma(2, 900, (count, side, side)).round() for band in bands
        ]  # fmt: skip
        return torch.from_numpy(np.stack(layers, 1).astype(np.float32))

    return make
