from pathlib import Path

import pytest

from reben.core.errors import RecipeError
from reben.learn.training.recipe import Recipe
from reben.learn.training.recipe_files import compose_recipe, read_settings


@pytest.fixture
def file(tmp_path: Path):
    def write(text: str | bytes) -> Path:
        path = tmp_path / "recipe.yaml"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    return write


def test_the_paper_needs_a_model_only():
    assert compose_recipe("paper", model="resnet101", bands="all") == Recipe(
        model="resnet101", bands="all", matmul_precision="medium"
    )
    assert compose_recipe("plain", model="resnet101") == Recipe(model="resnet101")


def test_options_go_before_the_file_and_the_file_before_the_recipe(file):
    path = file("model: resnet50\nepochs: 7\nlearning_rate: 1e-4\nbands: s1\n")
    recipe = compose_recipe("plain", path, bands="s2", seed=None)
    assert recipe == Recipe(model="resnet50", epochs=7, learning_rate=1e-4, bands="s2")
    assert type(recipe.epochs) is int


def test_an_unknown_recipe_is_refused():
    with pytest.raises(RecipeError, match="no recipe 'thesis'") as caught:
        compose_recipe("thesis", model="resnet50")
    assert "paper" in caught.value.hint


def test_an_unknown_key_of_a_file_is_refused(file):
    with pytest.raises(RecipeError, match="epoch = 7: there is no such setting"):
        compose_recipe("paper", file("model: resnet50\nepoch: 7\n"))


@pytest.mark.parametrize(
    "text",
    ["- 1\n- 2\n", "just words", "", "1: 2", "a: [", b"\xff\xfe\x00", "a: &a [*a]", "!!python/object:os.system {}"],
)
def test_what_is_no_configuration_is_refused(file, text):
    with pytest.raises(RecipeError):
        compose_recipe("paper", file(text), model="resnet50")


def test_a_missing_or_huge_file_is_an_error(tmp_path: Path, file):
    with pytest.raises(RecipeError, match="No such file"):
        read_settings(tmp_path / "none.yaml")
    with pytest.raises(RecipeError, match="bytes"):
        read_settings(file("a: 1\n" * 300_000))
