"""Many runs of one experiment: what is planned, what is done, and doing what is missing.

A run is a directory; what it holds says how far it is. Several machines may work on one experiment: a run that another
process is writing is left alone.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from reben.core.errors import RecipeError, RunError, TargetExistsError
from reben.core.published_models import MODALITIES
from reben.io.small_files import read_json
from reben.io.store import StorePlace
from reben.learn.inference.evaluation import evaluate_test_split
from reben.learn.training.hardware import Hardware
from reben.learn.training.loop import train
from reben.learn.training.recipe import RECIPES, Recipe, make_recipe
from reben.learn.training.run_directory import RunDirectory
from reben.paper.models import PAPER_MODELS, SEEDS

FIRST_SEED = 42


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """One run of an experiment."""

    name: str
    """Of its directory."""
    recipe: Recipe


def plan_paper(
    *,
    models: Sequence[str] = tuple(PAPER_MODELS),
    modalities: Sequence[str] = MODALITIES,
    seeds: Sequence[int] = tuple(range(FIRST_SEED, FIRST_SEED + SEEDS)),
    **settings: Any,  # noqa: ANN401 - of the recipe
) -> list[PlannedRun]:
    """The paper's runs: every model with every modality and seed; 72 by default.

    Args:
        models: timm names.
        modalities: out of `s1`, `s2`, `all`.
        seeds: one run each.
        settings: other than the paper's, for all runs.

    Raises:
        RecipeError: if a model or modality is none of the paper's, or a setting is wrong.
    """
    fixed = [name for name in ("model", "bands", "seed", "task") if name in settings]
    if fixed:
        raise RecipeError(f"{fixed[0]}: is what the paper's runs differ in", hint="leave it out of the settings")
    for given, known in ((models, tuple(PAPER_MODELS)), (modalities, MODALITIES)):
        unknown = [name for name in given if name not in known]
        if unknown:
            raise RecipeError(f"{unknown[0]!r} is not part of the paper", hint=f"choose out of {', '.join(known)}")
    return [
        PlannedRun(
            f"{model}-{bands}-{seed}",
            make_recipe(**{**RECIPES["paper"], **settings, "model": model, "bands": bands, "seed": seed}),
        )
        for model, bands, seed in product(models, modalities, seeds)
    ]


def state_of(run: RunDirectory) -> str:
    """`finished` (trained and tested), `trained`, `unfinished` or `missing`."""
    if run.test.exists():
        return "finished"
    if run.result.exists():
        return "trained"
    return "unfinished" if run.recipe.exists() else "missing"


def run_experiment(
    plan: Sequence[PlannedRun],
    output: Path,
    *,
    store: StorePlace,
    metadata: list[Path],
    workers: int | None = None,
    hardware: Hardware = Hardware(),  # noqa: B008 - frozen
    report: Callable[[str], None] = lambda _: None,
    report_epoch: Callable[[dict[str, float]], None] = lambda _: None,
) -> Iterator[tuple[PlannedRun, str]]:
    """Do what is missing, run by run: train, go on with what was stopped, test the best epoch.

    Args:
        plan: which runs.
        output: folder of the run directories.
        store: where the pixels are.
        metadata: metadata tables.
        workers: loading threads; None chooses.
        hardware: on what to compute each run.
        report: called with what begins.
        report_epoch: called with each epoch.

    Yields:
        each run and its state: `finished`, or `busy` if another process is at it.

    Raises:
        TargetExistsError: if another process is writing a run, and this command has several.
        RebenError: what was wrong with a run.
    """
    for planned in plan:
        run = RunDirectory(output / planned.name)
        state = state_of(run)
        try:
            if state in {"missing", "unfinished"}:
                report(f"{planned.name}: {'training' if state == 'missing' else 'going on with training'}")
                train(
                    planned.recipe,
                    store=store,
                    metadata=metadata,
                    output=run.path,
                    workers=workers,
                    hardware=hardware,
                    resume=state == "unfinished",
                    report=report_epoch,
                )
            if state != "finished":
                report(f"{planned.name}: testing")
                evaluate_test_split(run.path, store=store, metadata=metadata, workers=workers)
        except TargetExistsError:
            if hardware.devices * hardware.nodes > 1:
                # The other processes of this command cannot know that a run is passed over: they would train it, and
                # their gradients would go into the next one.
                raise
            yield planned, "busy"
            continue
        yield planned, "finished"


def read_scores(run: RunDirectory) -> dict[str, float]:
    """Test scores of a finished run.

    Raises:
        FileNotFoundError: if it was not tested.
    """
    scores: dict[str, float] = read_json(run.test, error=RunError, hint="the file may be damaged; test the run again")
    return scores
