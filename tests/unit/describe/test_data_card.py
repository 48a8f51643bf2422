from pathlib import Path

import pytest
import yaml
from huggingface_hub import DatasetCard

from reben.describe.data_card import ViewerConfig, card_of
from reben.describe.facts import facts_of_dataset
from reben.describe.files import DescribedFile
from reben.describe.options import RecordOptions
from reben.io.dataset.paths import DatasetPaths


def test_the_hub_reads_the_block(real_patches: DatasetPaths, told: RecordOptions):
    configs = [
        ViewerConfig("images", {"train": "images/train-*.parquet"}),
        ViewerConfig("patches", {"all_of": "p.parquet"}),
    ]
    text = card_of(facts_of_dataset(real_patches.root, told), [DescribedFile("a|b.bin", "store", 5)], configs)
    data = DatasetCard(text).data.to_dict()
    assert data["license"] == "cc-by-4.0"
    assert data["size_categories"] == ["n<1K"]
    assert data["configs"][0] == {
        "config_name": "images", "default": True, "data_files": [{"split": "train", "path": "images/train-*.parquet"}],
    }  # fmt: skip
    assert "| a\\|b.bin | 5 bytes |" in text
    assert "| Austria | 12 |" in text
    assert 'load_dataset("FOLDER", "images")' in text


@pytest.mark.parametrize(
    ("license_id", "block"),
    [
        ("CDLA-Permissive-1.0", {"license": "cdla-permissive-1.0"}),
        ("ODbL-1.0", {"license": "odbl"}),
        ("EUPL-1.2", {"license": "other", "license_name": "eupl-1.2"}),
        ("other", {"license": "other", "license_name": "other"}),
    ],
)
def test_licences_are_called_as_the_hub_calls_them(real_patches: DatasetPaths, license_id: str, block: dict[str, str]):
    text = card_of(facts_of_dataset(real_patches.root, RecordOptions(license=license_id)), [])
    assert block.items() <= yaml.safe_load(text.split("---\n")[1]).items()


def test_a_store_is_opened_by_the_code_of_the_card(data_folder: Path):
    text = card_of(facts_of_dataset(data_folder, RecordOptions(license="MIT")), [])
    assert "reben.open_dataset" in text
    assert "load_dataset" not in text  # there is nothing that it would load
