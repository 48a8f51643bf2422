import sys
from pathlib import Path

import pytest

from reben.core.errors import PluginError
from reben.core.registry import Registry

GROUP = "reben.test_things"


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Install a package with a module and entry points."""

    def install(module: str, **entries: str) -> None:
        folder = tmp_path / "site"
        about = folder / "others-2.0.dist-info"
        about.mkdir(parents=True)
        (folder / "others_things.py").write_text(module)
        (about / "METADATA").write_text("Metadata-Version: 2.1\nName: others\nVersion: 2.0\n")
        lines = "".join(f"{name} = {value}\n" for name, value in entries.items())
        (about / "entry_points.txt").write_text(f"[{GROUP}]\n{lines}")
        monkeypatch.syspath_prepend(folder)
        monkeypatch.delitem(sys.modules, "others_things", raising=False)

    return install


def test_own_things_first_then_those_of_other_packages(plugin):
    plugin("THIRD, FOURTH = 3, 4", third="others_things:THIRD", fourth="others_things:FOURTH")
    things = Registry(GROUP, {"two": 2, "pi": "math:pi"})
    assert list(things) == ["two", "pi", "fourth", "third"]
    assert len(things) == 4
    assert things["two"] == 2
    assert things["pi"] == pytest.approx(3.14, abs=0.01)
    assert "others_things" not in sys.modules
    assert things["third"] == 3
    assert "fifth" not in things
    with pytest.raises(KeyError):
        things["fifth"]


def test_nobody_takes_a_name_of_ours(plugin):
    plugin("OTHER = 7", one="others_things:OTHER")
    things = Registry(GROUP, {"one": 1})
    assert dict(things) == {"one": 1}


@pytest.mark.parametrize(
    ("module", "message"),
    [
        ("raise RuntimeError('too old')", r"cannot be loaded \(RuntimeError: too old\)"),
        ("import no_such_module_here", "ModuleNotFoundError"),
        ("", "AttributeError"),
        ("THING = 'a text'", "is of type str; expected int"),
    ],
)
def test_a_package_that_does_not_work_is_named(plugin, module: str, message: str):
    plugin(module, thing="others_things:THING")
    things = Registry(GROUP, {"one": 1}, kind=int)
    assert things["one"] == 1
    with pytest.raises(PluginError, match=message) as caught:
        things["thing"]
    assert "'thing' of the package others" in str(caught.value)
    assert "uninstall" in caught.value.hint


def test_an_entry_point_that_is_no_place_in_python(plugin):
    plugin("", thing="others_things/thing.toml")
    with pytest.raises(PluginError, match=r"is 'others_things/thing.toml'; expected a place in Python") as caught:
        Registry(GROUP, {})["thing"]
    assert "correct the entry point" in caught.value.hint
