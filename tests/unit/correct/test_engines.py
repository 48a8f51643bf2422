from pathlib import Path

import pytest

from reben.core.errors import PluginError
from reben.correct.engines import ENGINES, engine_of
from reben.correct.options import CorrectOptions
from reben.correct.sen2cor.engine import Sen2corEngine
from reben.correct.sen2cor.program import Sen2cor
from reben.correct.sixs.engine import SixsEngine


def test_settings_reach_6s():
    options = CorrectOptions(engine="6s", dem=Path("dem.tif"), adjacency_range=500, threads=3, checksums=False)
    assert engine_of(options) == SixsEngine(Path("dem.tif"), 3, checksums=False, adjacency_m=500)


def test_threads_of_6s_on_a_cluster():
    engine = engine_of(CorrectOptions(engine="6s", scheduler="tcp://10.0.0.1:8786"))
    assert isinstance(engine, SixsEngine)
    assert engine.threads == 1


def test_settings_reach_sen2cor_and_another_version_is_told(monkeypatch: pytest.MonkeyPatch):
    found = Sen2cor(Path("L2A_Process"), "2.9")
    monkeypatch.setattr("reben.correct.sen2cor.engine.find_sen2cor", lambda _: found)
    said: list[str] = []
    engine = engine_of(CorrectOptions(time_limit_h=2, checksums=False), said.append)
    assert engine == Sen2corEngine(found, 7200, checksums=False)
    assert said == ["warning: this is sen2cor 2.9; 2.11 was expected"]


@pytest.mark.usefixtures("example_plugin")
def test_engines_of_other_packages():
    assert list(ENGINES) == ["sen2cor", "6s", "example", "example-broken"]
    engine = engine_of(CorrectOptions(engine="example", adjacency_range=7))
    assert engine.memory_bytes == 7_000
    assert isinstance(engine_of(CorrectOptions(engine="6s")), SixsEngine)
    with pytest.raises(PluginError, match="'example-broken' of the package reben-example-plugin cannot be loaded"):
        engine_of(CorrectOptions(engine="example-broken"))
