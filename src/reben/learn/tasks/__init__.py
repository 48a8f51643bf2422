"""The learning tasks: one object each for all that differs between them."""

from reben.core.errors import RecipeError
from reben.core.registry import Registry
from reben.learn.tasks.task import Task

TASKS: Registry[Task] = Registry(
    "reben.tasks",
    {
        "classification": "reben.learn.tasks.classification:CLASSIFICATION",
        "segmentation": "reben.learn.tasks.segmentation:SEGMENTATION",
        "regression": "reben.learn.tasks.regression:REGRESSION",
    },
    kind=Task,
)
"""By the recipe's `task`; other packages add theirs by the entry point group `reben.tasks`."""

DEFAULT_TASK = next(iter(TASKS))


def task_of(name: str) -> Task:
    """Return the task of this name.

    Raises:
        RecipeError: if there is none.
        PluginError: if it belongs to another package and cannot be loaded.
    """
    if name not in TASKS:
        raise RecipeError(f"task = {name}: there is no such task", hint=f"choose one of {', '.join(TASKS)}")
    return TASKS[name]
