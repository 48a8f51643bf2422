"""Build, encode, load, train on and publish reBEN (refined BigEarthNet) and data sets like it, for any area.

Three lines to the data and the models::

    store = reben.open_store("reben.store")              # {"B01": array, ...} per patch id
    dataset = reben.open_dataset("my-data", split="train")  # a torch data set: a data folder, or a store and its tables
    model = reben.load_model("BIFOLD-BigEarthNetv2-0/resnet50-all-v0.2.0")  # or a run directory

All public names can be imported from here; each is loaded when it is first used, so that `import reben` stays cheap and
needs no torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from reben.version import __version__

if TYPE_CHECKING:
    from reben.audit.run import audit
    from reben.core.band_statistics import PUBLISHED_STATISTICS
    from reben.core.bands import BAND_SETS, BANDS
    from reben.core.classes import CLC2018, Legend
    from reben.core.errors import RebenError
    from reben.data.datamodule import PatchDataModule
    from reben.data.dataset import PatchDataset
    from reben.data.opening import open_dataset
    from reben.io.dataset.folder import find_data
    from reben.io.dataset.metadata import read_metadata, write_metadata
    from reben.io.dataset.statistics import read_statistics
    from reben.io.legend_files import read_legend
    from reben.io.store import Store, create_store, open_store
    from reben.learn.models.trained_model import TrainedModel
    from reben.learn.models.weights import load_model, save_model
    from reben.pictures.samples import plot

__all__ = [
    "BANDS",
    "BAND_SETS",
    "CLC2018",
    "PUBLISHED_STATISTICS",
    "Legend",
    "PatchDataModule",
    "PatchDataset",
    "RebenError",
    "Store",
    "TrainedModel",
    "__version__",
    "audit",
    "create_store",
    "find_data",
    "load_model",
    "open_dataset",
    "open_store",
    "plot",
    "read_legend",
    "read_metadata",
    "read_statistics",
    "save_model",
    "write_metadata",
]

_HOMES = {
    "BANDS": "reben.core.bands",
    "BAND_SETS": "reben.core.bands",
    "CLC2018": "reben.core.classes",
    "PUBLISHED_STATISTICS": "reben.core.band_statistics",
    "Legend": "reben.core.classes",
    "PatchDataModule": "reben.data.datamodule",
    "PatchDataset": "reben.data.dataset",
    "RebenError": "reben.core.errors",
    "Store": "reben.io.store",
    "TrainedModel": "reben.learn.models.trained_model",
    "audit": "reben.audit",
    "create_store": "reben.io.store",
    "find_data": "reben.io.dataset.folder",
    "load_model": "reben.learn.models.weights",
    "open_dataset": "reben.data.opening",
    "open_store": "reben.io.store",
    "plot": "reben.pictures.samples",
    "read_legend": "reben.io.legend_files",
    "read_metadata": "reben.io.dataset.metadata",
    "read_statistics": "reben.io.dataset.statistics",
    "save_model": "reben.learn.models.weights",
    "write_metadata": "reben.io.dataset.metadata",
}
"""The module of each public name; `audit` is a package that can be called."""


def __getattr__(name: str) -> object:
    """Load a public name from its module.

    Raises:
        AttributeError: if there is no such name.
        MissingExtraError: if it needs more than the base install.
    """
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        home = import_module(_HOMES[name])
        value = home if home.__name__ == f"{__name__}.{name}" else getattr(home, name)
    except ModuleNotFoundError as error:
        if str(error.name).startswith("reben"):
            raise
        from reben.core.errors import MissingExtraError  # noqa: PLC0415 - as above

        raise MissingExtraError.needed(f"reben.{name}", error.name, "learn,report") from error
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
