import yaml

from reben.describe.citation import citation_of
from reben.describe.facts import facts_of_dataset
from reben.describe.options import RecordOptions
from reben.io.dataset.paths import DatasetPaths


def test_the_file_is_yaml_with_the_authors(real_patches: DatasetPaths, told: RecordOptions):
    text = citation_of(facts_of_dataset(real_patches.root, told))
    content = yaml.safe_load(text)
    assert (content["cff-version"], content["type"], content["doi"]) == ("1.2.0", "dataset", "10.5281/zenodo.1")
    assert content["authors"] == [
        {"family-names": "Doe", "given-names": "Jane", "orcid": "https://orcid.org/0000-0002-1825-0097"},
        {"name": "Institute of Patches"},
    ]
    assert "references" not in content


def test_reben_refers_to_its_paper(real_patches: DatasetPaths):
    content = yaml.safe_load(citation_of(facts_of_dataset(real_patches.root, RecordOptions(reben=True))))
    assert [entry["doi"] for entry in content["references"]] == ["10.48550/arXiv.2407.03653"]


def test_without_authors_there_is_none(real_patches: DatasetPaths):
    assert citation_of(facts_of_dataset(real_patches.root, RecordOptions(license="MIT"))) is None
