import numpy as np
import pytest
import torch
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

from reben.core.errors import RecipeError
from reben.learn.tasks import task_of
from reben.learn.tasks.task import Output
from reben.learn.training.recipe import make_recipe

TASK = task_of("regression")


def rows(patches: int = 40) -> torch.Tensor:
    """Predicted and true numbers."""
    draw = np.random.default_rng(3)
    true = draw.normal(10, 4, patches)
    return torch.from_numpy(np.stack([true + draw.normal(1, 2, patches), true], axis=1).astype(np.float32))


def test_scores_are_those_of_scikit_learn():
    found = TASK.measured(rows(), None, ("x",)).scores(np.arange(40) < 30)
    predicted, true = rows()[:30].double().numpy().T
    assert found.patches == 30
    assert found.r2 == pytest.approx(r2_score(true, predicted))
    assert found.rmse == pytest.approx(root_mean_squared_error(true, predicted))
    assert found.mae == pytest.approx(mean_absolute_error(true, predicted))
    assert found.bias == pytest.approx((predicted - true).mean())
    assert found.mean_rmse == pytest.approx(true.std())
    assert found.lines()[0] == f"R2   {found.r2:.4f}"
    assert f"RMSE {found.rmse:.4g}" in found.headline()


def test_metrics_of_an_epoch_are_those_scores():
    metrics = TASK.epoch_metrics(1)
    for part in rows().split(7):
        metrics.update(part[:, :1], part[:, 1:])
    values = TASK.epoch_values(metrics)
    found = TASK.measured(rows(), None, ("x",)).scores(np.ones(40, np.bool_))
    for name in TASK.metrics:
        assert float(values[name]) == pytest.approx(getattr(found, name), rel=1e-4)


def test_intervals_hold_the_score_and_widen_by_tile():
    measured = TASK.measured(rows(), None, ("x",))
    score = measured.scores(np.ones(40, np.bool_))
    by_patch = measured.intervals([str(number) for number in range(40)], resamples=300)
    assert by_patch.keys() == {"r2", "rmse", "mae"}
    for name, interval in by_patch.items():
        assert interval.low < getattr(score, name) < interval.high


def test_patches_of_one_value_have_no_r2():
    same = torch.tensor([[1.0, 2.0], [3.0, 2.0]])
    assert np.isnan(TASK.measured(same, None, ("x",)).scores(np.ones(2, np.bool_)).r2)


@pytest.mark.parametrize("name", TASK.losses)
def test_losses_are_zero_where_nothing_is_wrong(name: str):
    loss, target = TASK.loss(name), torch.tensor([[1.0], [-2.0]])
    assert loss(target, target, None).item() == 0
    assert loss(target + 0.5, target, None) < loss(target + 5, target, None)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"task": "regression"}, "needs a target; give --target"),
        ({"target": "biomass"}, "takes no target"),
        ({"task": "regression", "target": "biomass", "class_weights": "balanced"}, "mse: takes no class weights"),
        ({"task": "regression", "target": "biomass", "loss": "bce"}, "has no such loss; choose out of mse, mae, huber"),
    ],
)
def test_recipes_that_do_not_fit(settings: dict[str, str], message: str):
    with pytest.raises(RecipeError, match=message):
        make_recipe(model="resnet18", **settings)
    assert TASK.output is Output.values
    assert not TASK.has_classes
