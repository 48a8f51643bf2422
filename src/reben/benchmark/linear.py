"""Logistic regression, a class at a time, on standardised vectors: Newton's method for all classes at once.

The objective is scikit-learn's, divided by C and the number of patches: mean cross entropy plus half the strength times
the squared weights, intercepts free. It has one minimum, so that both libraries give the same probabilities (a test).

Each Newton step is found by conjugate gradients, which need products of the features with a few columns only; all
classes share these products, each has its own step. In coordinates along the features' principal axes, the curvature is
near to diagonal (the covariance, times how undecided a class is on average), which is the preconditioner: it makes the
number of steps nearly independent of how correlated the features are. L-BFGS, as torch and scikit-learn have it, takes
hundreds of steps on the same data: `benchmarks/probing.py` compares.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

STRENGTHS = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5)
"""Regularisation that is tried, from strong to weak; scikit-learn's C is 1 / (strength * patches)."""

_MOST_STEPS = 50
_MOST_PRODUCTS = 30
_MOST_HALVINGS = 12
_ACCURACY = 0.05
"""To which the squared rest of a Newton step is reduced, at most; less near the minimum."""
_TOLERANCE = 1e-7
"""Of twice the distance of the objective from its minimum, as the curvature predicts it."""
_SLACK = 1e-7
"""Of the objective, for the rounding of float32."""
_SMALLEST = 1e-20
_SMALLEST_STD = 1e-12


@dataclass(frozen=True, slots=True)
class Standard:
    """Mean and standard deviation of each feature over the training patches."""

    mean: NDArray[np.float32]
    std: NDArray[np.float32]

    def of(self, vectors: NDArray[np.float32]) -> torch.Tensor:
        """Standardised vectors, float32, shape (patches, features)."""
        standardised = vectors - self.mean
        standardised /= self.std
        return torch.from_numpy(standardised)


@dataclass(frozen=True, slots=True)
class Fit:
    """One logistic regression per class."""

    strength: float
    weights: torch.Tensor
    """Shape (features, classes), of standardised vectors."""
    intercepts: torch.Tensor
    """Shape (classes,)."""
    steps: int
    """Products with all features that it took."""

    def probabilities(self, vectors: torch.Tensor) -> NDArray[np.float32]:
        """Probabilities of standardised vectors, shape (patches, classes)."""
        found: NDArray[np.float32] = torch.sigmoid(vectors @ self.weights + self.intercepts).numpy()
        return found


def standard_of(vectors: NDArray[np.float32]) -> Standard:
    """Mean and standard deviation of training vectors; features that never change are left at zero."""
    std = vectors.std(axis=0, dtype=np.float64)
    std[std < _SMALLEST_STD] = 1.0
    return Standard(vectors.mean(axis=0, dtype=np.float64).astype(np.float32), std.astype(np.float32))


def fits(vectors: torch.Tensor, labels: NDArray[np.bool_], strengths: Sequence[float] = STRENGTHS) -> Iterator[Fit]:
    """Logistic regressions of each strength, each beginning where the one before ended.

    Args:
        vectors: standardised training vectors, float32, shape (patches, features).
        labels: shape (patches, classes).
        strengths: of the regularisation.
    """
    target = torch.from_numpy(labels.astype(np.float32))
    variances, axes = torch.linalg.eigh((vectors.T @ vectors).double() / len(vectors))
    problem = _Problem(vectors @ axes.float(), target, variances.clamp(min=0).float()[:, None])
    share = target.mean(0).clamp(1 / (2 * len(target)), 1 - 1 / (2 * len(target)))
    point = _Point(torch.zeros(vectors.shape[1], target.shape[1]), torch.log(share / (1 - share)))
    for strength in strengths:
        point, steps = problem.minimised(strength, point)
        yield Fit(strength, axes.float() @ point.weights, point.intercepts, steps)


