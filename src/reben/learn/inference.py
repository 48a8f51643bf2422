"""Logits of a trained model for any patches."""

from collections.abc import Callable
from pathlib import Path

import torch

from reben.core.errors import RunError
from reben.data.datamodule import PatchDataModule
from reben.data.patches import Patches
from reben.learn.weights import TrainedModel


def open_data(
    trained: TrainedModel,
    *,
    store: Path,
    metadata: list[Path],
    batch_size: int,
    workers: int | None,
    snow_and_cloud: bool,
) -> PatchDataModule:
    """Store and tables as the model wants them: its bands, its normalisation.

    Raises:
        RunError: if the model was trained on other classes.
        StoreError: if there is no store.
        MetadataError: if a table is wrong.
    """
    data = PatchDataModule(
        store,
        metadata,
        bands=trained.bands,
        statistics=trained.statistics,
        batch_size=batch_size,
        workers=workers,
        snow_and_cloud=snow_and_cloud,
    )
    if trained.class_names != data.legend.class_names:
        raise RunError(f"the model was trained on other classes than those of {data.legend.name}")
    return data


@torch.inference_mode()
def logits_of(
    trained: TrainedModel, data: PatchDataModule, patches: Patches, *, progress: Callable[[int], None] = lambda _: None
) -> torch.Tensor:
    """Logits of the patches, in their order, shape (patches, classes), on the CPU.

    Args:
        trained: the model.
        data: the store that holds the patches.
        patches: which patches.
        progress: is told how many further patches are done.

    Raises:
        RunError: if a logit is no number.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = trained.model.to(device).eval()
    logits = [torch.empty(0, len(trained.class_names))]
    for batch in data.loader(data.dataset_of(patches)):
        logits.append(model(data.prepared(batch, device)["image"]).float().cpu())
        progress(len(batch["patch_id"]))
    result = torch.cat(logits)
    if not result.isfinite().all():
        raise RunError(
            "the model gives logits that are no numbers",
            hint="its weights may be damaged, or its training has diverged; train again",
        )
    return result
