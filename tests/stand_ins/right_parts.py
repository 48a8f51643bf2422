"""Right parts of reBEN, chosen at random: an audit must find nothing wrong with any."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reben.core.bands import BAND_SETS, S1_BANDS, S2_BANDS
from stand_ins.copies import WRITERS, Patches, multi_hot, upsampled

_BAND_CHOICES: tuple[Sequence[str], ...] = (
    (*S2_BANDS, *S1_BANDS), BAND_SETS["all"], BAND_SETS["s2"], BAND_SETS["s1"], ("B02", "B03", "B04"),
    ("B04", "B03", "B02", "B08"),
)  # fmt: skip
_NAMES: dict[str, str] = {"B01": "B1", "B02": "b2", "B8A": "B08A", "VV": "vv", "VH": "s1_VH"}
_KEEPS_FLAGS = {"GeoTIFFs", "flat GeoTIFFs", "store"}


@dataclass(frozen=True)
class RightPart:
    """A right part, the format in which it is given, and how it was chosen."""

    patches: Patches
    form: str
    with_reference: bool
    said: str


def right_part(whole: Patches, seed: int) -> RightPart:
    """Some patches, some bands, by some names, at some sizes and in some types, in some format."""
    rng = np.random.default_rng(seed)
    form = str(rng.choice(list(WRITERS)))
    names = list(whole)
    if form not in _KEEPS_FLAGS:
        names = [name for name in names if not whole[name].row["contains_cloud_or_shadow"]]
    count = int(rng.integers(1, min(len(names), 12) + 1))
    chosen = sorted(rng.choice(names, count, replace=False).tolist())
    bands = _BAND_CHOICES[int(rng.integers(len(_BAND_CHOICES)))]
    spelled = rng.random() < 0.3 and form not in {"GeoTIFFs", "store"}
    large, dtype = rng.random() < 0.4, rng.choice(["as it is", "float32", "float64", "int32"])
    rows, maps = rng.random() < 0.8, rng.random() < 0.5
    vectors = rng.random() < 0.4 and form == "Python"
    parts: Patches = {}
    for name in chosen:
        patch = whole[name]
        pixels = {b: _as_type(upsampled(patch.bands[b]) if large else patch.bands[b], b, dtype) for b in bands}
        row = dict(patch.row) if rows else {key: patch.row[key] for key in ("s1_name",)}
        if vectors and rows:
            row["labels"] = multi_hot(row["labels"])
        renamed = {(_NAMES.get(b, b) if spelled else b): x for b, x in pixels.items()}
        parts[name] = replace(patch, bands=renamed, row=row, mask=patch.mask if maps else None)
    said = f"seed {seed}: {count} patches, {','.join(bands)}, {form}, large {large}, {dtype}, rows {rows}, maps {maps}"
    return RightPart(parts, form, bool(rng.random() < 0.5), said)


def _as_type(pixels: NDArray[Any], band: str, dtype: str) -> NDArray[Any]:
    if dtype == "as it is" or (dtype == "int32" and band in S1_BANDS):
        return pixels
    return pixels.astype(dtype)
