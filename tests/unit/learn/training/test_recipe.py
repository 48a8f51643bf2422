import pytest

from reben.core.errors import RebenError, RecipeError
from reben.learn.tasks import TASKS
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
        "adapter_rank": 0,
        "patience": 5,
        "snow_and_cloud": False,
        "shuffle_block": 1,
        "seed": 42,
        "task": "classification",
        "accumulate": 1,
        "precision": "float32",
        "channels_last": False,
        "compile": False,
        "init": None,
        "target": None,
        "pretrained": False,
        "backbone": None,
        "layer_decay": 1.0,
        "freeze": False,
        "optimizer": "adamw",
        "loss": None,
        "class_weights": "none",
        "augmentation": None,
        "matmul_precision": "highest",
    }


def test_every_setting_is_described():
    assert all(len(field.description or "") > 10 for field in Recipe.model_fields.values())


def test_a_tag_of_timm_means_weights_and_nothing_else():
    """In timm the part after the dot names pretrained weights; training from random ones would be a silent surprise."""
    with pytest.raises(RecipeError, match="a1_in1k names pretrained weights; add --pretrained") as caught:
        make_recipe(model="resnet50.a1_in1k")
    assert "--model resnet50 to start from random weights" in str(caught.value)
    assert make_recipe(model="resnet50.a1_in1k", pretrained=True).pretrained


@pytest.mark.parametrize("settings", [{"init": "run", "model": "resnet50"}, {"init": "run"}])
def test_there_is_one_place_to_start_from(settings: dict):
    with pytest.raises(RecipeError, match="pretrained needs a model and no init"):
        make_recipe(pretrained=True, **settings)


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


@pytest.mark.parametrize(
    ("bands", "message"), [("", "a name is missing"), ("B02,,B03", "a name is missing"), ("B02,b02", "twice")]
)
def test_bands_that_no_data_set_can_have_are_refused(bands: str, message: str):
    with pytest.raises(RebenError, match=message):
        make_recipe(model="resnet50", bands=bands)


def test_other_bands_are_a_matter_of_the_data():
    assert make_recipe(model="resnet50", bands="Red,Green,Blue").bands == "Red,Green,Blue"


def test_infinity_is_no_learning_rate():
    with pytest.raises(RecipeError, match="learning_rate = inf"):
        make_recipe(model="resnet50", learning_rate=float("inf"))


def test_an_unknown_setting_names_the_known_ones():
    with pytest.raises(RecipeError, match="there is no such setting") as caught:
        make_recipe(model="resnet50", lr=1)
    assert "learning_rate" in caught.value.hint


def test_a_missing_model_is_said():
    with pytest.raises(RecipeError, match="model is missing; give --model, --backbone, or --init"):
        make_recipe()


def test_a_batch_is_cut_into_equal_parts():
    assert make_recipe(model="resnet50", batch_size=512, accumulate=4).accumulate == 4
    with pytest.raises(RecipeError, match="batch_size = 10 cannot be cut into 4 equal micro-batches"):
        make_recipe(model="resnet50", batch_size=10, accumulate=4)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"loss": "dice"}, "classification has no such loss; choose out of bce, focal, asymmetric"),
        ({"loss": "bce", "task": "segmentation"}, "segmentation has no such loss"),
        ({"loss": "asymmetric", "class_weights": "balanced"}, "takes no class weights"),
    ],
)
def test_losses_that_cannot_be_are_refused_before_anything_is_written(settings: dict, message: str):
    with pytest.raises(RecipeError, match=message):
        make_recipe(model="resnet18", **settings)


@pytest.mark.parametrize(("task", "loss"), [(task, loss) for task in TASKS.own for loss in TASKS[task].losses])
def test_every_named_loss_exists(task: str, loss: str):
    assert callable(TASKS[task].loss(loss))
    target = "biomass" if TASKS[task].needs_target else None
    assert make_recipe(model="resnet18", task=task, loss=loss, target=target).loss == loss


def test_a_task_that_does_not_exist_is_refused():
    with pytest.raises(RecipeError, match="there is no such task; choose one of classification, segmentation"):
        make_recipe(model="resnet18", task="detection")
