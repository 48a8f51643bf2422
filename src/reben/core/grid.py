"""The patch grid of a tile: square patches counted from the upper left corner, incomplete ones at the border dropped.

Source: the published patches; patch `c_r` covers x from `ulx + size * c` and y down from `uly - size * r`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from reben.core.bands import PATCH_SIZE_M
from reben.core.errors import GridError

TILE_SIDE_M = 109_800
"""Side of a Sentinel-2 tile, in metres."""

_SMALLEST_INDEX_WIDTH = 2


@dataclass(frozen=True, slots=True)
class Window:
    """A square of pixels in a raster."""

    column_px: int
    """First pixel column, from the west."""
    row_px: int
    """First pixel row, from the north."""
    side_px: int

    @property
    def slices(self) -> tuple[slice, slice]:
        """Rows and columns, as an index into an array of shape (rows, columns)."""
        return (
            slice(self.row_px, self.row_px + self.side_px),
            slice(self.column_px, self.column_px + self.side_px),
        )


@dataclass(frozen=True, slots=True)
class Bounds:
    """A square on the ground, in metres of the tile's CRS."""

    left_m: float
    bottom_m: float
    right_m: float
    top_m: float


@dataclass(frozen=True, slots=True)
class TileExtent:
    """Where a tile lies."""

    crs: str
    """Such as EPSG:32633."""
    ulx_m: float
    """Easting of the upper left corner."""
    uly_m: float
    """Northing of the upper left corner."""
    side_m: int


@dataclass(frozen=True, slots=True)
class PatchGrid:
    """All complete patches of a square tile.

    Raises:
        GridError: if the tile is smaller than one patch, or a size is not positive.
    """

    tile_side_m: int = TILE_SIDE_M
    patch_size_m: int = PATCH_SIZE_M

    def __post_init__(self) -> None:
        if self.patch_size_m < 1 or self.tile_side_m < self.patch_size_m:
            raise GridError(
                f"tile side {self.tile_side_m} m, patch size {self.patch_size_m} m: "
                "both must be positive, and a patch must fit into the tile"
            )

    @property
    def patches_per_side(self) -> int:
        """Complete patches along one side.

        >>> PatchGrid().patches_per_side
        91
        """
        return self.tile_side_m // self.patch_size_m

    @property
    def index_width(self) -> int:
        """Digits of column and row in a patch id: those of the largest index, two at least."""
        return max(_SMALLEST_INDEX_WIDTH, len(str(self.patches_per_side - 1)))

    def indices(self) -> Iterator[tuple[int, int]]:
        """(column, row) of every patch, column by column."""
        for column in range(self.patches_per_side):
            for row in range(self.patches_per_side):
                yield column, row

    def window(self, column: int, row: int, resolution_m: int) -> Window:
        """Pixels of patch (`column`, `row`) in the tile's raster of `resolution_m` metres.

        Raises:
            GridError: if there is no such patch, or tile side or patch size are not multiples of the pixel size.

        >>> PatchGrid().window(26, 57, 20)
        Window(column_px=1560, row_px=3420, side_px=60)
        """
        self._expect_patch(column, row)
        if resolution_m < 1 or self.patch_size_m % resolution_m or self.tile_side_m % resolution_m:
            raise GridError(
                f"pixel size {resolution_m} m: must divide the patch size ({self.patch_size_m} m) "
                f"and the tile side ({self.tile_side_m} m)"
            )
        side = self.patch_size_m // resolution_m
        return Window(column * side, row * side, side)

    def bounds(self, column: int, row: int, *, ulx_m: float, uly_m: float) -> Bounds:
        """Ground that patch (`column`, `row`) of the tile with upper left corner (`ulx_m`, `uly_m`) covers.

        Raises:
            GridError: if there is no such patch.

        >>> PatchGrid().bounds(26, 57, ulx_m=300_000, uly_m=5_400_000)
        Bounds(left_m=331200, bottom_m=5330400, right_m=332400, top_m=5331600)
        """
        self._expect_patch(column, row)
        left, top = ulx_m + self.patch_size_m * column, uly_m - self.patch_size_m * row
        return Bounds(left, top - self.patch_size_m, left + self.patch_size_m, top)

    def _expect_patch(self, column: int, row: int) -> None:
        last = self.patches_per_side - 1
        if not (0 <= column <= last and 0 <= row <= last):
            raise GridError(f"patch ({column}, {row}): column and row must lie between 0 and {last}")
