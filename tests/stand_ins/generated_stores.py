"""Stores of generated values, large enough for a tree of three levels and small enough for a test."""

from pathlib import Path

import numpy as np

from reben.core.bands import BANDS, S1_BANDS, S2_BANDS
from reben.io.store import REFERENCE_MAP_TENSOR, TensorSpec, create_store, header, reference_map_key

PATCH_M = 120
"""Side of a patch: values of Sentinel-2 have pages of their own, all others lie in leaves."""


def patch_id(number: int) -> str:
    """Name of a generated patch."""
    return f"S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP_{number // 100:02d}_{number % 100:02d}"


def s1_name(number: int) -> str:
    """Name of its Sentinel-1 partner."""
    return f"S1A_IW_GRDH_1SDV_20170613T165043_33UUP_{number // 100}_{number % 100}"


def write_generated_store(path: Path, patches: int, *, patch_m: int = PATCH_M) -> None:
    """Write a store with Sentinel-2, Sentinel-1 and the reference map of each patch, all different."""
    s2, s1 = _layout(S2_BANDS, patch_m), _layout(S1_BANDS, patch_m)
    side = patch_m // 10
    map_ = (TensorSpec(REFERENCE_MAP_TENSOR, (side, side), np.dtype("<u2")),)
    random = np.random.default_rng(patches)
    with create_store(path) as writer:
        for first in range(0, patches, 200):
            numbers = range(first, min(first + 200, patches))
            values = [(s1_name(number), _value(s1, random)) for number in numbers]
            values += [(patch_id(number), _value(s2, random)) for number in numbers]
            values += [(reference_map_key(patch_id(number)), _value(map_, random)) for number in numbers]
            writer.write(sorted(values))


def _layout(bands: tuple[str, ...], patch_m: int) -> tuple[TensorSpec, ...]:
    sides = {name: BANDS[name].side_px(patch_m) for name in bands}
    return tuple(TensorSpec(name, (side, side), BANDS[name].numpy_dtype) for name, side in sides.items())


def _value(tensors: tuple[TensorSpec, ...], random: np.random.Generator) -> bytes:
    head, order = header(tensors)
    by_name = {tensor.name: tensor for tensor in tensors}
    parts = [head]
    for name in order:
        spec = by_name[name]
        pixels = random.integers(0, 3000, spec.shape) if spec.dtype.kind == "u" else random.normal(-14, 3, spec.shape)
        parts.append(pixels.astype(spec.dtype).tobytes())
    return b"".join(parts)
