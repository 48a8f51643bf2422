"""What is done with the networks of TerraTorch, by stand-ins for them; test_encoder.py has tests of the real ones."""

import torch
from torch import nn

from reben.learn.backbones.terratorch_networks import ClayEncoder, PrithviEncoder, TerraMindEncoder


class TerraMindStandIn(nn.Module):
    """Gives eight layers of nine places, whose values are the number of the layer plus the mean of what is given."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, given: dict[str, torch.Tensor]) -> list[torch.Tensor]:
        self.given = {name: tuple(part.shape) for name, part in given.items()}
        mean = torch.cat(list(given.values()), 1).mean((1, 2, 3))
        return [(number + mean).view(-1, 1, 1).expand(-1, 9, 5) * self.scale for number in range(8)]


def test_terramind_is_given_each_sensor_by_its_name():
    for radar, channels, expected in (
        (2, 14, {"S1GRD": (3, 2, 8, 8), "S2L2A": (3, 12, 8, 8)}),
        (2, 2, {"S1GRD": (3, 2, 8, 8)}),
        (0, 12, {"S2L2A": (3, 12, 8, 8)}),
    ):
        encoder = TerraMindEncoder(TerraMindStandIn(), radar=radar)
        features = encoder(torch.zeros(3, channels, 8, 8))
        assert encoder.network.given == expected
        assert features.places.shape == (3, 9, 5)
        assert torch.equal(features.pooled, torch.full((3, 5), 7.0))
        depths = encoder.depths(torch.zeros(3, channels, 8, 8))
        assert [depth.mean().item() for depth in depths] == [1, 3, 5, 7]
        assert {depth.shape for depth in depths} == {(3, 5, 3, 3)}


def test_other_modalities_of_terraminds_file_are_left_out():
    encoder = TerraMindEncoder(TerraMindStandIn(), radar=2)
    encoder.load({"scale": torch.full((1,), 2.0), "decoder.0.weight": torch.zeros(3)}, "file")
    assert encoder.network.scale.item() == 2


class PrithviStandIn(nn.Module):
    """Gives a class token and four places, twice."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(2))
        self.register_buffer("pos_embed", torch.ones(1, 5, 2))
        self.blocks = nn.ModuleList(nn.Identity() for _ in range(4))

    def forward_features(self, images: torch.Tensor) -> list[torch.Tensor]:
        tokens = torch.arange(10.0).view(1, 5, 2).expand(len(images), -1, -1)
        for block in self.blocks:
            tokens = block(tokens)
        return [tokens - 100, tokens]


def test_prithvis_class_token_is_told_from_places():
    encoder = PrithviEncoder(PrithviStandIn())
    features = encoder(torch.zeros(2, 6, 8, 8))
    assert features.token.tolist() == [[0, 1], [0, 1]]
    assert features.pooled.tolist() == [[5, 6], [5, 6]]
    depths = encoder.depths(torch.zeros(2, 6, 8, 8))
    assert [depth[0, 0].tolist() for depth in depths] == [[[2, 4], [6, 8]]] * 4


def test_published_names_of_prithvi_become_those_of_its_encoder():
    for prefix in ("encoder.", "", "_timm_module.encoder."):
        encoder = PrithviEncoder(PrithviStandIn())
        published = {
            f"{prefix}weight": torch.ones(2),
            f"{prefix}pos_embed": torch.zeros(1, 13, 2),  # of three images
            "mask_token": torch.zeros(2),
            "decoder.weight": torch.zeros(7),
        }
        encoder.load(published, "file")
        assert encoder.network.weight.tolist() == [1, 1]
        assert encoder.network.pos_embed.shape == (1, 5, 2)


class ClayStandIn(nn.Module):
    """Gives eight layers of a class token and four places, and notes the size of a pixel."""

    def __init__(self) -> None:
        super().__init__()
        self.clay_encoder = nn.Linear(2, 1)

    def forward_features(self, images: torch.Tensor, gsd: float) -> list[torch.Tensor]:
        self.gsd = gsd
        tokens = torch.arange(10.0).view(1, 5, 2).expand(len(images), -1, -1)
        return [tokens + 10 * number for number in range(8)]


def test_clay_is_told_the_size_of_a_pixel():
    encoder = ClayEncoder(ClayStandIn())
    features = encoder(torch.zeros(2, 10, 8, 8))
    assert encoder.network.gsd == 10.0
    assert features.pooled.tolist() == features.token.tolist() == [[70, 71], [70, 71]]
    depths = encoder.depths(torch.zeros(2, 10, 8, 8))
    assert [depth[0, 0].tolist() for depth in depths] == [[[2 + n, 4 + n], [6 + n, 8 + n]] for n in (10, 30, 50, 70)]


def test_of_clays_file_the_encoder_is_taken():
    encoder = ClayEncoder(ClayStandIn())
    published = {
        "model.encoder.weight": torch.ones(1, 2),
        "model.encoder.bias": torch.ones(1),
        "model.decoder.x": torch.ones(1),
    }
    encoder.load(published, "file")
    assert encoder.network.clay_encoder.weight.tolist() == [[1, 1]]
    encoder.load({"weight": torch.zeros(1, 2), "bias": torch.zeros(1)}, "file")  # as it is kept once converted
    assert encoder.network.clay_encoder.weight.tolist() == [[0, 0]]
