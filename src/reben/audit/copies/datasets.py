"""Copies as Python data sets: anything with `__len__` and `__getitem__` whose samples are mappings or tuples.

Torch is not imported: tensors become arrays by `numpy.asarray`, which they support.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from reben.audit.copies.band_names import named_channels, reben_name
from reben.audit.copies.copy import UNNAMED, CopyPatch, CopyRow, as_labels, as_text
from reben.core.bands import BANDS
from reben.core.errors import AuditError, RebenError
from reben.core.text import shortened

_IDS = ("patch_id", "patch_ids", "id", "ids", "key", "keys", "name", "names", "image_id")
_IMAGES = ("image", "img", "images", "x", "input", "pixels")
_LABELS = ("label", "labels", "y", "target", "targets")
_MASKS = ("mask", "map", "reference_map", "segmentation")
_SPLITS = ("split", "set", "subset")
_BANDS = ("bands", "band_names", "channels")
_CLASSES = ("class_names", "classes")
_MAP_AXES = 2
_IMAGE_AXES = 3


class SizedDataset(Protocol):
    """What torch calls a map-style data set, and any sequence of samples."""

    def __len__(self) -> int:
        """Number of samples."""

    def __getitem__(self, position: int, /) -> object:
        """One sample."""


@dataclass(frozen=True)
class DatasetCopy:
    """A Python data set; see `Copy`."""

    dataset: SizedDataset
    patch_ids: Sequence[str]
    bands: Sequence[str] | None
    class_names: Sequence[str] | None
    split: str | None
    form: str
    masks_are_maps = False
    rows: Mapping[str, CopyRow]
    left_out: Mapping[str, str]

    def read(self, position: int) -> CopyPatch:
        """See `Copy`.

        Raises:
            AuditError: if the data set raises, or what it gives is not a sample.
        """
        sample = _item(self.dataset, position)
        parts = _as_mapping(sample)
        own_bands = _texts(_first(parts, _BANDS)) or self.bands
        bands: dict[str, NDArray[Any]] = {}
        for name, value in parts.items():
            if name in _IMAGES or (name.lower() in {"s1", "s2"}):
                names = own_bands if name in _IMAGES else _of_sensor(own_bands, name.lower())
                bands |= named_channels(_array(name, value), names, where=name)
            elif reben_name(name):
                bands |= named_channels(_array(name, value), None, where=name)
            elif isinstance(value, Mapping) and name.lower() in {"bands", "image"}:
                bands |= {str(band): _array(str(band), pixels) for band, pixels in value.items()}
        mask = _first(parts, _MASKS)
        patch_id = _first(parts, _IDS)
        split = _first(parts, _SPLITS)
        row = CopyRow(
            labels=_labels(_first(parts, _LABELS)),
            split=self.split if split is None else as_text(split),
            s1_name=None if parts.get("s1_name") is None else as_text(parts["s1_name"]),
        )
        pixels = None if mask is None else _array("mask", mask).squeeze()
        return CopyPatch(
            bands,
            pixels if pixels is not None and pixels.ndim == _MAP_AXES else None,
            row,
            None if patch_id is None else as_text(patch_id),
        )


def open_dataset_copy(
    dataset: SizedDataset,
    *,
    bands: Sequence[str] | None = None,
    class_names: Sequence[str] | None = None,
    patch_ids: Sequence[str] | None = None,
) -> DatasetCopy:
    """Take a Python data set as a copy.

    Args:
        dataset: with samples as mappings (`image`, `label`, `mask`, `patch_id`, or a band each) or as tuples of image
            and label.
        bands: of the channels of images; by default what the data set calls `bands`.
        class_names: of label vectors, in order; by default what the data set calls `class_names`.
        patch_ids: by position; by default what the data set calls `patch_ids`, `ids` or `keys`, or its samples say.

    Raises:
        AuditError: if it has no samples, or not as many as patch ids.
    """
    try:
        length = len(dataset)
    except Exception as error:
        raise AuditError(f"the data set has no length ({shortened(repr(error), 200)})") from error
    if length < 1:
        raise AuditError("the data set has no samples")
    ids = list(patch_ids) if patch_ids is not None else _texts(_attribute(dataset, _IDS))
    if ids is not None and len(ids) != length:
        raise AuditError(f"the data set has {length} samples and {len(ids)} patch ids")
    return DatasetCopy(
        dataset,
        [as_text(name) for name in ids] if ids is not None else [f"{UNNAMED}{number}" for number in range(length)],
        bands or _texts(_attribute(dataset, _BANDS)),
        class_names or _texts(_attribute(dataset, _CLASSES)),
        _split_of(dataset),
        f"a Python data set ({type(dataset).__name__})",
        {},
        {},
    )


def _split_of(dataset: SizedDataset) -> str | None:
    split = _attribute(dataset, _SPLITS)
    return split if isinstance(split, str) else None


def _attribute(dataset: object, names: Iterable[str]) -> object:
    """The first of these attributes that is there and is not a method."""
    for name in names:
        value = getattr(dataset, name, None)
        if value is not None and not callable(value):
            return cast("object", value)
    return None


def _item(dataset: SizedDataset, position: int) -> object:
    """One sample.

    Raises:
        AuditError: if the data set raises.
    """
    try:
        return dataset[position]
    except RebenError:
        raise
    except Exception as error:
        raise AuditError(f"sample {position}: the data set raises {shortened(repr(error), 300)}") from error


def _as_mapping(sample: object) -> dict[str, object]:
    """The parts of a sample by name; of a tuple: image, label, then what its type says.

    Raises:
        AuditError: if it is neither.
    """
    if isinstance(sample, Mapping):
        return {str(name): value for name, value in sample.items()}
    if hasattr(sample, "_asdict"):
        return dict(sample._asdict())
    if isinstance(sample, tuple | list) and sample:
        parts: dict[str, object] = {}
        for value in sample:
            parts.setdefault(_role(value), value)
        return parts
    if hasattr(sample, "__array__"):
        return {"image": sample}
    names = [name for name in (*_IMAGES, *_LABELS, *_MASKS, *_IDS) if hasattr(sample, name)]
    if names:
        return {name: getattr(sample, name) for name in names}
    raise AuditError(f"a sample is a {type(sample).__name__}; expected a mapping or a tuple of image and label")


def _role(value: object) -> str:
    """What a part of a tuple is: an id, labels, a mask or an image."""
    if isinstance(value, str | bytes):
        return "patch_id"
    if isinstance(value, Mapping):
        return "bands"
    if isinstance(value, list | tuple):
        return "label"
    axes = np.ndim(cast("Any", value))
    return "image" if axes >= _IMAGE_AXES else "mask" if axes == _MAP_AXES else "label"


def _first(parts: Mapping[str, object], names: Iterable[str]) -> object:
    return next((parts[name] for name in names if parts.get(name) is not None), None)


def _array(name: str, value: object) -> NDArray[Any]:
    """Numbers as an array.

    Raises:
        AuditError: if they are none.
    """
    try:
        array = np.asarray(value)
    except Exception as error:
        raise AuditError(f"{name}: cannot be made an array ({shortened(repr(error), 200)})") from error
    if array.dtype.kind not in "biuf":
        raise AuditError(f"{name}: holds {array.dtype}; expected numbers")
    return array


def _labels(value: object) -> Any:  # noqa: ANN401 - as `as_labels`
    if value is None or isinstance(value, str | list | tuple):
        return as_labels(value)
    return as_labels(np.asarray(value))


def _texts(value: object) -> list[str] | None:
    """A list of texts; None if it is not one."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",")] if "," in value else None
    if value is None or isinstance(value, Mapping) or not isinstance(value, Iterable):
        return None
    items = list(value)
    names = [getattr(item, "name", item) for item in items]
    return [as_text(name) for name in names] if names and all(isinstance(n, str | bytes) for n in names) else None


def _of_sensor(bands: Sequence[str] | None, sensor: str) -> Sequence[str] | None:
    """The bands of one sensor among some."""
    if bands is None:
        return None
    return [band for band in bands if (known := reben_name(band)) is not None and BANDS[known].sensor == sensor]
