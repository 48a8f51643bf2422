import pytest

from reben.core.errors import RebenError, RecipeError
from reben.learn.training.recipe import Recipe, make_recipe


def test_defaults_are_the_papers():
    recipe = Recipe(model="resnet50")
    assert recipe.model_dump() == {
        "model": "resnet50",
        "bands": "all",
        "epochs": 100,
        "batch_size": 512,
        "learning_rate": 1e-3,
        "warmup_steps": 1000,
        "weight_decay": 0.01,
        "dropout": 0.15,
        "drop_path": 0.15,
        "patience": 5,
        "snow_and_cloud": False,
        "shuffle_block": 1,
        "seed": 42,
        "task": "classification",
        "accumulate": 1,
        "precision": "float32",
        "channels_last": False,
        "compile": False,
    }


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("epochs", 0),
        ("batch_size", -1),
        ("learning_rate", 0),
        ("dropout", 1),
        ("drop_path", -0.1),
        ("seed", -1),
        ("lr", 1),
    ],
)
def test_values_out_of_range_and_unknown_settings_are_named(setting: str, value: float):
    with pytest.raises(RecipeError, match=f"{setting} = {value}"):
        make_recipe(model="resnet50", **{setting: value})


def test_unknown_bands_are_refused():
    with pytest.raises(RebenError, match="B99"):
        make_recipe(model="resnet50", bands="B99")


def test_a_wrong_band_is_named_with_its_hint():
    with pytest.raises(RebenError) as caught:
        make_recipe(model="resnet50", bands="B10")
    assert str(caught.value) == "unknown band 'B10'"
    assert "B02" in caught.value.hint


def test_infinity_is_no_learning_rate():
    with pytest.raises(RecipeError, match="learning_rate = inf"):
        make_recipe(model="resnet50", learning_rate=float("inf"))


def test_an_unknown_setting_names_the_known_ones():
    with pytest.raises(RecipeError, match="there is no such setting") as caught:
        make_recipe(model="resnet50", lr=1)
    assert "learning_rate" in caught.value.hint


def test_a_missing_model_is_said():
    with pytest.raises(RecipeError, match="model is missing") as caught:
        make_recipe()
    assert "--model" in caught.value.hint


def test_a_batch_is_cut_into_equal_parts():
    assert make_recipe(model="resnet50", batch_size=512, accumulate=4).accumulate == 4
    with pytest.raises(RecipeError, match="batch_size = 10 cannot be cut into 4 equal parts"):
        make_recipe(model="resnet50", batch_size=10, accumulate=4)
