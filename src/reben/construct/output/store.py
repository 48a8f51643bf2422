"""Patches as values of a store, as encoding the GeoTIFFs would give them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reben.construct.land_cover.source import ReferenceMap
from reben.core.bands import BANDS, REFERENCE_MAP_RESOLUTION_M, S1_BANDS, S2_BANDS
from reben.io.store import REFERENCE_MAP_TENSOR, StoreWriter, TensorSpec, header, reference_map_key
from reben.tile.bands import TileBands
from reben.tile.patches import Cell, TilePatches
from reben.tile.sentinel1.partners import S1Partner

_WAITING_BYTES = 1 << 22

Item = tuple[str, bytes]


@dataclass(slots=True)
class StoreOutput:
    """Writes into a store of its own for the tile."""

    writer: StoreWriter
    _waiting: list[Item] = field(default_factory=list)
    """Sentinel-1 values, until there are enough for a transaction."""

    def write_s1(self, patches: TilePatches, cell: Cell, partner: S1Partner) -> None:  # noqa: ARG002 - protocol
        """See `TileOutput.write_s1`."""
        value = _Value(_band_tensors(S1_BANDS, patches.grid.patch_size_m))
        self._waiting.append((partner.name, value.of(partner.pixels)))
        if len(self._waiting) * len(self._waiting[0][1]) >= _WAITING_BYTES:
            self._write_waiting()

    def write_s2(self, patches: TilePatches, bands: TileBands, cells: Sequence[Cell]) -> None:
        """See `TileOutput.write_s2`; the last of the tile's Sentinel-1 values are written now, too."""
        self._write_waiting()
        value = _Value(_band_tensors(S2_BANDS, patches.grid.patch_size_m))
        self.writer.write_all((patches.patch_id(cell), value.of(_cut(bands, patches, cell))) for cell in cells)

    def write_maps(self, patches: TilePatches, land_cover: ReferenceMap, cells: Sequence[Cell]) -> None:
        """See `TileOutput.write_maps`."""
        side_px = patches.grid.patch_size_m // REFERENCE_MAP_RESOLUTION_M
        value = _Value((TensorSpec(REFERENCE_MAP_TENSOR, (side_px, side_px), np.dtype("<u2")),))

        def item(cell: Cell) -> Item:
            codes = land_cover.codes[patches.grid.window(*cell, REFERENCE_MAP_RESOLUTION_M).slices]
            return reference_map_key(patches.patch_id(cell)), value.of({REFERENCE_MAP_TENSOR: codes})

        self.writer.write_all(map(item, cells))

    def _write_waiting(self) -> None:
        self.writer.write_all(self._waiting)
        self._waiting = []


class _Value:
    """Values of one layout: the header, then the tensors' bytes in the header's order."""

    def __init__(self, tensors: tuple[TensorSpec, ...]) -> None:
        self._header, self._order = header(tensors)

    def of(self, arrays: Mapping[str, NDArray[Any]]) -> bytes:
        return b"".join((self._header, *(arrays[name].tobytes() for name in self._order)))


def _cut(bands: TileBands, patches: TilePatches, cell: Cell) -> dict[str, NDArray[np.uint16]]:
    """All bands of one patch, each at its native resolution."""
    return {
        name: pixels[patches.grid.window(*cell, BANDS[name].resolution_m).slices]
        for name, pixels in bands.pixels.items()
    }


def _band_tensors(names: Sequence[str], patch_size_m: int) -> tuple[TensorSpec, ...]:
    return tuple(
        TensorSpec(name, (side, side), BANDS[name].numpy_dtype)
        for name in names
        for side in (BANDS[name].side_px(patch_size_m),)
    )