@dataclass(frozen=True, slots=True)
class _Point:
    """Weights along the principal axes, shape (features, classes), and intercepts, shape (classes,)."""

    weights: torch.Tensor
    intercepts: torch.Tensor

    def dot(self, other: "_Point") -> torch.Tensor:
        """Scalar product, class by class."""
        return (self.weights * other.weights).sum(0) + self.intercepts * other.intercepts

    def plus(self, other: "_Point", factor: torch.Tensor) -> "_Point":
        """This point plus a multiple of another one, class by class."""
        return _Point(self.weights + factor * other.weights, self.intercepts + factor * other.intercepts)


@dataclass(frozen=True, slots=True)
class _Problem:
    """Features along their principal axes, labels, and the variance along each axis, shape (features, 1)."""

    features: torch.Tensor
    target: torch.Tensor
    variances: torch.Tensor

    def minimised(self, strength: float, point: _Point) -> tuple[_Point, int]:
        """The minimum, found from a point; and how many products with all features it took."""
        logits, products = self._logits(point), 1
        for _ in range(_MOST_STEPS):
            shares = torch.sigmoid(logits)
            gradient = self._gradient(shares - self.target, point, strength)
            undecided = shares * (1 - shares)
            scales = _Point(self.variances * undecided.mean(0) + strength, undecided.mean(0) + _SMALLEST)
            distance = gradient.dot(_divided(gradient, scales))
            if bool((distance < _TOLERANCE).all()):
                break
            step, used = self._newton_step(gradient, undecided, scales, strength)
            change = self._logits(step)
            factor = self._damped(logits, change, point, step, strength)
            point, logits, products = point.plus(step, factor), logits + factor * change, products + used + 2
        return point, products

    def _logits(self, point: _Point) -> torch.Tensor:
        return self.features @ point.weights + point.intercepts

    def _gradient(self, residuals: torch.Tensor, point: _Point, strength: float) -> _Point:
        """Of the mean over patches of anything whose derivatives by the logits are the residuals."""
        residuals = residuals / len(self.features)
        return _Point(self.features.T @ residuals + strength * point.weights, residuals.sum(0))

    def _newton_step(
        self, gradient: _Point, undecided: torch.Tensor, scales: _Point, strength: float
    ) -> tuple[_Point, int]:
        """Minus the inverse curvature times the gradient, by preconditioned conjugate gradients."""
        zero = torch.zeros_like
        step = _Point(zero(gradient.weights), zero(gradient.intercepts))
        rest = _Point(-gradient.weights, -gradient.intercepts)
        direction = _divided(rest, scales)
        size = first = rest.dot(direction)
        for number in range(_MOST_PRODUCTS):
            curved = self._gradient(undecided * self._logits(direction), direction, strength)
            length = size / direction.dot(curved).clamp(min=_SMALLEST)
            step, rest = step.plus(direction, length), rest.plus(curved, -length)
            scaled = _divided(rest, scales)
            after = rest.dot(scaled)
            if bool((after <= first * torch.sqrt(first).clamp(1e-4, _ACCURACY)).all()):
                return step, 2 * number + 2
            direction, size = scaled.plus(direction, after / size.clamp(min=_SMALLEST)), after
        return step, 2 * _MOST_PRODUCTS

    def _damped(
        self, logits: torch.Tensor, change: torch.Tensor, point: _Point, step: _Point, strength: float
    ) -> torch.Tensor:
        """By how much of its step each class improves, shape (classes,): all of it, a half, a quarter and so on."""
        before = self._objective(logits, point, strength)
        factor = torch.ones(logits.shape[1])
        for _ in range(_MOST_HALVINGS):
            found = self._objective(logits + factor * change, point.plus(step, factor), strength)
            worse = ~(found <= before + _SLACK)
            if not bool(worse.any()):
                break
            factor = torch.where(worse, factor / 2, factor)
        return factor

    def _objective(self, logits: torch.Tensor, point: _Point, strength: float) -> torch.Tensor:
        entropy = torch.nn.functional.binary_cross_entropy_with_logits(logits, self.target, reduction="none")
        return entropy.mean(0) + strength / 2 * point.weights.square().sum(0)


def _divided(point: _Point, scales: _Point) -> _Point:
    return _Point(point.weights / scales.weights, point.intercepts / scales.intercepts)
