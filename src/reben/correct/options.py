"""Options of the atmospheric correction."""

from dataclasses import replace
from typing import Annotated

from pydantic import AfterValidator, Field

from reben.correct.engines import ENGINES, expect_engine
from reben.correct.sixs.adjacency_range import FARTHEST_M, RANGE_M
from reben.work.options import Checksums, Location, OnCommandLine, OnError, Options, Positive

TIME_LIMIT_H = 4.0
"""sen2cor is known to hang; a tile takes it half an hour."""
_ATMOSPHERE, _WORK = OnCommandLine(panel="Atmosphere"), OnCommandLine(panel="Work")


class CorrectOptions(Options):
    """How Sentinel-2 L1C products become L2A."""

    engine: Annotated[str, AfterValidator(expect_engine), OnCommandLine(metavar="|".join(ENGINES.own))] = "sen2cor"
    """What corrects. sen2cor: ESA's program, to be installed. 6s: embedded, an approximation."""
    dem: Annotated[Location | None, replace(_ATMOSPHERE, exists=True), Field(examples=["dem.tif"])] = None
    """Digital elevation model in metres, any CRS, for 6s; else sea level."""
    adjacency_range: Annotated[float, Field(ge=0, le=FARTHEST_M), _ATMOSPHERE] = RANGE_M
    """Metres to which neighbouring ground lights up a pixel, for 6s; 0 leaves its light in."""
    sen2cor: Annotated[Location | None, _ATMOSPHERE, Field(examples=["/opt/Sen2Cor"])] = None
    """L2A_Process, or the folder of its installation; else PATH or SEN2COR_HOME."""
    time_limit_h: Annotated[float, Field(gt=0), replace(_WORK, option="--time-limit")] = TIME_LIMIT_H
    """Hours after which sen2cor is stopped."""
    workers: Annotated[Positive, _WORK] = 1
    """Products at a time, as far as memory allows (6s: 2.5 GB each, sen2cor: 8 GB)."""
    scheduler: Annotated[str, _WORK, Field(examples=["tcp://10.0.0.1:8786"])] = ""
    """Correct on a Dask cluster: address of its scheduler."""
    threads: Annotated[Positive | None, _WORK, Field(examples=[4])] = None
    """Threads per product; by default all processors, shared by the workers."""
    checksums: Annotated[Checksums, _WORK] = True
    on_error: Annotated[OnError, _WORK] = "stop"
    """stop at the first product that fails, or skip it and go on with the next."""
