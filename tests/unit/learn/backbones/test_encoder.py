import sys
from importlib.metadata import EntryPoint

import pytest
import torch

from own_process import in_own_process
from reben.core.errors import BackboneError, MissingExtraError
from reben.learn.backbones.model import build_backbone
from reben.learn.backbones.row import Pool
from reben.learn.backbones.table import BACKBONES, find_backbone


def test_a_control_gives_means_and_deviations():
    row = BACKBONES["raw-s1"]
    model = build_backbone(row)
    images = torch.randn(3, 2, 120, 120) * 4 - 10
    mean, std = (torch.tensor(v).view(-1, 1, 1) for v in (row.values.mean, row.values.std))
    fed = (images - mean) / std
    expected = torch.cat([fed.mean((2, 3)), fed.std((2, 3), correction=0)], 1)
    torch.testing.assert_close(model(images), expected)


SMALLEST = "moco-resnet18-s2"
_SWIN = pytest.param("swin_tiny_patch4_window7_224", marks=pytest.mark.slow)


@pytest.mark.parametrize("name", ["vit_tiny_patch16_224", "test_vit", "test_resnet", _SWIN])
def test_pooling(name: str):
    model = build_backbone(find_backbone(name)).eval()
    with torch.no_grad():
        features = model.forward_features(torch.rand(2, 10, 120, 120) * 3000)
    assert features.places.shape[::2] == (2, model.dimensions)
    torch.testing.assert_close(features.vector(Pool.mean, name), features.places.mean(1))
    assert torch.equal(features.vector(Pool.authors, name), features.pooled)
    if features.token is None:
        with pytest.raises(BackboneError, match="has no class token"):
            features.vector(Pool.token, name)
    else:
        torch.testing.assert_close(features.vector(Pool.token, name), features.pooled)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(SMALLEST, marks=pytest.mark.slow),
        *(pytest.param(name, marks=pytest.mark.slow) for name in ("moco-resnet50-s1", "dino-vits16-s2")),
        *(pytest.param(name, marks=pytest.mark.slow) for name in ("softcon-vits14-s1", "satlas-swint-s2-si")),
        pytest.param("croma-base-s1", marks=pytest.mark.slow), pytest.param("croma-base-all", marks=pytest.mark.slow),
        pytest.param("dofa-base-s2", marks=pytest.mark.slow),
        pytest.param("panopticon-vitb14-s2", marks=pytest.mark.slow),
        pytest.param("copernicus-fm-base-s2", marks=pytest.mark.slow),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("torchgeo_models")
def test_vectors_have_the_dimensions_of_the_row(name: str):
    if name == SMALLEST:
        expect_vectors(name)
    else:
        in_own_process(expect_vectors, name)


def expect_vectors(name: str) -> None:
    row = BACKBONES[name]
    model = build_backbone(row).eval()
    with torch.no_grad():
        vectors = model(torch.rand(2, len(row.bands), 120, 120) * 1000)
    assert vectors.shape == (2, row.dimensions)
    assert vectors.isfinite().all()


@pytest.mark.slow
@pytest.mark.usefixtures("terratorch_models")
@pytest.mark.parametrize(
    "name", ["terramind-tiny-s1", "terramind-tiny-all", "prithvi-eo-2.0-tiny-tl", "clay-1.0-base-s2"]
)
def test_vectors_of_terratorch(name: str):
    in_own_process(expect_vectors, name)


_COUNTED = [name for name in BACKBONES.own if not name.startswith("reben-")]


@pytest.mark.parametrize("name", [name for name in _COUNTED if BACKBONES[name].library != "terratorch"])
@pytest.mark.slow
@pytest.mark.usefixtures("torchgeo_models")
def test_rows_tell_the_number_of_weights(name: str):
    expect_number_of_weights(name)


@pytest.mark.parametrize("name", [name for name in _COUNTED if BACKBONES[name].library == "terratorch"])
@pytest.mark.slow
@pytest.mark.usefixtures("terratorch_models")
def test_rows_of_terratorch_tell_the_number_of_weights(name: str):
    in_own_process(expect_number_of_weights, name, device="cpu")  # it computes embeddings while it builds


def expect_number_of_weights(name: str, device: str = "meta") -> None:
    row = BACKBONES[name]
    with torch.device(device):
        network = EntryPoint(name, row.encoder, "x").load()(row).network
    heads = ("head.", "fc.")
    assert row.parameters == sum(p.numel() for n, p in network.named_parameters() if not n.startswith(heads))


def test_a_library_that_is_missing_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch):
    for name, module, extra in (
        ("terramind-tiny-s1", "terratorch", "terratorch"), ("dofa-base-s2", "torchgeo", "backbones"),
    ):  # fmt: skip
        for loaded in [known for known in sys.modules if known.partition(".")[0] == module]:
            monkeypatch.delitem(sys.modules, loaded)
        monkeypatch.setitem(sys.modules, module, None)
        with pytest.raises(MissingExtraError, match=f"needs {module}") as refused:
            build_backbone(BACKBONES[name])
        assert f"reben[{extra}]" in str(refused.value.hint)


def test_weights_of_another_network_are_refused():
    encoder = build_backbone(find_backbone("test_resnet")).encoder
    state = dict(encoder.network.state_dict())
    encoder.load({**state, "fc.weight": torch.zeros(3, 3)}, "file")  # a head is no fault
    first = next(iter(state))
    for fault, message in (
        ({name: tensor for name, tensor in state.items() if name != first}, f"{first} is missing"),
        ({**state, "extra": torch.zeros(1)}, "extra is not part of it"),
        ({**state, first: torch.zeros(1)}, r"has shape \[1\] instead of"),
        ({**state, first: state[first] * float("nan")}, "holds NaN"),
    ):
        with pytest.raises(BackboneError, match=message):
            encoder.load(fault, "file")
