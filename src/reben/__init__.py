"""Build, encode, load, train on and publish reBEN (refined BigEarthNet) and data sets like it, for any area.

Three lines to the data and the models::

    store = reben.open_store("reben.store")              # {"B01": array, ...} per patch id
    dataset = reben.open_dataset("reben.store", "metadata.parquet", split="train")  # a torch data set
    model = reben.load_model("BIFOLD-BigEarthNetv2-0/resnet50-all-v0.2.0")  # or a run directory
"""

from typing import TYPE_CHECKING, Any

from reben.version import __version__

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from reben.data.dataset import PatchDataset
    from reben.io.store import Store
    from reben.learn.models.trained_model import TrainedModel

__all__ = ["__version__", "load_model", "open_dataset", "open_store"]


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
    try:
        from reben.data.opening import open_dataset as open_it  # noqa: PLC0415 - as above
    except ModuleNotFoundError as error:
        raise _missing("open_dataset", error) from error
    return open_it(store, metadata, split=split, bands=bands, **options)


def load_model(source: "str | os.PathLike[str]") -> "TrainedModel":
    """A trained model with its band order, normalisation and class names, in evaluation mode, on the CPU.

    Args:
        source: a run directory, a folder with published weights, or `owner/name` or `owner/name@revision` on the
            Hugging Face hub. A folder wins if it exists.

    Raises:
        MissingExtraError: if torch is not installed.
        RunError: if there is no model, or it is damaged.
        HubError: if the hub cannot be reached and has not been before, or does not have it.
    """
    try:
        from reben.learn.models.weights import load_model as load_it  # noqa: PLC0415 - as above
    except ModuleNotFoundError as error:
        raise _missing("load_model", error) from error
    return load_it(source)


def _missing(function: str, error: ModuleNotFoundError) -> Exception:
    """What to say if a function needs more than the base install."""
    from reben.core.errors import MissingExtraError  # noqa: PLC0415 - as above

    return MissingExtraError(
        f"{function} needs {error.name}, which is not installed", hint="pip install 'reben[learn]'"
    )
