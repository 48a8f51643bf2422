"""Table I of the paper from runs: mean and standard deviation over seeds, the paper's number beside each."""

import csv
import io
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, stdev

from reben.core.errors import RunError
from reben.core.published_models import MODALITIES
from reben.learn.scores.multilabel import METRIC_NAMES
from reben.learn.tasks import DEFAULT_TASK, task_of
from reben.learn.tasks.task import Output
from reben.learn.training.run_directory import RunDirectory
from reben.paper.models import PAPER_MODELS, PaperScores

_TITLES = {"ap_macro": "AP macro", "ap_micro": "AP micro", "f1_macro": "F1 macro", "f1_micro": "F1 micro"}


@dataclass(frozen=True, slots=True)
class ResultRow:
    """Runs of one model on one set of bands."""

    model: str
    """timm name."""
    bands: str
    seeds: tuple[int, ...]
    scores: dict[str, tuple[float, float | None]]
    """Mean and standard deviation over the seeds by metric, in percent; no deviation of a single run."""
    paper: PaperScores | None
    """What the paper reports, in percent."""

    @property
    def title(self) -> str:
        """As the paper calls the model."""
        return PAPER_MODELS[self.model].title if self.model in PAPER_MODELS else self.model


def read_rows(paths: Sequence[Path]) -> list[ResultRow]:
    """Results of runs, in the order of Table I; models that the paper does not have come last.

    Args:
        paths: run directories, or folders of them. What was not tested is left out, and so are segmentation models.

    Raises:
        RunError: if there is no tested run, a file of one is damaged, or two have the same model, bands and seed.
    """
    groups: dict[tuple[str, str], dict[int, dict[str, float]]] = defaultdict(dict)
    for run in _find_runs(paths):
        recipe = run.read_recipe()
        if task_of(recipe.get("task", DEFAULT_TASK)).output is not Output.labels:
            continue
        scores = run.read_test()
        for path, found, names in (
            (run.recipe, recipe, ("model", "bands", "seed")),
            (run.test, scores, METRIC_NAMES),
        ):
            missing = [name for name in names if name not in found]
            if missing:
                raise RunError(f"{path}: lacks {', '.join(missing)}", hint="give runs of `reben train` only")
        group, seed = groups[recipe["model"], recipe["bands"]], recipe["seed"]
        if seed in group:
            raise RunError(
                f"{run.path}: there is another run of {recipe['model']}, bands {recipe['bands']}, seed {seed}",
                hint="give each once",
            )
        group[seed] = scores
    if not groups:
        raise RunError(
            f"no tested run in {', '.join(map(str, paths))}",
            hint="a run directory needs test.json, which `reben train` writes at the end",
        )
    return [_row(*key, groups[key]) for key in sorted(groups, key=_place_in_table)]


def _find_runs(paths: Sequence[Path]) -> list[RunDirectory]:
    folders = [folder for path in paths for folder in (path, *sorted(path.glob("*")))]
    runs = [RunDirectory(folder) for folder in dict.fromkeys(folders)]
    return [run for run in runs if run.recipe.exists() and run.test.exists()]


def _place_in_table(key: tuple[str, str]) -> tuple[int, str, int, str]:
    model, bands = key
    models = list(PAPER_MODELS)
    return (
        models.index(model) if model in models else len(models),
        model,
        MODALITIES.index(bands) if bands in MODALITIES else len(MODALITIES),
        bands,
    )


def _row(model: str, bands: str, runs: dict[int, dict[str, float]]) -> ResultRow:
    scores = {}
    for name in METRIC_NAMES:
        values = [100 * run[name] for run in runs.values()]
        scores[name] = (mean(values), stdev(values) if len(values) > 1 else None)
    paper = PAPER_MODELS[model].scores.get(bands) if model in PAPER_MODELS else None
    return ResultRow(model, bands, tuple(sorted(runs)), scores, paper)


def as_markdown(rows: Sequence[ResultRow]) -> str:
    """A table for people; the paper's number in brackets."""
    head = ["model", "bands", "runs", *(_TITLES[name] for name in METRIC_NAMES)]
    lines = [_line(head), "|---|---|---:|" + "---:|" * len(METRIC_NAMES)]
    lines += [_line([row.title, row.bands, str(len(row.seeds)), *_cells(row, "±", "({})")]) for row in rows]
    return "\n".join(lines) + "\n"


def as_latex(rows: Sequence[ResultRow]) -> str:
    """A `tabular` for a paper; the paper's number in brackets."""
    lines = [r"\begin{tabular}{llr" + "r" * len(METRIC_NAMES) + "}", r"\hline"]
    lines.append(" & ".join(["Model", "Bands", "Runs", *(_TITLES[name] for name in METRIC_NAMES)]) + r" \\ \hline")
    for row in rows:
        cells = [row.title.replace("_", r"\_"), row.bands, str(len(row.seeds)), *_cells(row, r"$\pm$", "({})")]
        lines.append(" & ".join(cells) + r" \\")
    return "\n".join([*lines, r"\hline", r"\end{tabular}"]) + "\n"


def as_csv(rows: Sequence[ResultRow]) -> str:
    """A table for programs: mean, standard deviation and the paper's number of each metric, in percent."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    columns = [f"{name}{suffix}" for name in METRIC_NAMES for suffix in ("", "_std", "_paper")]
    writer.writerow(["model", "timm_name", "bands", "runs", *columns])
    for row in rows:
        values: list[str] = []
        for name in METRIC_NAMES:
            average, deviation = row.scores[name]
            values += [f"{average:.2f}", "" if deviation is None else f"{deviation:.2f}"]
            values.append("" if row.paper is None else f"{getattr(row.paper, name):.2f}")
        writer.writerow([row.title, row.model, row.bands, len(row.seeds), *values])
    return file.getvalue()


def _cells(row: ResultRow, plus_minus: str, brackets: str) -> list[str]:
    cells = []
    for name in METRIC_NAMES:
        average, deviation = row.scores[name]
        cell = f"{average:.2f}" if deviation is None else f"{average:.2f} {plus_minus} {deviation:.2f}"
        cells.append(cell if row.paper is None else f"{cell} {brackets.format(f'{getattr(row.paper, name):.2f}')}")
    return cells


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
