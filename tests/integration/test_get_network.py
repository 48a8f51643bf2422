"""The real servers: Zenodo's tables and reference maps, and the LMDB copy on the Hugging Face hub."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from httpx2 import HTTPError, head

from reben.core.release import METADATA
from reben.get.options import GetOptions
from reben.get.stage import get, plan_get
from reben.io.store import open_store


def expect_reachable() -> None:
    """Skip where the servers cannot be reached."""
    for host in (urlsplit(METADATA.address).hostname, "huggingface.co"):
        try:
            head(f"https://{host}", timeout=10)
        except HTTPError as error:
            pytest.skip(f"{host} cannot be reached ({error})")


@pytest.mark.network
@pytest.mark.enable_socket
def test_twenty_pairs_of_the_real_data_set(tmp_path: Path):
    """The tables (4 MB), then twenty pairs and their reference maps (282 MB, once)."""
    expect_reachable()
    options = GetOptions(country=("Lithuania",), season=("summer",), limit=20, source=("lmdb",))
    plan = plan_get(options)
    assert plan.tables[0].published
    assert plan.rows.num_rows == 20
    got = get(tmp_path / "data", options)
    assert got.report.values == {"s2": 20, "s1": 20, "maps": 20}
    store = open_store(tmp_path / "data" / "store")
    assert set(store) == plan.wanted.keys
    patch = plan.rows["patch_id"][0].as_py()
    assert {array.shape for array in store[patch].values()} == {(120, 120), (60, 60), (20, 20)}
    report = got.report.runs[0]
    lmdb = next(source for source in report.sources if source.source.startswith("hf://"))
    assert lmdb.nbytes < 1.05 * 20 * (160_832 + 115_344) + 1_000_000
