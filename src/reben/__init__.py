"""Build, encode, load, train on and publish reBEN (refined BigEarthNet) and data sets like it, for any area.

Two lines to the data::

    store = reben.open_store("reben.store")              # {"B01": array, ...} per patch id
    dataset = reben.open_dataset("reben.store", "metadata.parquet", split="train")  # a torch data set
"""

from typing import TYPE_CHECKING, Any

from reben.version import __version__

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from reben.data.dataset import PatchDataset
    from reben.io.store import Store

__all__ = ["__version__", "open_dataset", "open_store"]


def open_store(path: "str | os.PathLike[str]") -> "Store":
    """Open an LMDB+safetensors store, or a folder of shards, for reading.

    Raises:
        StoreError: if there is no store at `path`.
    """
    from reben.io.store import open_store as open_it  # noqa: PLC0415 - `import reben` stays cheap

    return open_it(path)


def open_dataset(
    store: "str | os.PathLike[str]",
    metadata: "str | os.PathLike[str] | Sequence[str | os.PathLike[str]]",
    *,
    split: str | None = None,
    bands: "str | Sequence[str]" = "all",
    **options: Any,  # noqa: ANN401 - see below
) -> "PatchDataset":
    """Patches as a torch data set: dicts with `image`, `label`, `patch_id` and, with `reference_maps=True`, `mask`.

    Args:
        store: path of the store.
        metadata: one or several metadata tables.
        split: `train`, `validation` or `test`; None takes all.
        bands: a set (`s1`, `s2`, `all`) or band names; the order of the channels.
        options: of `reben.data.opening.open_dataset`.

    Raises:
        MissingExtraError: if torch is not installed.
        StoreError: if there is no store.
        MetadataError: if a table is wrong, or does not fit the store.
    """
    from reben.core.errors import MissingExtraError  # noqa: PLC0415 - as above

    try:
        from reben.data.opening import open_dataset as open_it  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            f"open_dataset needs {error.name}, which is not installed", hint="pip install 'reben[learn]'"
        ) from error
    return open_it(store, metadata, split=split, bands=bands, **options)
