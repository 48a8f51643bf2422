"""Options of evaluation and prediction."""

from typing import Annotated, Literal

from pydantic import Field

from reben.core.backscatter import Unit
from reben.core.names import SplitName
from reben.core.palettes import PaletteName
from reben.work.options import Checksums, LoadingThreads, Location, OnCommandLine, Options, Positive

BATCH_SIZE, IMAGES_AT_ONCE = 512, 64
"""Patches per step: for logits; and where a map of every patch, or a whole product, takes memory, too."""

_STORE, _TILE = OnCommandLine(panel="Data"), OnCommandLine(panel="A whole product")


class EvaluateOptions(Options):
    """What is measured of a trained model."""

    split: SplitName = "test"
    """Split to evaluate on."""
    patches: Annotated[Location | None, OnCommandLine(exists=True)] = None
    """List of patches, one id a line, as `reben explore` exports it; all others are left out."""
    thresholds: bool = False
    """Choose each class's threshold on the validation split, and use it here."""
    bootstrap: Annotated[int, Field(ge=0)] = 0
    """Bootstrap resamples for 95 % confidence intervals; 0 computes none."""
    bootstrap_by: Literal["patch", "tile"] = "patch"
    """Unit to resample; tiles keep neighbours together and so give wider, honest intervals."""
    batch_size: Positive = BATCH_SIZE
    """Patches per step."""
    snow_and_cloud: bool = False
    """Keep patches with seasonal snow, clouds or cloud shadows."""
    workers: LoadingThreads = None


class PredictOptions(Options):
    """Which data a prediction is made of, and how they are loaded."""

    split: Annotated[SplitName | None, _STORE] = None
    """Split to predict, if no patches are named; by default all."""
    tile_extents: Annotated[Location | None, OnCommandLine(panel=_STORE.panel, former="--tiles")] = None
    """Where tiles lie, if neither build-report.json nor their names tell: a CSV file with tile,crs,ulx_m,uly_m."""
    s1_scenes: Annotated[Location | None, _TILE] = None
    """Folder with geocoded Sentinel-1 scenes or with GRD products, or a GRD product (.SAFE or zipped)."""
    s1_dem: Annotated[Location | None, _TILE] = None
    """Elevation model for GRD products: a file that GDAL reads, or a folder with some."""
    s1_unit: Annotated[Unit | None, _TILE] = None
    """Unit of the Sentinel-1 scenes; by default as their tags and names say, else dB."""
    checksums: Annotated[Checksums, _TILE] = True
    palette: PaletteName = "legend"
    """Colours of classes: those of the legend, or ones that colour-blind readers tell apart."""
    batch_size: Positive = IMAGES_AT_ONCE
    """Patches per step."""
    workers: LoadingThreads = None
