"""A store with a tree of several levels, written once."""

from pathlib import Path

import pytest

from stand_ins.generated_stores import write_generated_store


@pytest.fixture(scope="session")
def generated_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """21,000 values of 7,000 patches."""
    path = tmp_path_factory.mktemp("generated") / "store"
    write_generated_store(path, 7000)
    return path
