"""The rules by which a data set was made: those of reBEN, or what its build report says."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reben.core.bands import PATCH_SIZE_M
from reben.core.classes import CLC2018, Legend
from reben.core.errors import MetadataError
from reben.core.grid import TILE_SIDE_M, TileExtent
from reben.io.dataset.paths import DatasetPaths
from reben.io.dataset.tile_extents import read_tile_extents
from reben.io.legend_files import read_legend
from reben.io.small_files import MOST_REPORT_BYTES, read_json
from reben.rules.labels import MIN_LABELLED
from reben.rules.split_rules import BLOCK_KM, REBEN_SPLIT, SplitRule


@dataclass(frozen=True)
class DatasetRules:
    """What decides labels, splits and grids."""

    patch_size_m: int = PATCH_SIZE_M
    min_labelled: float = MIN_LABELLED
    split: SplitRule = REBEN_SPLIT
    legend: Legend = CLC2018
    extents: Mapping[str, TileExtent] = field(default_factory=dict)
    """Where each tile lies, by tile id, if that is known."""

    def side_m(self, tile: str) -> int:
        """Side of a tile."""
        return self.extents[tile].side_m if tile in self.extents else TILE_SIDE_M


def read_rules(paths: DatasetPaths) -> DatasetRules:
    """Rules of a data set; those of reBEN if it has no build report.

    Raises:
        MetadataError: if its build report cannot be read.
        LegendError: if its legend cannot be read.
    """
    legend = read_legend(paths.legend).legend if paths.legend.exists() else CLC2018
    if not paths.report.exists():
        return DatasetRules(legend=legend)
    hint = "remove it to check by the rules of reBEN"
    report: dict[str, Any] = read_json(paths.report, error=MetadataError, hint=hint, most_bytes=MOST_REPORT_BYTES)
    try:
        parameters = report["parameters"]
        chosen = {name: parameters[name] for name in ("patch_size_m", "min_labelled")}
        split = SplitRule(
            parameters.get("split_by", "tile-frames"),
            parameters["p"],
            parameters["q"],
            parameters.get("block_km", BLOCK_KM),
            parameters.get("split_seed", 0),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise MetadataError(f"{paths.report}: is not a build report ({error!r})", hint=hint) from error
    return DatasetRules(legend=legend, extents=read_tile_extents(paths.report), split=split, **chosen)


def tables_of(root: Path) -> list[Path]:
    """Metadata tables of a data set that are there.

    Raises:
        MetadataError: if there is none.
    """
    paths = DatasetPaths(root)
    if not paths.tables:
        raise MetadataError(f"{root}: has no metadata table", hint=f"expected {paths.metadata.name} in it")
    return list(paths.tables)
