"""What every task must keep, whichever it is."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from reben.core.errors import RecipeError
from reben.learn.models.architectures import Architecture, build_model
from reben.learn.tasks import DEFAULT_TASK, TASKS, task_of
from reben.learn.tasks.task import Output

SOURCE = Path(__file__).parents[4] / "src" / "reben"
OTHER_WORDS = {
    "audit/copies/datasets.py: segmentation",  # an attribute of other packages' data sets
    "demo/job.py: segmentation",  # the demo trains one of each
    "publish/mlm.py: classification",  # words of the Machine Learning Model extension
    "publish/mlm.py: regression",
}
"""What is called as a task is, or is trained on purpose."""


def test_nobody_but_the_tasks_spells_the_name_of_one():
    spelled = []
    for path in SOURCE.rglob("*.py"):
        if path.parent != SOURCE / "learn" / "tasks":
            texts = (node.value for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant))
            spelled += [f"{path.relative_to(SOURCE)}: {text}" for text in texts if text in TASKS.own]
    assert sorted(spelled) == sorted(OTHER_WORDS)


def test_names_need_no_torch():
    code = "import sys; from reben.learn.tasks import TASKS; list(TASKS.values()); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("name", TASKS.own)
def test_a_task_is_whole(name: str):
    task = task_of(name)
    assert task.name == name
    assert task.best_metric in task.metrics
    assert len(set(task.losses)) == len(task.losses) > 0
    assert task.unweighted_losses <= set(task.losses)
    assert task.summary
    assert task.wording.pipeline_tag
    assert isinstance(task.output, Output)
    assert task.has_thresholds <= (task.output is Output.labels)


@pytest.mark.parametrize("name", TASKS.own)
def test_a_model_gives_what_the_task_says(name: str):
    architecture = Architecture("test_resnet", 3, 2, 120, dropout=0.0, drop_path=0.0, task=name)
    outputs = build_model(architecture).eval()(torch.randn(1, 3, 120, 120))
    assert tuple(outputs.shape) == task_of(name).output_shape(2, 120) == architecture.output_shape


def test_a_task_that_does_not_exist_is_named():
    assert DEFAULT_TASK in TASKS
    with pytest.raises(RecipeError, match="there is no such task") as caught:
        task_of("detection")
    assert DEFAULT_TASK in caught.value.hint
