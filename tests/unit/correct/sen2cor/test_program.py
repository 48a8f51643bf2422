from pathlib import Path

import pytest

from reben.core.errors import CorrectionError
from reben.correct.sen2cor.program import find_sen2cor

BANNER = "Sentinel-2 Level 2A Processor (Sen2Cor). Version: {}, created: 2022.09.01"


def write_program(folder: Path, *, answer: str = BANNER.format("2.11.0")) -> Path:
    """A stand-in that answers as L2A_Process does when it is asked for help."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "L2A_Process"
    program.write_text(f"#!/bin/sh\necho '{answer}'\n")
    program.chmod(0o755)
    return program


@pytest.fixture(autouse=True)
def _no_sen2cor(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.delenv("SEN2COR_HOME", raising=False)


def test_by_option_path_and_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    given = write_program(tmp_path / "given" / "bin")
    assert find_sen2cor(given).program == given
    assert find_sen2cor(tmp_path / "given").program == given
    home = write_program(tmp_path / "home" / "bin")
    monkeypatch.setenv("SEN2COR_HOME", str(tmp_path / "home"))
    assert find_sen2cor().program == home
    on_path = write_program(tmp_path / "path")
    monkeypatch.setenv("PATH", f"{on_path.parent}:/usr/bin:/bin")
    assert find_sen2cor().program == on_path


@pytest.mark.parametrize(("answer", "version", "expected"), [("2.11.0", "2.11", True), ("2.5.5", "2.5", False)])
def test_versions(tmp_path: Path, answer, version, expected):
    found = find_sen2cor(write_program(tmp_path, answer=BANNER.format(answer)))
    assert (found.version, found.is_expected) == (version, expected)


def test_nothing_there(tmp_path: Path):
    with pytest.raises(CorrectionError, match="SEN2COR_HOME is not set") as caught:
        find_sen2cor()
    assert "step.esa.int" in caught.value.hint
    with pytest.raises(CorrectionError, match="no L2A_Process found"):
        find_sen2cor(tmp_path)


def test_something_else_under_its_name(tmp_path: Path):
    with pytest.raises(CorrectionError, match="does not say which version it is: 'hello"):
        find_sen2cor(write_program(tmp_path, answer="hello"))
    program = tmp_path / "L2A_Process"
    program.write_bytes(b"\x7fELF no program")
    with pytest.raises(CorrectionError, match=r"does not run|does not say"):
        find_sen2cor(program)


def test_a_configuration_that_an_older_version_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shared_data: Path):
    real = (shared_data / "sen2cor" / "L2A_GIPP.xml").read_text()
    program = write_program(tmp_path / "sen2cor" / "bin")
    template = tmp_path / "sen2cor" / "lib" / "python2.7" / "site-packages" / "sen2cor" / "cfg" / "L2A_GIPP.xml"
    used = tmp_path / "home" / "cfg" / "L2A_GIPP.xml"
    for path in (template, used):
        path.parent.mkdir(parents=True)
    template.write_text(real)
    monkeypatch.setenv("SEN2COR_HOME", str(tmp_path / "home"))

    assert find_sen2cor(program).is_expected  # none yet: sen2cor writes one
    used.write_text(real.replace("<Log_Level>INFO", "<Log_Level>DEBUG"))
    assert find_sen2cor(program).is_expected  # a changed value is the user's
    used.write_text(real.replace("Product_DOI>", "Product_Old>"))
    with pytest.raises(CorrectionError, match=r"was written by another version .*Product_") as caught:
        find_sen2cor(program)
    assert "move it away" in caught.value.hint
