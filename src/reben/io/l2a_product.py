"""A Sentinel-2 L2A product before its pixels are read, wherever they lie: in a `.SAFE`, or on a server."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from reben.core.grid import TileExtent
from reben.core.names import ProductName

L2A_QUANTIFICATION = 10_000
"""Of reBEN's products, and of all that ESA makes today."""


@dataclass(frozen=True, slots=True)
class L2aProduct:
    """What is known of a product before its pixels are read."""

    path: Path
    """Directory or zip file; or that of a file of STAC items, and below it the item's id."""
    name: ProductName
    """As the metadata have it; the directory may have been renamed."""
    baseline: str
    """Processing baseline that the metadata state, such as 05.09."""
    quality: Mapping[str, str] | None
    """Verdict per quality indicator, such as GEOMETRIC_QUALITY: PASSED; None if the metadata cannot tell, as in STAC
    catalogues."""
    offsets: Mapping[str, int]
    """Value to be added to each band's digital numbers (BOA_ADD_OFFSET); 0 where the metadata state none, or it has
    been added already."""
    images: Mapping[str, str]
    """Per band, what `io/tile_bands.py` opens: its raster at native resolution. Bands that the product lacks are
    missing."""
    files: tuple[Path, ...] = ()
    """Files on the disk that hold the metadata and these rasters."""
    members: Mapping[str, str] = field(default_factory=dict)
    """Per band, and of the scene classification as SCL, the raster's path in the directory or zip file."""
    quantification: float = L2A_QUANTIFICATION
    """What digital numbers, their offset added, are divided by to give reflectance."""
    scene_classes: str | None = None
    """What is opened likewise: the scene classification (SCL) at 20 m; None if the product has none."""
    extent: TileExtent | None = None
    """Where the metadata say that the tile lies; None if they do not."""
