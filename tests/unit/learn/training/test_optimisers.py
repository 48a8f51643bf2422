import pytest
import torch

from reben.learn.training.optimisers import OPTIMISERS
from reben.learn.training.recipe import make_recipe


@pytest.mark.parametrize("name", OPTIMISERS)
def test_each_moves_the_weights_downhill_with_its_settings(name: str):
    assert make_recipe(model="resnet18", optimizer=name).optimizer == name
    weight = torch.nn.Parameter(torch.tensor([3.0]))
    optimizer = OPTIMISERS[name]([weight], 0.1, 0.01)
    assert optimizer.param_groups[0]["lr"] == 0.1
    assert optimizer.param_groups[0]["weight_decay"] == 0.01
    for _ in range(60):
        optimizer.zero_grad()
        (weight**2).sum().backward()
        optimizer.step()
    assert abs(weight.item()) < 1


def test_the_paper_trains_with_adamw():
    assert isinstance(OPTIMISERS["adamw"]([torch.nn.Parameter(torch.zeros(1))], 1e-3, 0.01), torch.optim.AdamW)
