"""The index that the page reads: one Parquet file with a row per patch, and in its metadata what the columns mean.

Columns: `patch_id`; `lon`, `lat` of the centre, and from there half the way to the eastern (`ex`, `ey`) and to the
northern edge (`nx`, `ny`), in degrees; a code per facet; labels as bits of whole numbers (`labels0`, 31 classes each);
numbers such as `error`; probabilities (`p0`, ...); `plane_x` and `plane_y` of embeddings; of an exported folder also
where the values of a patch lie.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from reben.core.bands import BANDS, INFRARED, S1_BANDS, TRUE_COLOUR
from reben.core.classes import Legend
from reben.describe.band_facts import facts_of
from reben.describe.footprints import Footprints
from reben.explore.explored import Explored
from reben.explore.facets import css, facets_of
from reben.explore.plane import Vectors, on_plane
from reben.explore.predictions import Predictions, multi_hot
from reben.io.store import REFERENCE_MAP_TENSOR
from reben.pictures.rendering import GAMMA, RADAR_RATIO_DB, UNLABELLED_COLOUR, limits_of
from reben.version import __version__
from reben.work import atomic

KEY = "reben_explore"
"""Of what the file's metadata say."""
VERSION = 1
_BITS = 31
"""Classes per column of labels: JavaScript shifts whole numbers of 32 bits with a sign."""
_ROW_GROUP_ROWS = 16_384
_PERCENT = 100
_TURN_DEG = 360.0

Column = NDArray[Any]
"""A value per patch: numbers or texts."""


@dataclass(frozen=True, slots=True)
class PatchIndex:
    """Columns of all patches, and what they mean."""

    columns: Mapping[str, Column]
    said: Mapping[str, object]

    def with_columns(self, columns: Mapping[str, Column], **said: object) -> "PatchIndex":
        """The index with further columns, and what is said of them."""
        return PatchIndex({**self.columns, **columns}, {**self.said, **said})

    def write(self, target: Path) -> None:
        """Write the file; it appears whole or not at all."""
        columns = {name: pa.array(column) for name, column in self.columns.items()}
        fields = [pa.field(name, column.type, nullable=False) for name, column in columns.items()]  # quicker to read
        table = pa.table(columns, pa.schema(fields, {KEY: json.dumps(self.said, allow_nan=False)}))
        with atomic.new_file(target) as partial:
            pq.write_table(table, partial, compression="snappy", row_group_size=_ROW_GROUP_ROWS)


def index_of(explored: Explored, predictions: Predictions | None = None, vectors: Vectors | None = None) -> PatchIndex:
    """The index of a data set.

    Args:
        explored: the patches.
        predictions: what a model says of them.
        vectors: their embeddings.
    """
    facets = facets_of(explored.rows)
    labels = multi_hot(explored.rows["labels"], explored.legend.class_names)
    columns: dict[str, Column] = _places(explored)
    columns |= {facet.key: facet.codes for facet in facets}
    columns |= _bits(labels)
    numbers = _numbers(explored, predictions)
    columns |= {key: column for key, (_, column) in numbers.items()}
    said: dict[str, object] = {
        "version": VERSION,
        "made_by": f"reben {__version__}",
        "title": explored.title,
        "count": len(labels),
        "placed": explored.footprints is not None,
        "patch_size_m": explored.patch_size_m,
        "facets": [facet.said() for facet in facets],
        "classes": _classes(explored.legend) if labels.any() else [],
        "legend": _classes(explored.legend),
        "codes": _codes(explored.legend),
        "numbers": [{"key": key, "title": title} for key, (title, _) in numbers.items()],
        "probabilities": predictions is not None,
        "screen": screen(),
    }
    if predictions is not None:
        columns |= {f"p{number}": column for number, column in enumerate(predictions.probabilities.T)}
    if vectors is not None:
        plane, seen = on_plane(vectors.units)
        columns |= {
            name: _spread(plane[:, i], vectors.rows, len(labels)) for i, name in enumerate(("plane_x", "plane_y"))
        }
        said["plane"] = {"title": f"Embeddings, first two principal components ({seen:.0%} of the variance)"}
    columns |= {"patch_id": explored.rows["patch_id"].to_numpy(), **_edges(explored)}
    return PatchIndex(columns, said)


