"""Sentinel-1 patches of BigEarthNet v1, in the published layout, by the list that pairs them with v1 patches."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from reben.core.backscatter import implausibility
from reben.core.bands import BANDS, S1_BANDS
from reben.core.errors import RasterError
from reben.io.dataset.paths import band_file_suffix, s1_patch_folder
from reben.io.tiff.geotiff import read_pixels
from reben.tile.patches import Cell, TilePatches
from reben.tile.sentinel1.partners import S1Partner


@dataclass(frozen=True)
class S1PatchFolder:
    """Ready patches: `<root>/<scene>/<name>/<name>_<band>.tif`."""

    root: Path
    pairs: Mapping[str, str]
    """Sentinel-1 name by v1 name."""

    def partners(
        self, patches: TilePatches, cells: Sequence[Cell], v1_names: Mapping[Cell, str]
    ) -> Iterator[tuple[Cell, S1Partner]]:
        """See `S1Source.partners`."""
        for cell in cells:
            name = self.pairs.get(v1_names.get(cell, ""))
            if name is not None:
                yield cell, self._read(name, patches.grid.patch_size_m)

    def files_of(self, names: Iterable[str]) -> list[Path]:  # noqa: ARG002 - the protocol's signature
        """None: the files are copied, so that the data set holds them."""
        return []

    def remarks(self) -> tuple[str, ...]:
        """None: ready patches say nothing of how they were made."""
        return ()

    def _read(self, name: str, patch_size_m: int) -> S1Partner:
        files = patch_files(self.root, name)
        return S1Partner(name, {band: _read_band(file, band, patch_size_m) for band, file in files.items()}, files)


def patch_files(root: Path, name: str) -> dict[str, Path]:
    """Files of a ready patch by band."""
    folder = s1_patch_folder(root, name)
    return {band: folder / f"{name}{band_file_suffix(band)}" for band in S1_BANDS}


def _read_band(path: Path, band: str, patch_size_m: int) -> NDArray[np.float32]:
    """Pixels of one file.

    Raises:
        RasterError: if it is missing, damaged, of another size, or no backscatter in dB.
    """
    pixels = read_pixels(path)
    side_px = BANDS[band].side_px(patch_size_m)
    if pixels.shape != (side_px, side_px) or pixels.dtype != BANDS[band].numpy_dtype:
        raise RasterError(
            f"{path}: has {' x '.join(map(str, pixels.shape))} pixels of {pixels.dtype.name}; "
            f"expected {side_px} x {side_px} pixels of {BANDS[band].dtype}"
        )
    values = pixels.array()
    wrong = implausibility(values)
    if wrong is not None:
        raise RasterError(
            f"{path}: {wrong}",
            hint="take this patch out of the list of pairs, or make it again in dB",
        )
    return values
