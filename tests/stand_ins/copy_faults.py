"""Faults of copies: what is done to right patches, and what an audit must say of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reben.audit.checks.labels import LEGEND_ORDER
from reben.audit.findings import Kind
from reben.audit.resampling import Method, enlarge
from reben.core.band_statistics import PUBLISHED_STATISTICS
from reben.core.bands import BANDS, S2_BANDS
from reben.core.classes import CLC2018
from stand_ins.copies import Patch, Patches, each, multi_hot, upsampled

S2 = S2_BANDS
S1 = ("VV", "VH")
RGB = ("B02", "B03", "B04")
TEN = ("B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B11", "B12")
_TILE = "S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP"


@dataclass(frozen=True)
class Fault:
    """One fault, and the finding that names it rightly."""

    name: str
    plant: Callable[[Patches], Patches]
    kind: Kind
    bands: tuple[str, ...] | None = None
    """Expected of the finding; None if any."""
    evidence: Mapping[str, Any] = field(default_factory=dict)
    """Expected to be part of the finding's."""
    patches: int | None = None
    """How many patches the finding must name."""
    alone: bool = False
    """Whether it can be known without published values, too."""
    alone_evidence: Mapping[str, Any] | None = None
    """Where that tells less."""
    known: bool = True
    """Whether published values are needed or of use: faults of names and splits need none."""
    others: tuple[Kind, ...] = ()
    """Kinds of further findings that are right as well."""


def renamed(names: Mapping[str, str]) -> Callable[[Patches], Patches]:
    """Bands under other names: a name, and the band that really lies there."""

    def plant(patches: Patches) -> Patches:
        return {
            name: replace(patch, bands={band: patch.bands[names.get(band, band)] for band in patch.bands})
            for name, patch in patches.items()
        }

    return plant


def only(*bands: str) -> Callable[[Patches], Patches]:
    def plant(patches: Patches) -> Patches:
        return {n: replace(p, bands={b: p.bands[b] for b in bands}) for n, p in patches.items()}

    return plant


def then(*plants: Callable[[Patches], Patches]) -> Callable[[Patches], Patches]:
    def plant(patches: Patches) -> Patches:
        for step in plants:
            patches = step(patches)
        return patches

    return plant


def by_band(
    function: Callable[[str, NDArray[Any]], NDArray[Any]], names: tuple[str, ...]
) -> Callable[[Patches], Patches]:
    def plant(patches: Patches) -> Patches:
        return {
            n: replace(p, bands={b: function(b, x) if b in names else x for b, x in p.bands.items()})
            for n, p in patches.items()
        }

    return plant


def standardised(band: str, pixels: NDArray[Any]) -> NDArray[Any]:
    known = PUBLISHED_STATISTICS[band]
    return ((pixels.astype(np.float64) - known.mean) / known.std).astype(np.float32)


def standardised_otherwise(band: str, pixels: NDArray[Any]) -> NDArray[Any]:
    del band
    return ((pixels.astype(np.float64) - 1353.7) / 897.3).astype(np.float32)


def stretched(pixels: NDArray[Any]) -> NDArray[Any]:
    exact = pixels.astype(np.float64)
    return ((exact - exact.min()) / (exact.max() - exact.min())).astype(np.float32)


def eight_bits(pixels: NDArray[Any]) -> NDArray[Any]:
    return np.clip(pixels / 10_000 * 255, 0, 255).astype(np.uint8)


def interpolated(method: Method) -> Callable[[NDArray[Any]], NDArray[Any]]:
    def enlarged(pixels: NDArray[Any]) -> NDArray[Any]:
        factor = 120 // len(pixels)
        large = enlarge(pixels, factor, method) if factor > 1 else pixels
        return np.rint(large).astype(np.float32)

    return enlarged


def rolled(down: int, right: int) -> Callable[[NDArray[Any]], NDArray[Any]]:
    return lambda pixels: np.roll(pixels, (down, right), (0, 1))


def holes(value: float) -> Callable[[NDArray[Any]], NDArray[Any]]:
    def plant(pixels: NDArray[Any]) -> NDArray[Any]:
        broken = pixels.astype(np.float32) if np.isnan(value) else pixels.copy()
        broken[3:9, 4:8] = value
        return broken

    return plant


