import pytest
import torch

from reben.learn.tasks.map_decoder import MapDecoder


def maps_of(*shapes: tuple[int, int]) -> list[torch.Tensor]:
    return [torch.randn(2, channels, side, side) for channels, side in shapes]


@pytest.mark.parametrize(
    ("shapes", "side", "expected"),
    [
        pytest.param([(4, 32), (8, 16), (16, 8), (32, 4), (64, 2)], 64, 64, id="strides 2 to 32"),
        pytest.param([(8, 16), (16, 8), (32, 4)], 64, 64, id="no map of stride 2"),
        pytest.param([(8, 16), (8, 16), (16, 8)], 64, 64, id="two of one stride"),
        pytest.param([(8, 64), (8, 32), (16, 16)], 64, 64, id="one as large as the image"),
        pytest.param([(8, 7)] * 4, 98, 112, id="four of one side"),
        pytest.param([(8, 15)], 120, 240, id="one"),
        pytest.param([(8, 5)] * 6, 80, 80, id="six of one side"),
    ],
)
def test_every_map_that_counts_gets_a_gradient(shapes: list[tuple[int, int]], side: int, expected: int):
    decoder, maps = MapDecoder(shapes, side, 3), maps_of(*shapes)
    for taken in maps:
        taken.requires_grad_()
    logits = decoder(maps)
    assert logits.shape == (2, 3, expected, expected)
    logits.square().sum().backward()
    assert all(parameter.grad is not None for parameter in decoder.parameters())
    assert maps[-1].grad.any()
    used = sum(taken.grad is not None for taken in maps)
    strides = {own for _, own in shapes} - {side}
    assert used == (min(4, len(shapes)) if len(strides) == 1 else len(strides))


@pytest.mark.parametrize("shapes", [[(8, 30), (8, 10)], [(8, 128), (8, 64)]])
def test_sides_that_are_not_halved_are_refused(shapes: list[tuple[int, int]]):
    with pytest.raises(ValueError, match="cannot be decoded"):
        MapDecoder(shapes, 64, 3)
