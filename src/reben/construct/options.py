"""Options of a build: what is read, the rules, and how the work is done."""

from dataclasses import replace
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from reben.core.backscatter import Unit
from reben.core.bands import PATCH_SIZE_M
from reben.io.legend_files import legend_file
from reben.rules.cover import CLOUD_SHARE, SNOW_SHARE
from reben.rules.labels import MIN_LABELLED
from reben.rules.split import TEST_SHARE, VALIDATION_SHARE
from reben.rules.split_rules import BLOCK_KM, SplitBy, SplitRule
from reben.work.options import Checksums, Location, OnCommandLine, OnError, Options, Positive

OutputFormat = Literal["geotiff", "store"]

_INPUTS, _RULES, _WORK = OnCommandLine(panel="Inputs"), OnCommandLine(panel="Rules"), OnCommandLine(panel="Work")


class BuildOptions(Options):
    """How a data set is built from Sentinel-2 L2A products."""

    clc: Annotated[
        Location,
        OnCommandLine(option="--land-cover", former="--clc"),
        Field(examples=["U2018_CLC2018_V2020_20u1.gpkg"]),
    ]
    """Land cover: CORINE Land Cover 2018 (GeoPackage, or its 100 m raster), or with a legend any polygons, raster,
    folder of rasters, or file of STAC items."""
    legend: Annotated[Location | None, BeforeValidator(legend_file), _INPUTS, Field(examples=["legend.toml"])] = None
    """Legend of the land cover: clc2018, another name such as worldcover (an unknown one lists all), or a TOML file."""
    s1_scenes: Annotated[Location | None, _INPUTS, Field(examples=["S1"])] = None
    """Folder with geocoded Sentinel-1 scenes (VV and VH, any CRS) or GRD products, one such product (.SAFE or zipped),
    or file of STAC items of sentinel-1-rtc."""
    s1_dem: Annotated[Location | None, replace(_INPUTS, exists=True), Field(examples=["dem.tif"])] = None
    """Elevation model for GRD products among the scenes: a file that GDAL reads, or a folder with some."""
    s1_orbits: Annotated[Location | None, replace(_INPUTS, exists=True), Field(examples=["orbits"])] = None
    """Precise orbit file (.EOF) for GRD products, or a folder with some."""
    s1_sea_level: Annotated[bool, _INPUTS] = False
    """Take sea level where the elevation model of GRD products has no value."""
    s1_unit: Annotated[Unit | None, _INPUTS, Field(examples=["db"])] = None
    """Unit of the Sentinel-1 scenes; by default as their tags and names say, else dB."""
    s1_dir: Annotated[Location | None, _INPUTS, Field(examples=["BigEarthNet-S1"])] = None
    """Folder with Sentinel-1 patches in the published layout; needs the list of pairs, too."""
    s1_pairs: Annotated[Location | None, _INPUTS, Field(examples=["pairs.csv"])] = None
    """CSV without header: s2v1_name,s1_name."""
    v1_geometries: Annotated[Location | None, _INPUTS, Field(examples=["v1"])] = None
    """Keep only patches of v1, whose footprints are in this folder."""
    snow: Annotated[
        tuple[Location, ...],
        replace(_INPUTS, option="--snow-list", former="--snow"),
        Field(examples=[["snow.csv"]]),
    ] = ()
    """List of v1 names with seasonal snow."""
    cloud: Annotated[
        tuple[Location, ...],
        replace(_INPUTS, option="--cloud-list", former="--cloud"),
        Field(examples=[["cloud.csv"]]),
    ] = ()
    """List of v1 names with clouds or cloud shadows."""
    countries: Annotated[str, _INPUTS, Field(examples=["all"])] = ""
    """reben, all, or a vector file; by default reben with footprints of v1, else all."""
    patch_size: Annotated[int, Field(ge=60), _RULES] = PATCH_SIZE_M
    """Side of a patch, in metres."""
    min_labelled: Annotated[float, Field(ge=0, lt=1), _RULES] = MIN_LABELLED
    """More than this share of a patch must be labelled."""
    p: Annotated[float, _RULES] = TEST_SHARE
    """Share of the test square in the tile's area."""
    q: Annotated[float, _RULES] = VALIDATION_SHARE
    """Share of the validation frame in the tile's area."""
    split_by: Annotated[SplitBy, _RULES] = "tile-frames"
    """How patches are divided: the paper's frames of each tile, blocks of the Earth, whole countries or whole years."""
    block_km: Annotated[float, Field(ge=5, le=2_000), _RULES] = BLOCK_KM
    """Side of the blocks, in kilometres."""
    split_seed: Annotated[int, Field(ge=0), _RULES] = 0
    """Random seed for which blocks or countries are in which split."""
    cloud_share: Annotated[float, Field(gt=0, le=1), _RULES] = CLOUD_SHARE
    """From this share of clouds, shadows and cirrus on, by the product's scene classification, a patch is flagged."""
    snow_share: Annotated[float, Field(gt=0, le=1), _RULES] = SNOW_SHARE
    """From this share of snow and ice on, a patch is flagged."""
    max_cloud: Annotated[float | None, Field(ge=0, le=1), _RULES, Field(examples=[0.5])] = None
    """Drop patches with a larger share of clouds, shadows and cirrus."""
    unpaired: Annotated[Literal["drop", "keep"], _RULES] = "drop"
    """Drop or keep patches without a Sentinel-1 partner."""
    keep_raw: Annotated[bool, _RULES] = False
    """Keep digital numbers, without adding the processing offset."""
    format: Annotated[OutputFormat, _WORK] = "geotiff"
    """GeoTIFFs as published, or one LMDB+safetensors store."""
    workers: Annotated[Positive, _WORK] = 1
    """Tiles that are built at a time (2.5 GB each)."""
    scheduler: Annotated[str, _WORK, Field(examples=["tcp://10.0.0.1:8786"])] = ""
    """Build on a Dask cluster: address of its scheduler."""
    threads: Annotated[Positive | None, _WORK, Field(examples=[4])] = None
    """Threads per tile; by default all processors, shared by the workers."""
    checksums: Annotated[Checksums, _WORK] = True
    image_cache: Annotated[Location | None, _WORK, Field(examples=["images"])] = None
    """Folder that keeps whole copies of rasters on servers, so that another build need not fetch them again."""
    on_error: Annotated[OnError, _WORK] = "stop"
    """stop at the first tile that fails, or skip it and list it in the report."""

    @property
    def split_rule(self) -> SplitRule:
        """How patches are divided."""
        return SplitRule(self.split_by, self.p, self.q, self.block_km, self.split_seed)

    @property
    def keeps_unpaired(self) -> bool:
        """Whether patches without a Sentinel-1 partner are kept."""
        return self.unpaired == "keep"

    @property
    def skips_errors(self) -> bool:
        """Whether a build continues with the next tile after an error."""
        return self.on_error == "skip"
