from dataclasses import replace

import pytest

from reben.describe.datacite import datacite_of, missing_for_datacite
from reben.describe.facts import facts_of_dataset
from reben.describe.options import RecordOptions
from reben.io.dataset.paths import DatasetPaths


def test_all_that_the_schema_asks_for_is_there(real_patches: DatasetPaths, told: RecordOptions):
    record = datacite_of(facts_of_dataset(real_patches.root, told), nbytes=10)
    assert record is not None
    assert record["schemaVersion"] == "http://datacite.org/schema/kernel-4"
    assert record["types"]["resourceTypeGeneral"] == "Dataset"
    assert record["creators"][0]["nameIdentifiers"][0]["nameIdentifier"] == "https://orcid.org/0000-0002-1825-0097"
    assert record["creators"][1] == {"name": "Institute of Patches", "nameType": "Organizational"}
    assert (record["publicationYear"], record["publisher"]) == ("2026", {"name": "Zenodo"})
    box = record["geoLocations"][0]["geoLocationBox"]
    assert box["westBoundLongitude"] < box["eastBoundLongitude"]
    assert record["dates"][1] == {"date": "2017-06-12/2017-06-13", "dateType": "Collected"}
    assert "relatedIdentifiers" not in record
    assert record["sizes"] == ["12 patches", "10 bytes"]


@pytest.mark.parametrize("missing", ["authors", "issued", "publisher"])
def test_without_what_it_asks_for_there_is_none(real_patches: DatasetPaths, told: RecordOptions, missing: str):
    facts = facts_of_dataset(real_patches.root, told)
    less = replace(facts, identity=replace(facts.identity, **{missing: () if missing == "authors" else None}))
    assert datacite_of(less) is None
    assert missing_for_datacite(less) == [f"--{missing.removesuffix('s')}"]


def test_rebens_works_are_related(real_patches: DatasetPaths, told: RecordOptions):
    record = datacite_of(facts_of_dataset(real_patches.root, told.model_copy(update={"reben": True})))
    assert record is not None
    assert {entry["relationType"] for entry in record["relatedIdentifiers"]} == {"IsDerivedFrom", "IsDescribedBy"}
