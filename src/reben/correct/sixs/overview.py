"""What a tile shows at 60 m, summed up per cell: the ground from which the atmosphere is read."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reben.core.bands import MSI_RESOLUTIONS_M
from reben.correct.sixs.inversion import Scale
from reben.correct.sixs.nodes import OVERVIEW_M, block_means, cell_sums
from reben.correct.sixs.scene import Classes, SceneClass, consists_of
from reben.correct.sixs.tables import Values

_GREEN_NDVI = 0.5
_DARK_B12 = (0.01, 0.12)
_BANDS = {"land": ("B8A", "B09"), "dark vegetation": ("B02", "B04", "B12")}


@dataclass(frozen=True, slots=True)
class Overview:
    """Per kind of ground: pixels of each cell, and the sums of their reflectance above the atmosphere."""

    counts: Mapping[str, Values]
    sums: Mapping[tuple[str, str], Values]
    """By kind of ground and band, shape (nodes, nodes)."""

    def mean(self, ground: str, band: str) -> Values:
        """Mean reflectance above the atmosphere of each cell; 0 where there is no such ground."""
        mean: Values = self.sums[ground, band] / np.maximum(self.counts[ground], 1)
        return mean


def survey(bands: Mapping[str, NDArray[np.uint16]], scales: Mapping[str, Scale], classes: Classes) -> Overview:
    """Find clear land and dark dense vegetation.

    Args:
        bands: digital numbers of L1C at native resolution.
        scales: of these.
        classes: of the scene, at 20 m.
    """
    seen = {
        band: scales[band].reflectance(block_means(bands[band], OVERVIEW_M // MSI_RESOLUTIONS_M[band]))
        for band in {band for names in _BANDS.values() for band in names}
    }
    green = (seen["B8A"] - seen["B04"]) > _GREEN_NDVI * (seen["B8A"] + seen["B04"])
    dark = (seen["B12"] > _DARK_B12[0]) & (seen["B12"] < _DARK_B12[1])
    masks = {
        "land": consists_of(classes, SceneClass.VEGETATION, SceneClass.BARE),
        "dark vegetation": consists_of(classes, SceneClass.VEGETATION) & green & dark,
    }
    return Overview(
        {kind: cell_sums(mask) for kind, mask in masks.items()},
        {(kind, band): cell_sums(seen[band] * masks[kind]) for kind, names in _BANDS.items() for band in names},
    )
