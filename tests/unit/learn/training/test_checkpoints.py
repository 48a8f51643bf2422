import pickle
from pathlib import Path

import pytest
import torch

from reben.core.errors import RunError
from reben.learn.training.checkpoints import SafetensorsCheckpointIO


def equal(one: object, other: object) -> bool:
    if isinstance(one, torch.Tensor):
        return isinstance(other, torch.Tensor) and one.dtype == other.dtype and torch.equal(one, other)
    if isinstance(one, dict):
        return isinstance(other, dict) and list(one) == list(other) and all(equal(one[k], other[k]) for k in one)
    if isinstance(one, list | tuple):
        return type(one) is type(other) and len(one) == len(other) and all(map(equal, one, other))
    return type(one) is type(other) and one == other


def test_what_is_written_is_read(tmp_path: Path):
    weight = torch.randn(3, 4)
    state = {
        "state_dict": {"a": weight, "shared": weight, "scalar": torch.tensor(3), "empty": torch.empty(0)},
        "optimizer": [{"state": {0: {"step": torch.tensor(2.0), "lr": 1e-3}}, "groups": [{"betas": (0.9, 0.999)}]}],
        "loops": {"done": True, "name": "fit", "nothing": None, "best": float("-inf"), 7: [1, [2]]},
    }
    path = tmp_path / "state.safetensors"
    SafetensorsCheckpointIO().save_checkpoint(state, path)
    assert equal(SafetensorsCheckpointIO().load_checkpoint(path), state)
    assert list(tmp_path.iterdir()) == [path]


def test_what_cannot_be_written_is_named_and_leaves_nothing(tmp_path: Path):
    with pytest.raises(TypeError, match="cannot hold set"):
        SafetensorsCheckpointIO().save_checkpoint({"a": {1, 2}}, tmp_path / "state.safetensors")
    assert not list(tmp_path.iterdir())


def test_a_pickle_is_never_loaded(tmp_path: Path):
    class Bomb:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return Path.touch, (tmp_path / "exploded",)

    path = tmp_path / "state.safetensors"
    path.write_bytes(pickle.dumps({"state_dict": Bomb()}))
    with pytest.raises(RunError, match="is not a checkpoint"):
        SafetensorsCheckpointIO().load_checkpoint(path)
    assert not (tmp_path / "exploded").exists()


def test_removing(tmp_path: Path):
    path = tmp_path / "state.safetensors"
    SafetensorsCheckpointIO().save_checkpoint({"a": 1}, path)
    SafetensorsCheckpointIO().remove_checkpoint(path)
    SafetensorsCheckpointIO().remove_checkpoint(path)
    assert not path.exists()
