from contextlib import nullcontext

import pytest

from reben.core.errors import RecipeError
from reben.learn.training.hardware import Hardware, is_first_process

NAMES = ("RANK", "SLURM_PROCID", "LOCAL_RANK", "GROUP_RANK", "NODE_RANK")


@pytest.mark.parametrize(
    ("environment", "first"),
    [
        ({}, True),
        ({"LOCAL_RANK": "0"}, True),
        ({"LOCAL_RANK": "1"}, False),
        ({"LOCAL_RANK": "0", "NODE_RANK": "1"}, False),
        ({"RANK": "0", "LOCAL_RANK": "0", "GROUP_RANK": "0"}, True),
        ({"RANK": "4", "LOCAL_RANK": "0", "GROUP_RANK": "1"}, False),
        ({"SLURM_PROCID": "0", "LOCAL_RANK": ""}, True),
        ({"SLURM_PROCID": "3"}, False),
        ({"SLURM_PROCID": "0", "LOCAL_RANK": "1"}, False),  # started by Lightning in the shell of an interactive job
        ({"SLURM_PROCID": "1", "RANK": "0"}, True),  # torchrun numbers machines as they come
    ],
)
def test_one_process_writes(environment: dict[str, str], first: bool, monkeypatch: pytest.MonkeyPatch):
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert is_first_process() == first


def test_batches_are_shared_equally():
    Hardware(devices=4, nodes=2).expect_to_share(512, 2)
    with pytest.raises(RecipeError, match="batch of 500") as caught:
        Hardware(devices=4, nodes=2).expect_to_share(500, 2)
    assert "multiple of 16" in caught.value.hint
    assert Hardware(devices=2).strategy == "ddp"
    assert Hardware().strategy == "auto"


@pytest.mark.parametrize(
    ("accelerator", "gpus", "missing"),
    [("gpu", 0, True), ("gpu", 1, True), ("auto", 1, True), ("auto", 0, False), ("cpu", 0, False), ("gpu", 2, False)],
)
def test_missing_gpus_are_named(accelerator: str, gpus: int, missing: bool, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: gpus > 0)
    monkeypatch.setattr("torch.backends.mps.is_available", lambda: False)
    monkeypatch.setattr("torch.cuda.device_count", lambda: gpus)
    with pytest.raises(RecipeError, match=f"2 GPUs are asked for; PyTorch finds {gpus}") if missing else nullcontext():
        Hardware(accelerator=accelerator, devices=2).expect_available()