def another_processing(pixels: NDArray[Any]) -> NDArray[Any]:
    noise = np.random.default_rng(0).normal(1, 0.08, pixels.shape)
    return np.maximum(pixels * noise + 40, 1).astype(np.uint16)


def rows(change: Callable[[int, str, dict[str, Any]], dict[str, Any]]) -> Callable[[Patches], Patches]:
    """A fault of the tables: by position, id and row."""

    def plant(patches: Patches) -> Patches:
        return {
            name: replace(patch, row={**patch.row, **change(number, name, patch.row)})
            for number, (name, patch) in enumerate(patches.items())
        }

    return plant


def masks(change: Callable[[NDArray[Any]], NDArray[Any]]) -> Callable[[Patches], Patches]:
    def plant(patches: Patches) -> Patches:
        return {n: replace(p, mask=None if p.mask is None else change(p.mask)) for n, p in patches.items()}

    return plant


def renamed_ids(change: Callable[[int, str], str]) -> Callable[[Patches], Patches]:
    return lambda patches: {change(number, name): patch for number, (name, patch) in enumerate(patches.items())}


def in_one_patch(change: Callable[[Patch], Patch]) -> Callable[[Patches], Patches]:
    return lambda patches: {
        name: patch if number else change(patch) for number, (name, patch) in enumerate(patches.items())
    }


def one_pixel(patch: Patch) -> Patch:
    pixels = patch.bands["B03"].copy()
    pixels[7, 9] += 1
    return replace(patch, bands=patch.bands | {"B03": pixels})


def without_s2(patch: Patch) -> Patch:
    return replace(patch, bands={band: patch.bands[band] for band in S1})


def swapped_pixels(patches: Patches) -> Patches:
    names = list(patches)
    first, second = patches[names[0]], patches[names[4]]
    mixed = dict(patches)
    mixed[names[0]] = replace(first, bands=second.bands)
    mixed[names[4]] = replace(second, bands=first.bands)
    return mixed


def swapped_maps(patches: Patches) -> Patches:
    names = list(patches)
    first, second = patches[names[0]], patches[names[4]]
    return {**patches, names[0]: replace(first, mask=second.mask), names[4]: replace(second, mask=first.mask)}


def duplicated(patches: Patches) -> Patches:
    names = list(patches)
    return {**patches, names[3]: replace(patches[names[3]], bands=patches[names[2]].bands)}


def kept_codes(codes: NDArray[Any]) -> NDArray[Any]:
    indices = CLC2018.class_map(codes).astype(np.int32)
    return np.where(indices >= 0, indices, codes)


def class_indices(order: tuple[str, ...]) -> Callable[[NDArray[Any]], NDArray[Any]]:
    def change(codes: NDArray[Any]) -> NDArray[Any]:
        indices = CLC2018.class_map(codes).astype(np.int32)
        places = np.array([order.index(name) for name in CLC2018.class_names])
        return np.where(indices >= 0, places[indices], 255)

    return change


def other_time(number: int, name: str) -> str:
    return name.replace("20170613T101031", "20170803T101031") if number else name


def twice(patches: Patches) -> Patches:
    """Each patch a second time, as seen on another day, in the other split."""
    again = {}
    for number, (name, patch) in enumerate(patches.items()):
        split = {"train": "test", "test": "train", "validation": "train"}[patch.row["split"]]
        bands = {b: np.roll(x, number + 1, 0) for b, x in patch.bands.items()}
        row = {**patch.row, "split": split, "s1_name": None}
        again[name.replace("20170613T101031", "20170803T101031")] = replace(patch, bands=bands, row=row)
    return patches | again


_ALPHABETICAL = dict(zip(S2, sorted(S2), strict=True))
_ALPHABETICAL_TEN = dict(zip(TEN, sorted(TEN), strict=True))
_MOVED = {name: true for name, true in _ALPHABETICAL.items() if name != true}
_MOVED_TEN = {name: true for name, true in _ALPHABETICAL_TEN.items() if name != true}
_COARSE = tuple(band for band in S2 if BANDS[band].resolution_m > 10)
_AT_10_M = each(lambda pixels: upsampled(pixels))
_V1 = {"Pastures": "Pastures", "Arable land": "Non-irrigated arable land", "Inland waters": "Water bodies"}

