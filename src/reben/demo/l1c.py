"""The demo's area as a Sentinel-2 L1C product: as a satellite would have seen it through a synthetic atmosphere.

The atmosphere is that of the tables by which `reben correct` removes it again; the sensor adds noise. Correcting the
product therefore shows that the chain is right and how well aerosol and water vapour are found, not how well the
tables describe a real atmosphere.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reben.core.bands import MSI_RESOLUTIONS_M, S2_BANDS
from reben.core.grid import TileExtent
from reben.core.names import ProductName
from reben.correct.sixs.inversion import NODATA, SATURATED, Scale, add_atmosphere
from reben.correct.sixs.nodes import Nodes
from reben.correct.sixs.tables import Air, load_tables, pressure_hpa
from reben.demo.area import PRODUCT
from reben.io.jp2 import write_tile_band
from reben.io.safe.angles import read_angles
from reben.io.safe.xml import ProductFacts, product_xml, tile_xml
from reben.work import atomic
from reben.work.progress import Advance, unseen

AIR = Air(aot=0.18, water_g_cm2=2.1, ozone_cm_atm=0.32, pressure_hpa=float(pressure_hpa(0)))
"""A summer's day with some haze."""

L1C_PRODUCT = replace(PRODUCT, tile=replace(PRODUCT.tile, level="L1C"))
"""Name of the demo's L1C product."""

RADIO_ADD_OFFSET = -1_000
NOISE = 5
"""Standard deviation of the sensor's noise in digital numbers: 0.0005 of reflectance."""
NEIGHBOURS_M = 0
"""How far the ground reaches whose light the synthetic satellite sees in each pixel: none but the pixel's own. Who
corrects the product leaves neighbouring light alone (`SixsEngine.adjacency_m`), or takes out what is not in it."""

_CIRRUS_BAND = (15, 3)
"""Mean and standard deviation of B10, in digital numbers above the offset: hardly any light gets through."""
_CHECKS = ("FORMAT_CORRECTNESS", "GENERAL_QUALITY", "GEOMETRIC_QUALITY", "RADIOMETRIC_QUALITY", "SENSOR_QUALITY")
_ANGLE_STEP_M = 5_000


def write_l1c_product(
    folder: Path,
    name: ProductName,
    extent: TileExtent,
    surface: Mapping[str, NDArray[Any]],
    *,
    air: Air = AIR,
    threads: int = 1,
    progress: Advance = unseen,
) -> Path:
    """Write a product; its path.

    Args:
        folder: in which the product is made.
        name: of the product, at level L1C.
        extent: where it lies.
        surface: reflectance times 10,000 of the ground, 0 where unseen, for all bands but B10, at native resolution.
        air: through which it is seen.
        threads: per band.
        progress: called with the number of bands just written.

    Raises:
        TargetExistsError: if it is there already.
    """
    tile = name.tile
    time = tile.sensing_time.strftime("%Y%m%dT%H%M%S")
    granule = PurePosixPath("GRANULE") / f"L1C_T{tile.mgrs}_A000000_{time}"
    metadata = tile_xml("L1C", extent, angles=_tile_angles(extent), content={})
    scale, nodes = Scale(10_000, RADIO_ADD_OFFSET), Nodes(extent)
    angles = read_angles(Path(str(name)), metadata.encode())
    tables, _ = load_tables(tile.mission)
    draw = np.random.default_rng(0)
    with atomic.new_directory(folder / str(name)) as product:
        files = []
        (product / granule / "IMG_DATA").mkdir(parents=True)
        for band, resolution_m in MSI_RESOLUTIONS_M.items():
            if band in S2_BANDS:
                pixels = surface[band].astype(np.uint16)  # a copy
                effect = tables.effect(band, nodes.directions(angles, band), air)
                add_atmosphere(pixels, effect, nodes, resolution_m, scale, threads=threads)
                _add_noise(pixels, draw)
            else:
                pixels = _cirrus_band(surface["B09"], draw)
            file = granule / "IMG_DATA" / f"T{tile.mgrs}_{time}_{band}.jp2"
            write_tile_band(product / file, pixels, extent, resolution_m, threads=threads)
            files.append(file)
            progress(1)
        facts = ProductFacts(
            name=name,
            start_time=tile.sensing_time.isoformat(timespec="milliseconds") + "Z",
            files=files,
            offset=RADIO_ADD_OFFSET,
            quality=dict.fromkeys(_CHECKS, "PASSED"),
            origin="Synthetic: nothing here was observed.",
        )
        (product / granule / "MTD_TL.xml").write_text(metadata, encoding="utf-8")
        (product / "MTD_MSIL1C.xml").write_text(product_xml(facts), encoding="utf-8")
    return folder / str(name)


def _add_noise(pixels: NDArray[np.uint16], draw: np.random.Generator) -> None:
    """Noise on valid pixels, in place."""
    noise = draw.standard_normal(pixels.shape, np.float32)
    noise *= NOISE
    noise += pixels
    np.rint(noise, out=noise)
    np.clip(noise, 1, SATURATED - 1, out=noise)
    np.copyto(pixels, noise, where=pixels != NODATA, casting="unsafe")


def _cirrus_band(like: NDArray[np.uint16], draw: np.random.Generator) -> NDArray[np.uint16]:
    """B10 where B09 sees anything."""
    values = draw.normal(*_CIRRUS_BAND, like.shape) - RADIO_ADD_OFFSET
    band: NDArray[np.uint16] = np.where(like == NODATA, NODATA, values.round()).astype(np.uint16)
    return band


def _tile_angles(extent: TileExtent) -> str:
    """The element Tile_Angles: a summer morning's sun, and two detectors of a satellite that passes in the east."""
    size = -(-extent.side_m // _ANGLE_STEP_M) + 1
    rows, columns = np.mgrid[:size, :size].astype(float)
    sun = _grids("Sun_Angles_Grid", 33 + 0.04 * rows - 0.02 * columns, 145 + 0.05 * columns)
    parts = [sun]
    for number in range(len(MSI_RESOLUTIONS_M)):
        for detector, west in ((5, True), (6, False)):
            seen = (columns <= size // 2) if west else (columns >= size // 2)
            zenith = np.where(seen, 4 + 0.35 * columns, np.nan)
            azimuth = np.where(seen, 102.0 if west else 107.0, np.nan)
            tag = f'Viewing_Incidence_Angles_Grids bandId="{number}" detectorId="{detector}"'
            parts.append(_grids(tag, zenith, azimuth))
    return "\n".join(["    <Tile_Angles>", *parts, "    </Tile_Angles>"])


def _grids(tag: str, zenith: NDArray[np.float64], azimuth: NDArray[np.float64]) -> str:
    """An element with both grids."""
    lines = [f"      <{tag}>"]
    for name, grid in (("Zenith", zenith), ("Azimuth", azimuth)):
        lines += [f"        <{name}>", f'          <COL_STEP unit="m">{_ANGLE_STEP_M}</COL_STEP>']
        lines += [f'          <ROW_STEP unit="m">{_ANGLE_STEP_M}</ROW_STEP>', "          <Values_List>"]
        lines += [f"            <VALUES>{' '.join(f'{v:.4f}' for v in row)}</VALUES>" for row in grid]
        lines += ["          </Values_List>", f"        </{name}>"]
    lines.append(f"      </{tag.split(maxsplit=1)[0]}>")
    return "\n".join(lines).replace(">nan", ">NaN").replace(" nan", " NaN")
