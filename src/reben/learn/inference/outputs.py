"""What a trained model says of any patches."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import torch

from reben.core.classes import CLC2018, Legend
from reben.core.errors import RunError
from reben.data.datamodule import PatchDataModule
from reben.data.dataset import Batch
from reben.data.loader import place_among_processes
from reben.data.patches import Patches
from reben.io.dataset.legends import legend_of_tables
from reben.io.store import StorePlace
from reben.learn.models.trained_model import TrainedModel
from reben.work.progress import Advance, unseen

_T = TypeVar("_T")


def open_data(
    trained: TrainedModel,
    *,
    store: StorePlace,
    metadata: list[Path],
    batch_size: int,
    workers: int | None,
    snow_and_cloud: bool,
    reference_maps: bool = False,
    truth: bool = False,
    patches: Path | None = None,
) -> PatchDataModule:
    """Store and tables as the model wants them: its bands, its normalisation; with `truth` also what it learnt.

    A list of `patches` leaves all others out.

    Raises:
        RunError: if the model was trained on other classes.
        StoreError: if there is no store.
        MetadataError: if a table is wrong.
    """
    legend = legend_of_tables(metadata)
    if legend is not CLC2018 and set(legend.class_names) < set(trained.class_names):
        legend = trained.legend  # tables of a part of the data name some of its classes only
    task = trained.task
    if task.has_classes and trained.class_names != legend.class_names:
        raise RunError(
            f"the model was trained on other classes than those of the tables: {_difference(trained, legend)}",
            hint="give tables of the data set that it was trained on, with their legend.toml beside them",
        )
    return PatchDataModule(
        store,
        metadata,
        legend=legend,
        patches=patches,
        bands=trained.bands,
        statistics=trained.statistics,
        batch_size=batch_size,
        workers=workers,
        snow_and_cloud=snow_and_cloud,
        reference_maps=reference_maps or (truth and task.needs_maps),
        target=trained.class_names[0] if truth and task.needs_target else None,
    )


def _difference(trained: TrainedModel, legend: Legend) -> str:
    """A class that only one of both has, in words."""
    model, tables = set(trained.class_names), set(legend.class_names)
    if model == tables:
        return "their order differs"
    known = sorted(model - tables)
    return f"only the model has {known[0]!r}" if known else f"only {legend.name} has {min(tables - model)!r}"


def suitable_device() -> torch.device:
    """The GPU of this process, or the CPU if there is none."""
    return torch.device("cuda", torch.cuda.current_device()) if torch.cuda.is_available() else torch.device("cpu")


@torch.inference_mode()
def outputs_of(
    trained: TrainedModel,
    data: PatchDataModule,
    patches: Patches,
    *,
    compute: Callable[[TrainedModel, torch.Tensor], torch.Tensor] = TrainedModel.outputs,
    progress: Advance = unseen,
) -> Iterator[tuple[Batch, torch.Tensor]]:
    """Batches and what the model makes of them, in order, on the device that computed it.

    Among several processes each gets those of every n-th patch.

    Args:
        trained: the model.
        data: the store that holds the patches.
        patches: which patches.
        compute: what is wanted of the model for normalised images; its outputs by default.
        progress: called with the number of patches just finished.

    Yields:
        a batch, and its outputs, float32; logits have the shape (B, classes) or (B, classes, H, W).

    Raises:
        RunError: if an output is not a number.
    """
    device = suitable_device()
    trained.model.to(device).eval()
    computed = (
        (batch, compute(trained, batch["image"]).float())
        for batch in (data.prepared(raw, device) for raw in data.loader(data.dataset_of(patches)))
    )
    for batch, outputs in _one_ahead(computed):
        yield batch, finite(outputs)
        progress(len(batch["patch_id"]))


def _one_ahead(items: Iterator[_T]) -> Iterator[_T]:
    """The same items, each while the next one is begun: a GPU then computes while the outputs before are looked at."""
    held: list[_T] = []
    for item in items:
        yield from held
        held = [item]
    yield from held


def finite(outputs: torch.Tensor) -> torch.Tensor:
    """The outputs of a model, if they are numbers.

    Raises:
        RunError: if one is not.
    """
    if not outputs.isfinite().all():
        raise RunError(
            "the model returned NaN or infinite outputs",
            hint="its weights may be damaged, or its training has diverged; train again",
        )
    return outputs


def logits_of(
    trained: TrainedModel, data: PatchDataModule, patches: Patches, *, progress: Advance = unseen
) -> torch.Tensor:
    """Outputs of a model with one row per patch, in their order, shape (patches, classes), on the CPU.

    Args:
        trained: the model.
        data: the store that holds the patches.
        patches: which patches.
        progress: called with the number of patches just finished.

    Raises:
        RunError: if a logit is not a number.
    """
    if not len(patches):
        return torch.empty(0, len(trained.class_names))
    own = [logits.cpu() for _, logits in outputs_of(trained, data, patches, progress=progress)]
    return _gathered(torch.cat(own), len(patches))


def rows_of(
    trained: TrainedModel, data: PatchDataModule, patches: Patches, *, progress: Advance = unseen
) -> torch.Tensor:
    """What the model's task keeps of each patch for its scores, in their order, on the CPU; first axis patches.

    Args:
        trained: the model.
        data: the store that holds the patches and, where the task needs them, their reference maps.
        patches: which patches, at least one.
        progress: called with the number of patches just finished.

    Raises:
        RunError: if an output is not a number.
    """
    own = [
        trained.task.rows(batch, outputs) for batch, outputs in outputs_of(trained, data, patches, progress=progress)
    ]
    return _gathered(torch.cat(own), len(patches))


def _gathered(own: torch.Tensor, total: int) -> torch.Tensor:
    """What all processes have, in the order of the patches; each has every n-th.

    Args:
        own: of this process, first axis patches.
        total: number of patches.
    """
    _, processes = place_among_processes()
    if processes == 1:
        return own
    device = torch.device("cpu") if torch.distributed.get_backend() == "gloo" else suitable_device()
    longest = -(-total // processes)
    padded = torch.zeros(longest, *own.shape[1:], dtype=own.dtype, device=device)
    padded[: len(own)] = own
    parts = [torch.empty_like(padded) for _ in range(processes)]
    torch.distributed.all_gather(parts, padded)
    return torch.stack(parts, dim=1).flatten(0, 1)[:total].cpu()
