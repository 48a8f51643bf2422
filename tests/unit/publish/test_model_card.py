from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from huggingface_hub import ModelCard

from reben.core.classes import CLC2018
from reben.publish.model_card import CardOptions, title, write_card
from reben.publish.run_facts import RunFacts, read_facts

OPTIONS = CardOptions("someone/model", "mit", "reBEN (BigEarthNet v2.0)", picture=True)


@pytest.fixture
def facts(run: Path) -> RunFacts:
    return read_facts(run)


def front_matter(card: str) -> dict[str, object]:
    block: dict[str, object] = yaml.safe_load(card.split("---\n")[1])
    return block


def test_the_metadata_block_is_what_the_hub_reads(facts: RunFacts):
    card = write_card(facts, OPTIONS)
    parsed = ModelCard(card).data  # the library's own reader
    assert (parsed.license, parsed.library_name, parsed.pipeline_tag) == ("mit", "reben", "image-classification")
    assert {"sentinel-1", "test_resnet"} <= set(parsed.tags)
    assert "sentinel-2" not in parsed.tags
    results = {result.metric_name: result for result in parsed.eval_results}
    assert results["macro average precision"].metric_value == 0.4321
    assert results["micro F1"].metric_value == 0.5
    assert results["micro F1"].dataset_name == "reBEN (BigEarthNet v2.0)"
    assert results["micro F1"].dataset_split == "test"


def test_the_text_has_all_that_is_needed_to_use_the_model(facts: RunFacts):
    card = write_card(facts, OPTIONS)
    assert title(facts) == "test_resnet, Sentinel-1"
    for text in (
        'reben.load_model("someone/model")',
        "| 0 | VV | 10 m | -12.6439 | 5.1335 |",
        "| 1 | VH | 10 m | -19.3526 | 5.5905 |",
        "| macro average precision | 0.4321 |",
        "| macro average precision by chance | 0.1230 |",
        "12,345 patches of the test split of reBEN",
        "| validation macro average precision | 0.5678 |",
        "| learning_rate | 0.001 |",
        "| 4 | Coastal wetlands | no test patch has it |",
        "(test_patches.png)",
        "arXiv",
        "mit, as its publisher states",
    ):
        assert text in card
    assert all(name in card for name in CLC2018.class_names)


def test_an_untested_model_says_so_and_claims_no_result(facts: RunFacts):
    card = write_card(replace(facts, test=None), OPTIONS)
    assert "This model was not tested" in card
    assert "model-index" not in front_matter(card)
    assert "| macro average precision |" not in card
    assert "0.5678" in card


def test_an_unnamed_data_set_is_not_called_reben(facts: RunFacts):
    card = write_card(facts, replace(OPTIONS, dataset=None))
    assert "did not name its data set" in card
    dataset = front_matter(card)["model-index"][0]["results"][0]["dataset"]
    assert (dataset["name"], dataset["type"]) == ("not named", "unknown")


def test_texts_cannot_break_the_block_or_a_table(facts: RunFacts):
    nasty = replace(facts, recipe={"note": "a | b\n| c <script>"})
    card = write_card(nasty, replace(OPTIONS, dataset='x"\n---\nlicense: none', license="mit"))
    assert front_matter(card)["license"] == "mit"
    assert "| note | a \\| b \\| c &lt;script> |" in card
