"""Fixtures that many tests share: the real data beside the project, and a small generated data set."""

from pathlib import Path

import pytest

from reben.demo.dataset import write_dataset
from reben.encode.bigearthnet import sources
from reben.encode.engine import Plan, encode, plan
from reben.io.dataset_paths import DatasetPaths

_SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real patches, tables and products; not part of the project."""
    if not _SHARED_DATA.is_dir():
        pytest.skip(f"the real data are not at {_SHARED_DATA}")
    return _SHARED_DATA


def plan_of(paths: DatasetPaths) -> Plan:
    return plan(sources(s2=paths.s2, s1=paths.s1, reference_maps=paths.reference_maps))


@pytest.fixture(scope="session")
def tiny_dataset(tmp_path_factory: pytest.TempPathFactory) -> DatasetPaths:
    """Some 25 synthetic patches with all three splits; not to be changed."""
    return write_dataset(tmp_path_factory.mktemp("tiny") / "dataset", step=20)


@pytest.fixture(scope="session")
def tiny_store(tiny_dataset: DatasetPaths, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store of `tiny_dataset`."""
    target = tmp_path_factory.mktemp("tiny") / "store"
    encode(plan_of(tiny_dataset), target)
    return target


@pytest.fixture(scope="session")
def real_patches(shared_data: Path) -> DatasetPaths:
    """Twelve published patches of tile T33UUP."""
    return DatasetPaths(shared_data / "patches")


@pytest.fixture(scope="session")
def real_store(real_patches: DatasetPaths, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store of `real_patches`."""
    target = tmp_path_factory.mktemp("real") / "store"
    encode(plan_of(real_patches), target)
    return target
