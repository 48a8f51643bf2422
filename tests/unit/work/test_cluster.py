import subprocess
import sys
from pathlib import Path

import pytest

from reben.core.errors import ClusterError, MissingExtraError
from reben.work import cluster
from reben.work.cluster import cluster_executor


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "127.0.0.1:9"])
def test_no_scheduler_at_the_address(address: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(cluster, "_CONNECT_S", 0.5)
    with (
        pytest.raises(ClusterError, match=f"no Dask scheduler answers at {address}") as caught,
        cluster_executor(address),
    ):
        pass
    assert caught.value.hint == "start one with `dask scheduler`"


SCRIPT = """
import sys
from reben.core.errors import ClusterError
from reben.work import cluster

cluster._CONNECT_S = 0.5
try:
    with cluster.cluster_executor(sys.argv[1]):
        pass
except ClusterError as error:
    print(error)
"""


@pytest.mark.parametrize("address", ["", "nonsense", "tcp://127.0.0.1:port", "ftp://127.0.0.1:21"])
def test_what_is_no_address_is_nothing_but_an_error(address: str):
    """In a process of its own, to see what Dask's threads print when it ends."""
    result = subprocess.run([sys.executable, "-c", SCRIPT, address], capture_output=True, text=True, check=True)
    assert address in result.stdout
    assert result.stderr == ""


def test_dask_is_an_extra(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    for name in [name for name in sys.modules if name.partition(".")[0] == "distributed"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    with (
        pytest.raises(MissingExtraError, match="--scheduler needs distributed, which is not installed") as caught,
        cluster_executor("tcp://127.0.0.1:9"),
    ):
        pass
    assert caught.value.hint.startswith("pip install 'reben[cluster]'")
