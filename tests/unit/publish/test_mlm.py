import json
from dataclasses import replace
from pathlib import Path

import pystac
import pytest
from pystac.validation import validate_dict

from reben.core.classes import CLC2018
from reben.data.normalisation import PUBLISHED_STATISTICS
from reben.publish.mlm import mlm_item
from reben.publish.publication import write_publication
from reben.publish.run_facts import RunFacts, read_facts


@pytest.fixture
def facts(run: Path) -> RunFacts:
    return read_facts(run)


def test_the_extension_reads_what_goes_in_and_what_comes_out(facts: RunFacts):
    content = json.loads(json.dumps(mlm_item(facts, repository="someone/my-net", license_id="apache-2.0")))
    assert validate_dict(content, extensions=[])
    item = pystac.Item.from_dict(content)
    model = item.ext.mlm
    assert model.mlm_name == "my-net"
    assert model.architecture == "test_resnet"
    assert model.tasks == ["classification"]
    (given,) = model.input
    assert given.bands == ["VV", "VH"]
    assert (given.input.shape, given.input.dim_order) == ([-1, 2, 120, 120], ["batch", "bands", "height", "width"])
    scalings = content["properties"]["mlm:input"][0]["value_scaling"]  # pystac takes it for one object, not a list
    assert [scaling["mean"] for scaling in scalings] == [PUBLISHED_STATISTICS[name].mean for name in ("VV", "VH")]
    (result,) = model.output
    assert result.result.shape == [-1, 19]
    assert [entry.title for entry in result.classes] == list(CLC2018.class_names)
    assert model.total_parameters == sum(parameter.numel() for parameter in facts.trained.model.parameters())
    assert "mlm:model" in item.assets["model"].roles
    assert item.assets["model"].href == "./model.safetensors"


def test_it_lies_beside_the_weights_and_the_card_says_so(run: Path, facts: RunFacts, tmp_path: Path):
    found = write_publication(run, facts, tmp_path / "out", repository="someone/net", license_id="mit")
    item = pystac.Item.from_file(str(found.folder / "stac-item.json"))
    assert (found.folder / item.assets["model"].href).is_file()
    assert "stac-item.json" in (found.folder / "README.md").read_text()


@pytest.mark.parametrize("started", [None, 3, "yesterday"])
def test_without_a_time_there_is_no_item(run: Path, facts: RunFacts, tmp_path: Path, started: object):
    undated = replace(facts, environment={**facts.environment, "started": started})
    assert mlm_item(undated, repository="someone/net", license_id="mit") is None
    found = write_publication(run, undated, tmp_path / "out", repository="someone/net", license_id="mit")
    assert "stac-item.json" not in found.sizes
    assert "stac-item.json" not in (found.folder / "README.md").read_text()


@pytest.mark.parametrize(("repository", "name"), [("a/1st", "model-1st"), ("a/net.", "net"), ("a/x--y", "x--y")])
def test_names_are_those_that_the_extension_takes(facts: RunFacts, repository: str, name: str):
    content = mlm_item(facts, repository=repository, license_id="mit")
    assert content is not None
    assert content["id"] == content["properties"]["mlm:name"] == name
