"""What pages of docs show must work as it stands there."""

import re
from pathlib import Path

import pytest

from reben.core.bands import BAND_SETS
from reben.core.classes import CLC2018
from reben.data.normalisation import PUBLISHED_STATISTICS
from reben.encode.datasets import DATASETS
from reben.learn.inference.onnx_export import export_onnx
from reben.learn.models.architectures import Architecture, build_model
from reben.learn.models.weights import TrainedModel, save_model
from stand_ins.command import run_reben
from stand_ins.hub import HubStandIn

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ("weights.md", "retrieval.md", "acquisition.md", "audit.md", "sharing.md")


def commands(page: str) -> list[list[str]]:
    found = re.findall(r"^reben (.*(?:\\\n.*)*)", (DOCS / page).read_text(), re.MULTILINE)
    return [command.replace("\\\n", " ").split() for command in found]


@pytest.fixture(scope="module")
def trained() -> TrainedModel:
    """A small model in place of the published one."""
    architecture = Architecture("test_resnet", 12, 19, 120, dropout=0, drop_path=0)
    model = build_model(architecture).eval()
    return TrainedModel(model, architecture, BAND_SETS["all"], PUBLISHED_STATISTICS, CLC2018.class_names)


@pytest.mark.parametrize("page", PAGES)
def test_every_command_and_option_exists(page: str):
    assert len(commands(page)) >= 2
    for words in commands(page):
        usage = run_reben(words[0], "--help", COLUMNS="200", TERM="dumb").stdout
        for option in (word for word in words if word.startswith("--")):
            assert option in usage, words


def test_the_table_of_data_sets_has_them_all():
    rows = re.findall(r"^\| [^|]+ \| `(\S+)` \|", (DOCS / "encoding.md").read_text(), re.MULTILINE)
    assert sorted(rows) == sorted(DATASETS.own)


@pytest.mark.parametrize("page", PAGES)
def test_pictures_and_tests_exist(page: str):
    text = (DOCS / page).read_text()
    for picture in re.findall(r"!\[.*?\]\((.*?)\)", text):
        assert (DOCS / picture).is_file()
    for path in re.findall(r"`(tests/\S+\.py)`", text):
        assert (DOCS.parent / path).is_file()


def test_the_examples_of_weights_run(  # noqa: PLR0917 - fixtures
    trained: TrainedModel,
    hub: HubStandIn,
    real_store: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    load, use_onnx = re.findall(r"```python\n(.*?)```", (DOCS / "weights.md").read_text(), re.DOTALL)
    save_model(tmp_path / "model", trained)
    name = "BIFOLD-BigEarthNetv2-0/resnet50-all-v0.2.0"
    hub.add(name, {file.name: file.read_bytes() for file in (tmp_path / "model").iterdir()})
    (tmp_path / "reben.store").symlink_to(real_store)
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    exec(load, names)  # noqa: S102 - our own text
    assert names["image"].shape == (12, 120, 120)
    assert capsys.readouterr().out.startswith("{")

    export_onnx(trained, tmp_path / "resnet50-all.onnx", with_normalisation=True)
    exec(use_onnx, names)  # noqa: S102
    assert list(names["probabilities"]) == list(CLC2018.class_names)
    assert all(0 < share < 1 for share in names["probabilities"].values())
