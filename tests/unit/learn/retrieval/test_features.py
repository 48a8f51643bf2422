from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from torch import nn

from reben.core.bands import BAND_SETS
from reben.core.classes import CLC2018
from reben.core.errors import MetadataError, RunError
from reben.data.normalisation import PUBLISHED_STATISTICS
from reben.data.opening import open_dataset
from reben.io.dataset.paths import DatasetPaths
from reben.learn.backbones.row import Pool
from reben.learn.inference.outputs import finite
from reben.learn.models.architectures import Architecture, build_model
from reben.learn.models.backbone_weights import load_backbone
from reben.learn.models.weights import TrainedModel, load_model, save_model
from reben.learn.retrieval import features
from reben.learn.retrieval.embeddings import read_embeddings
from reben.learn.retrieval.features import embed, embed_patch
from reben.learn.retrieval.options import EmbedOptions
from reben.learn.retrieval.sources import LAYER


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("features") / "my-run"
    architecture = Architecture("test_resnet", 12, 19, 120, dropout=0.5, drop_path=0)
    save_model(
        folder,
        TrainedModel(
            build_model(architecture), architecture, BAND_SETS["all"], PUBLISHED_STATISTICS, CLC2018.class_names
        ),
    )
    return folder


def test_embeddings_are_what_the_classifier_gets(
    run: Path, tiny_store: Path, tiny_dataset: DatasetPaths, tmp_path: Path
):
    told: list[int] = []
    count = embed(
        run, store=tiny_store, metadata=[tiny_dataset.metadata], output=tmp_path / "e.parquet",
        options=EmbedOptions(batch_size=4),
        start=lambda total: told.append(-total) or told.append,
    )  # fmt: skip
    table = read_embeddings(tmp_path / "e.parquet")
    assert told[0] == -count == -sum(told[1:])
    dataset = open_dataset(tiny_store, tiny_dataset.metadata)
    assert table.ids == dataset.patches.ids.to_pylist()
    np.testing.assert_array_equal(table.multi_hot(), dataset.patches.labels)
    model = load_model(run).model
    with torch.inference_mode():
        logits = model(torch.stack([dataset[number]["image"] for number in range(count)]))
        again = model.get_classifier()(torch.from_numpy(table.vectors))
    torch.testing.assert_close(again, logits, rtol=1e-4, atol=1e-4)


def test_the_table_says_where_it_comes_from(run: Path, tiny_store: Path, tiny_dataset: DatasetPaths, tmp_path: Path):
    path = tmp_path / "e.parquet"
    embed(run, store=tiny_store, metadata=[tiny_dataset.metadata], output=path, options=EmbedOptions(split=("test",)))
    table = read_embeddings(path)
    assert set(table.rows["split"].to_pylist()) == {"test"}
    assert set(table.rows["country"].to_pylist()) == {"Nowhere"}
    model = table.model
    assert (model.checkpoint, model.timm_name, model.layer) == ("my-run", "test_resnet", LAYER)
    assert (model.bands, model.mean[0]) == (BAND_SETS["all"], PUBLISHED_STATISTICS["VV"].mean)
    assert str(run.parent).encode() not in str(pq.read_schema(path).metadata).encode()


def test_a_single_patch_has_the_embedding_of_the_table(
    run: Path, tiny_store: Path, tiny_dataset: DatasetPaths, tmp_path: Path
):
    embed(run, store=tiny_store, metadata=[tiny_dataset.metadata], output=tmp_path / "e.parquet")
    table = read_embeddings(tmp_path / "e.parquet")
    single = embed_patch(run, table.ids[3], store=tiny_store, metadata=[tiny_dataset.metadata])
    np.testing.assert_allclose(single.vectors[0], table.vectors[3], rtol=1e-4, atol=1e-4)
    assert single.model == table.model
    assert single.ids == [table.ids[3]]


def test_cloudy_patches_are_embedded_if_asked_for(
    run: Path, tiny_store: Path, tiny_dataset: DatasetPaths, tmp_path: Path
):
    cloudy = tiny_dataset.snow_and_cloud_metadata
    with pytest.raises(MetadataError, match="no patch of train, validation, test"):
        embed(run, store=tiny_store, metadata=[cloudy], output=tmp_path / "e.parquet")
    assert not list(tmp_path.iterdir())
    options = {
        "store": tiny_store,
        "metadata": [cloudy],
        "output": tmp_path / "e.parquet",
        "options": EmbedOptions(snow_and_cloud=True),
    }
    assert embed(run, **options) == len(read_embeddings(tmp_path / "e.parquet"))


class Odd(nn.Module):
    """Gives whatever features a test wants."""

    def __init__(self, result: torch.Tensor) -> None:
        super().__init__()
        self.result = result

    def forward_features(self, images: torch.Tensor) -> torch.Tensor:
        return images

    def forward_head(self, _features: torch.Tensor, pre_logits: bool) -> torch.Tensor:
        assert pre_logits
        return self.result


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (nn.Identity(), "no layer before a classifier"),
        (Odd(torch.zeros(1, 4, 2, 2)), "not a vector each"),
        (Odd(torch.full((1, 4), torch.nan)), "NaN or infinite"),
    ],
)
def test_models_without_usable_features(model: nn.Module, message: str):
    with pytest.raises(RunError, match=message):
        finite(features._features(SimpleNamespace(model=model), torch.zeros(1, 12, 120, 120)))


def test_backbones_embed_what_their_network_makes_of_stored_values(
    tiny_store: Path, tiny_dataset: DatasetPaths, tmp_path: Path
):
    options = {"store": tiny_store, "metadata": [tiny_dataset.metadata], "output": tmp_path / "e.parquet"}
    embed(backbone="test_resnet@random", options=EmbedOptions(batch_size=4, pool=Pool.mean), **options)
    table = read_embeddings(tmp_path / "e.parquet")
    backbone = load_backbone("test_resnet@random", pool=Pool.mean).model
    raw = open_dataset(tiny_store, tiny_dataset.metadata, bands=backbone.row.bands, statistics=None)
    assert table.ids == raw.patches.ids.to_pylist()
    with torch.inference_mode():
        expected = backbone(torch.stack([raw[number]["image"] for number in range(len(raw))]))
    np.testing.assert_allclose(table.vectors, expected, rtol=1e-4, atol=1e-4)
    assert table.model.checkpoint == "test_resnet@random"
    assert table.model.row == backbone.row.as_json()
    assert len(table.provenance["patches_sha256"]) == 64
    embed(backbone="raw-all", options=EmbedOptions(precision="bfloat16", dtype="float16"), **options)
    assert read_embeddings(tmp_path / "e.parquet").vectors.shape[1] == 28
