from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from reben.core.errors import CorrectionError
from reben.correct import engines as module
from reben.correct.engines import OWN_ENGINES, engine_of, engines
from reben.correct.options import CorrectOptions
from reben.correct.sen2cor.engine import Sen2corEngine
from reben.correct.sen2cor.program import Sen2cor
from reben.correct.sixs.engine import SixsEngine


def theirs(options: CorrectOptions, _: object) -> tuple[str, float]:
    """What another package has in place of an engine."""
    return "theirs", options.adjacency_range


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Engines of another package: one that works, one that does not, one with the name of ours."""
    names = {"theirs": "theirs_module:theirs", "broken": "no_such_module:engine", "6s": "no_such_module:engine"}
    found = [EntryPoint(name, place, module.GROUP) for name, place in names.items()]
    monkeypatch.setattr(module, "entry_points", lambda group: found if group == module.GROUP else [])
    monkeypatch.setattr(
        EntryPoint, "load", lambda self, load=EntryPoint.load: theirs if self.name == "theirs" else load(self)
    )


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


@pytest.mark.usefixtures("installed")
def test_engines_of_other_packages():
    assert list(engines()) == [*OWN_ENGINES, "theirs", "broken"]
    assert engine_of(CorrectOptions(engine="theirs", adjacency_range=7)) == ("theirs", 7)
    assert isinstance(engine_of(CorrectOptions(engine="6s")), SixsEngine)
    with pytest.raises(CorrectionError, match="the engine broken cannot be loaded"):
        engine_of(CorrectOptions(engine="broken"))