FAULTS: tuple[Fault, ...] = (
    Fault("VV and VH swapped, as GEO-Bench-2 has them", renamed({"VV": "VH", "VH": "VV"}), Kind.swapped_bands, S1,
          {"shows": {"VV": "VH", "VH": "VV"}}, alone=True),
    Fault("red and blue swapped", renamed({"B02": "B04", "B04": "B02"}), Kind.swapped_bands, ("B02", "B04"),
          {"shows": {"B02": "B04", "B04": "B02"}}, alone=True),
    Fault("twelve bands sorted as text", then(_AT_10_M, renamed(_ALPHABETICAL)), Kind.swapped_bands,
          tuple(_MOVED), {"shows": _MOVED}, alone=True),
    Fault("ten bands sorted as text", then(only(*TEN), _AT_10_M, renamed(_ALPHABETICAL_TEN)), Kind.swapped_bands,
          tuple(_MOVED_TEN), {"shows": _MOVED_TEN}, alone=True),
    Fault("B05 and B06 swapped", renamed({"B05": "B06", "B06": "B05"}), Kind.swapped_bands, ("B05", "B06"),
          {"shows": {"B05": "B06", "B06": "B05"}}),
    Fault("B07 where B8A should be", renamed({"B8A": "B07"}), Kind.wrong_band, ("B8A",), {"shows": "B07"},
          others=(Kind.repeated_band,)),
    Fault("B04 under two names", renamed({"B03": "B04"}), Kind.repeated_band, ("B03", "B04"), alone=True,
          others=(Kind.wrong_band,)),
    Fault("a 20 m band under the name of B08", then(_AT_10_M, renamed({"B08": "B8A"})), Kind.wrong_band, ("B08",),
          {"shows": "B8A"}, alone=True, alone_evidence={"pixel_m": {"B08": 20}}, others=(Kind.repeated_band,)),
    Fault("backscatter as power", each(lambda x: (10 ** (x / 10)).astype(np.float32), *S1), Kind.unit, S1,
          {"unit": "power"}, alone=True),
    Fault("backscatter as amplitude", each(lambda x: (10 ** (x / 20)).astype(np.float32), *S1), Kind.unit, S1,
          {"unit": "amplitude"}, alone=True),
    Fault("decibels times 100", each(lambda x: np.rint(x * 100).astype(np.int16), *S1), Kind.scaled, S1,
          {"divisor": 0.01}, alone=True),
    Fault("reflectance from 0 to 1", each(lambda x: (x / 10_000).astype(np.float32), *S2), Kind.scaled, S2,
          {"divisor": 10_000.0}, alone=True),
    Fault("reflectance divided by 3,000", each(lambda x: (x / 3000).astype(np.float32), *S2), Kind.scaled, S2,
          {"divisor": 3000.0}, alone=True),
    Fault("reflectance in eight bits", each(eight_bits, *S2), Kind.scaled, S2, {}, alone=True,
          others=(Kind.clipped,)),
    Fault("standardised with reBEN's numbers", by_band(standardised, S2 + S1), Kind.standardised, None,
          {"statistics": "reBEN"}, alone=True),
    Fault("standardised with another sensor's numbers, as in Copernicus-Bench", by_band(standardised_otherwise, S2),
          Kind.standardised, S2, {"statistics": "other", "mean": 1353.7, "std": 897.3}, alone=True,
          alone_evidence={"statistics": "other"}),
    Fault("each image stretched by itself", each(stretched), Kind.scaled, None, {"per_patch": True}, alone=True,
          alone_evidence={"highest": 1.0}),
    Fault("decibels cut to whole numbers, as TorchGeo 0.10.1 reads them", each(lambda x: x.astype(np.int32)),
          Kind.rounded, S1, {"how": "cut"}, alone=True, alone_evidence={"how": "unknown"}),
    Fault("decibels rounded to whole numbers", each(lambda x: np.rint(x).astype(np.float32), *S1), Kind.rounded, S1,
          {"how": "rounded"}, alone=True, alone_evidence={"how": "unknown"}),
    Fault("half precision", each(lambda x: x.astype(np.float16)), Kind.precision, None, {"dtype": "float16"},
          alone=True),
    Fault("half precision of decibels, stored as float32", each(lambda x: x.astype(np.float16).astype(np.float32), *S1),
          Kind.precision, S1, {"dtype": "float16"}, alone=True),
    Fault("half precision of whole numbers", each(lambda x: x.astype(np.float16).astype(np.uint16), *S2),
          Kind.precision, None, {"dtype": "float16"}),
    Fault("one pixel of one patch", in_one_patch(one_pixel), Kind.changed, ("B03",), {"pixels": {"B03": 1}}, 1),
    Fault("Sentinel-2 missing in one patch", in_one_patch(without_s2), Kind.missing_band, S2, {}, 1, alone=True),
    Fault("bilinear", each(interpolated(Method.bilinear)), Kind.resampling, _COARSE, {"method": "bilinear"},
          alone=True, others=(Kind.rounded,)),
    Fault("bilinear, corners aligned", each(interpolated(Method.bilinear_corners), *S2), Kind.resampling, _COARSE,
          {"method": "bilinear_corners"}, alone=True),
    Fault("bicubic of Pillow", each(interpolated(Method.bicubic), *S2), Kind.resampling, _COARSE,
          {"method": "bicubic"}, alone=True),
    Fault("bicubic of PyTorch", each(interpolated(Method.bicubic_torch), *S2), Kind.resampling, _COARSE,
          {"method": "bicubic_torch"}, alone=True),
    Fault("shrunk to 60 pixels", each(lambda x: x[::2, ::2], "B02", "B03", "B04", "B08"), Kind.size,
          ("B02", "B03", "B04", "B08"), {"shape": [60, 60]}, alone=True),
    Fault("shrunk to 60 pixels and enlarged again", then(each(
        lambda x: x[::2, ::2], "B02", "B03", "B04", "B08"), _AT_10_M), Kind.size, ("B02", "B03", "B04", "B08"),
          {"pixel_m": {"B02": 20, "B03": 20, "B04": 20, "B08": 20}}, alone=True),
    Fault("cropped to 96 pixels", then(_AT_10_M, each(lambda x: x[:96, :96])), Kind.size, None, {"shape": [96, 96]},
          alone=True),
    Fault("offset of newer baselines", each(lambda x: x + np.uint16(1000), *S2), Kind.offset, None, {"offset": 1000},
          alone=True),
    Fault("offset subtracted that was not there", each(lambda x: x.astype(np.int32) - 1000, *S2), Kind.offset, S2,
          {"offset": -1000}, alone=True, alone_evidence={}),
    Fault("offset subtracted and limited at 1", each(lambda x: np.maximum(x.astype(np.int32) - 1000, 1), *S2),
          Kind.offset, None, {"offset": -1000}, others=(Kind.clipped, Kind.constant)),
    Fault("other processing", each(another_processing, *S2), Kind.processing, S2),
    Fault("flipped left to right", each(np.fliplr), Kind.orientation, None,
          {"orientation": "flipped left to right"}),
    Fault("flipped upside down", each(np.flipud), Kind.orientation, None, {"orientation": "flipped upside down"},
          alone=True),
    Fault("turned", each(np.rot90), Kind.orientation, None, {"orientation": "turned by 90 degrees to the left"},
          alone=True, alone_evidence={}),
    Fault("transposed", each(np.transpose), Kind.orientation, None, {"orientation": "transposed"}, alone=True,
          alone_evidence={}),
    Fault("one band flipped", each(np.flipud, "B03"), Kind.orientation, ("B03",),
          {"orientation": "flipped upside down"}),
    Fault("shifted by pixels", each(rolled(2, -3), "VV", "VH"), Kind.shift, S1, {"right_m": -30, "down_m": 20}),
    Fault("shifted far", each(rolled(0, 24), "VV", "VH", "B02", "B03", "B04", "B08"), Kind.shift, None,
          {"right_m": 240, "down_m": 0}, ),
    Fault("limited at 2,000", each(lambda x: np.minimum(x, 2000), *S2), Kind.clipped, None, {"highest": 2000.0},
          alone=True, others=(Kind.constant,)),
    Fault("decibels limited from -25 to 0", each(lambda x: np.clip(x, -25, 0), *S1), Kind.clipped, None,
          {"highest": 0.0}, alone=True),
    Fault("nodata pixels", each(holes(0), "B05"), Kind.nodata, ("B05",), {}, alone=True),
    Fault("pixels that are no numbers", each(holes(np.nan), "VH"), Kind.not_a_number, ("VH",), {}, alone=True),
    Fault("a constant band", each(lambda x: np.full_like(x, 7), "B09"), Kind.constant, ("B09",), {"value": 7.0},
          alone=True),
    Fault("one image under two ids", duplicated, Kind.duplicate, None, {"bands": 14}, 2, alone=True,
          others=(Kind.other_patch,)),
    Fault("pixels of another patch", swapped_pixels, Kind.other_patch, None,
          {"shows": {f"{_TILE}_26_57": f"{_TILE}_33_70", f"{_TILE}_33_70": f"{_TILE}_26_57"}}, 2),
    Fault("a band missing in some patches", lambda patches: {
        n: replace(p, bands={b: x for b, x in p.bands.items() if number or b != "B11"})
        for number, (n, p) in enumerate(patches.items())}, Kind.missing_band, ("B11",), {}, 1, alone=True),
    Fault("a label changed", rows(lambda n, _, row: {} if n else {"labels": ["Pastures"]}), Kind.labels, None,
          {"compared": 9}, 1),
    Fault("a class dropped", rows(lambda n, _, row: {"labels": [x for x in row["labels"] if x != "Mixed forest"]}),
          Kind.labels, None, {"never": ["Mixed forest"]}),
    Fault("label vectors in the order of codes",
          rows(lambda n, _, row: {"labels": multi_hot(row["labels"], LEGEND_ORDER)}),
          Kind.class_order, None, {"order": "legend"}),
    Fault("43 classes", rows(lambda n, _, row: {"labels": [_V1.get(x, x) for x in row["labels"]]}), Kind.nomenclature,
          None, {"classes": 43}, alone=True),
    Fault("no label", rows(lambda n, _, row: {"labels": np.zeros(19)} if n == 2 else {
        "labels": multi_hot(row["labels"])}), Kind.no_labels, None, {}, 1, alone=True),
    Fault("labels that the maps do not give", rows(lambda n, _, row: {} if n else {"labels": ["Marine waters"]}),
          Kind.map_labels, None, {"compared": 9}, 1, alone=True, known=False),
    Fault("unlabelled codes kept in masks, as TorchGeo 0.10.1 does", masks(kept_codes), Kind.map_codes, None,
          {"codes": [124]}, alone=True),
    Fault("masks in the order of codes", masks(class_indices(LEGEND_ORDER)), Kind.class_order, None,
          {"order": "legend", "of": "masks"}, alone=True),
    Fault("numbers that are no codes", masks(lambda x: np.where(x == 211, 210, x)), Kind.map_codes, None,
          {"numbers": [210]}, alone=True),
    Fault("maps of other patches", swapped_maps, Kind.other_map, None,
          {"shows": {f"{_TILE}_26_57": f"{_TILE}_33_70", f"{_TILE}_33_70": f"{_TILE}_26_57"}}, 2),
    Fault("maps flipped", masks(np.flipud), Kind.orientation, None, {"orientation": "flipped upside down"}),
    Fault("test patches called train", rows(lambda n, _, row: {"split": "train"}), Kind.wrong_split, None,
          {"is": "train", "should_be": "test", "number": 3}, 3, alone=True),
    Fault("patches of one place in two splits", twice, Kind.split_overlap, None, {"places": 9}, 18, alone=True,
          others=(Kind.wrong_split,)),
    Fault("splits with other names", rows(lambda n, _, row: {"split": "fold_1"}), Kind.unknown_split, None,
          {"names": ["fold_1"]}, alone=True),
    Fault("names of version 1", renamed_ids(lambda n, name: "S2A_MSIL2A_20170613T101031_" + "_".join(
        str(int(part)) for part in name.split("_")[-2:]) if n else name), Kind.v1, None, {}, 8, alone=True),
    Fault("patches of other years", renamed_ids(lambda n, name: name if n else name.replace("2017", "2021")),
          Kind.foreign, None, {}, 1, alone=True),
    Fault("no place on the grid", renamed_ids(lambda n, name: name if n else name[:-5] + "95_10"), Kind.foreign, None,
          {}, 1, alone=True, others=(Kind.pairing,)),
    Fault("names that are none", renamed_ids(lambda n, name: name if n else "patch-0"), Kind.malformed, None, {}, 1,
          alone=True),
    Fault("Sentinel-1 of another place", rows(lambda n, _, row: {} if n else {
        "s1_name": "S1B_IW_GRDH_1SDV_20170612T165809_33UUP_1_2"}), Kind.pairing, None, {}, 1, alone=True),
)  # fmt: skip
"""Faults of pixels, maps, labels and splits, planted into real patches."""
