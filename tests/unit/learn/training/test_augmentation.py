from pathlib import Path

import pytest

from reben.core.errors import RecipeError
from reben.learn.training.augmentation import load_augmentation

CODE = """
class Brighter:
    def __call__(self, sample):
        return {**sample, "image": sample["image"] + 1}

brighter = Brighter()
number = 7
def darker(sample):
    return {**sample, "image": sample["image"] - 1}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "my_augmentation.py"
    path.write_text(CODE)
    return path


def test_functions_and_objects_of_a_file(file: Path):
    assert load_augmentation(f"{file}:brighter")({"image": 1}) == {"image": 2}
    assert load_augmentation(f"{file}:darker")({"image": 1}) == {"image": 0}


def test_an_importable_module(file: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(file.parent)
    assert load_augmentation("my_augmentation:darker")({"image": 1}) == {"image": 0}
    assert load_augmentation("builtins:dict")({"image": 1}) == {"image": 1}


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("darker", "does not name a callable"),
        (":darker", "does not name a callable"),
        ("no.such.module:darker", "cannot be imported"),
        ("{file}:lighter", "cannot be imported"),
        ("{file}:number", "is a int, which cannot be called"),
        ("{folder}/nowhere.py:darker", "does not exist"),
    ],
)
def test_what_cannot_be_used_is_named(file: Path, path: str, message: str):
    with pytest.raises(RecipeError, match=message):
        load_augmentation(path.format(file=file, folder=file.parent))


def test_code_that_fails_is_named_with_its_error(tmp_path: Path):
    (tmp_path / "broken.py").write_text("1 / 0")
    with pytest.raises(RecipeError, match="ZeroDivisionError"):
        load_augmentation(f"{tmp_path / 'broken.py'}:x")