def screen() -> dict[str, object]:
    """How bands become colours, as in every picture of this package."""
    return {
        "gamma": GAMMA,
        "limits": {name: limits_of(name) for name in BANDS},
        "radar": list(S1_BANDS),
        "radar_ratio_db": RADAR_RATIO_DB,
        "true_colour": list(TRUE_COLOUR),
        "infrared": list(INFRARED),
        "wavelengths_nm": {n: nm for n, b in BANDS.items() if (nm := facts_of(b, 1, None, known=True).wavelength_nm)},
        "unlabelled": css([round(255 * part) for part in UNLABELLED_COLOUR]),
        "map_tensor": REFERENCE_MAP_TENSOR,
    }


def _corners(footprints: Footprints) -> NDArray[np.float64]:
    """Corners of patches in degrees from the upper left one counterclockwise, shape (n, 4, 2).

    Those of a patch that crosses the 180th meridian all lie on its eastern side, with longitudes beyond 180.
    """
    corners = footprints.rings[:, :4].copy()
    across = footprints.crossing()
    corners[across, :, 0] %= _TURN_DEG
    return corners


def _places(explored: Explored) -> dict[str, Column]:
    """Centre of each patch; nothing where it is not known where they lie."""
    if explored.footprints is None:
        return {}
    centres = _corners(explored.footprints).mean(axis=1).astype(np.float32)
    return dict(zip(("lon", "lat"), centres.T, strict=True))


def _edges(explored: Explored) -> dict[str, Column]:
    """From the centre of each patch half the way to its eastern and to its northern edge."""
    if explored.footprints is None:
        return {}
    corners = _corners(explored.footprints)
    centres = corners.mean(axis=1)
    east, north = corners[:, 2:4].mean(axis=1) - centres, corners[:, [0, 3]].mean(axis=1) - centres
    return dict(zip(("ex", "ey", "nx", "ny"), np.hstack([east, north]).astype(np.float32).T, strict=True))


def _bits(labels: NDArray[np.bool_]) -> dict[str, Column]:
    parts = range(0, labels.shape[1], _BITS)
    weights = 1 << np.arange(_BITS, dtype=np.int64)
    return {
        f"labels{number}": (labels[:, first : first + _BITS] @ weights[: labels.shape[1] - first]).astype(np.int32)
        for number, first in enumerate(parts)
    }


def _numbers(explored: Explored, predictions: Predictions | None) -> dict[str, tuple[str, Column]]:
    """Title and values of each number of a patch."""
    found: dict[str, tuple[str, Column]] = {}
    if predictions is not None:
        found["error"] = ("Prediction error", predictions.error)
        found["wrong"] = ("Wrong labels", np.where(predictions.wrong < 0, np.nan, predictions.wrong).astype(np.float32))
    if explored.quality is not None:
        shares = pq.read_table(explored.quality)
        rows = pc.index_in(explored.rows["patch_id"], shares["patch_id"].combine_chunks())
        for kind in ("cloud", "snow"):
            share = shares[kind].take(rows).cast(pa.float32()).to_numpy() * np.float32(_PERCENT)
            if np.isfinite(share).any():
                found[f"{kind}_pct"] = (f"{kind.capitalize()} (% of the patch)", share)
    return found


def _classes(legend: Legend) -> list[dict[str, str]]:
    return [{"name": n, "colour": css(c)} for n, c in zip(legend.class_names, legend.class_colours, strict=True)]


def _codes(legend: Legend) -> dict[str, int]:
    """Class index of each land-cover code, -1 for those of no class."""
    names = legend.class_names
    return {str(e.code): -1 if e.class_name is None else names.index(e.class_name) for e in legend.entries}


def _spread(values: NDArray[np.float32], rows: NDArray[np.int64], count: int) -> NDArray[np.float32]:
    """Values of some rows as a column of all."""
    column = np.full(count, np.nan, np.float32)
    column[rows] = values
    return column
