"""Regression: a number for each patch, such as the share of a class or a column of the metadata tables."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from reben.learn.tasks.patch_task import PatchTask
from reben.learn.tasks.task import Loss, Measured, MetricName, Output, Wording

if TYPE_CHECKING:
    import torch
    from torchmetrics import MetricCollection

    from reben.data.dataset import Batch
    from reben.data.patches import Patches
    from reben.learn.scores.bootstrap import Interval


@dataclass(frozen=True, slots=True)
class RegressionScores:
    """Errors of one model on one set of patches, in the unit of the target."""

    r2: float
    """Coefficient of determination: 1 - sum of squared errors / sum of squared deviations from the mean; NaN where all
    patches have the same value."""
    rmse: float
    """Root of the mean squared error."""
    mae: float
    """Mean absolute error."""
    bias: float
    """Mean of prediction minus truth."""
    mean_rmse: float
    """RMSE of always answering the mean of these patches: their standard deviation."""
    patches: int

    def headline(self) -> str:
        """Return R2 and RMSE in one line."""
        return f"R2 {self.r2:.4f}  RMSE {self.rmse:.4g}"

    def lines(self) -> list[str]:
        """Return all scores for people, a line each."""
        return [
            f"R2   {self.r2:.4f}",
            f"RMSE {self.rmse:.4g}  (always the mean: {self.mean_rmse:.4g})",
            f"MAE  {self.mae:.4g}",
            f"bias {self.bias:+.4g}",
        ]


class _Regression(PatchTask):
    name = "regression"
    summary = "a number per patch (--target)"
    output = Output.values
    needs_target = True
    losses = ("mse", "mae", "huber")
    unweighted_losses = frozenset(losses)
    metrics = {
        "r2": MetricName("R2", "coefficient of determination (R2)", "r_squared"),
        "rmse": MetricName("RMSE", "root mean squared error", "rmse"),
        "mae": MetricName("MAE", "mean absolute error", "mae"),
    }
    best_metric = "r2"
    wording = Wording(
        pipeline_tag="other",
        task="regression",
        tag="regression",
        sentence="Regression, a number for each patch, of Sentinel patches",
        output="The number, in the unit of the target.",
        per_class="",
        class_score="",
        baseline=("mean_rmse", "RMSE of always answering the mean"),
        use="logits[:, 0]  # the number of each image",
    )

    def loss(self, name: str) -> Loss:
        """Return squared, absolute or Huber's error (1 standard deviation of the target), means over patches."""
        from torch.nn import functional

        errors: dict[str, Callable[..., torch.Tensor]] = {
            "mse": functional.mse_loss,
            "mae": functional.l1_loss,
            "huber": functional.huber_loss,
        }
        error = errors[name]
        return lambda outputs, target, _weights: error(outputs, target)

    def balanced_weights(self, labels: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Return nothing: no loss of this task takes class weights, and recipes with both are refused."""
        raise NotImplementedError

    def truth(self, batch: "Batch") -> "torch.Tensor":
        """Return the numbers, float32, shape (B, 1)."""
        target: torch.Tensor = batch["target"]
        return target[:, None]

    def predictions(self, outputs: "torch.Tensor") -> "torch.Tensor":
        return outputs

    def epoch_metrics(self, outputs: int) -> "MetricCollection":
        from torchmetrics import MeanAbsoluteError, MeanSquaredError, MetricCollection, R2Score

        return MetricCollection(
            {"r2": R2Score(), "rmse": MeanSquaredError(squared=False), "mae": MeanAbsoluteError()}, compute_groups=False
        )

    def epoch_values(self, metrics: "MetricCollection") -> "dict[str, torch.Tensor]":
        values: dict[str, torch.Tensor] = metrics.compute()
        return values

    def rows(self, batch: "Batch", outputs: "torch.Tensor") -> "torch.Tensor":
        """Return predicted and true number, shape (B, 2)."""
        import torch

        return torch.cat([outputs, self.truth(batch)], dim=1).cpu()

    def measured(self, rows: "torch.Tensor", patches: "Patches", class_names: Sequence[str]) -> Measured:
        return _MeasuredValues(rows.numpy().astype(np.float64))


REGRESSION = _Regression()


class _MeasuredValues(Measured):
    def __init__(self, rows: NDArray[np.float64]) -> None:
        self._predicted, self._true = rows.T

    def scores(self, chosen: NDArray[np.bool_]) -> RegressionScores:
        true = self._true[chosen]
        found = _errors(self._predicted[chosen], true, np.ones(len(true)))
        return RegressionScores(
            **found,
            bias=float((self._predicted[chosen] - true).mean()),
            mean_rmse=float(true.std()),
            patches=len(true),
        )

    def intervals(self, units: Sequence[str], *, resamples: int) -> "dict[str, Interval]":
        from reben.learn.scores.bootstrap import bootstrap

        return bootstrap(lambda weights: _errors(self._predicted, self._true, weights), units, resamples=resamples)


def _errors(
    predicted: NDArray[np.float64], true: NDArray[np.float64], weights: NDArray[np.float64]
) -> dict[str, float]:
    """Return R2, RMSE and MAE of patches, each of which counts as often as its weight says."""
    errors, total = predicted - true, weights.sum()
    squared = float(weights @ errors**2)
    spread = float(weights @ (true - weights @ true / total) ** 2)
    return {
        "r2": 1 - squared / spread if spread else float("nan"),
        "rmse": float(np.sqrt(squared / total)),
        "mae": float(weights @ np.abs(errors) / total),
    }
