import gc
import pickle

import torch

from reben.data.buffers import BatchMemory


def test_memory_comes_back_when_a_tensor_is_gone():
    memory = BatchMemory()
    first = memory.tensor((4, 3))
    place = first.data_ptr()
    view = first[1:]
    del first
    gc.collect()
    second = memory.tensor((4, 3))
    assert second.data_ptr() != place  # the view still needs it
    del view
    gc.collect()
    assert memory.tensor((4, 3)).data_ptr() == place


def test_tensors_have_the_shape_that_was_asked_for():
    memory = BatchMemory()
    small = memory.tensor((2, 5))
    del small
    large = memory.tensor((20, 5))
    assert large.shape == (20, 5)
    assert large.dtype == torch.float32
    large.fill_(1)


def test_a_copy_in_another_process_starts_empty():
    memory = pickle.loads(pickle.dumps(BatchMemory()))  # noqa: S301 - our own bytes
    assert memory.tensor((2, 2)).shape == (2, 2)
