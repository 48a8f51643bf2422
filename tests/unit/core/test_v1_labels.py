import pytest

from reben.core.classes import CLC2018
from reben.core.errors import LegendError
from reben.core.v1_labels import class_of_label

V1_LABELS = """
    Agro-forestry areas; Airports; Annual crops associated with permanent crops; Bare rock; Beaches, dunes, sands;
    Broad-leaved forest; Burnt areas; Coastal lagoons; Complex cultivation patterns; Coniferous forest;
    Construction sites; Continuous urban fabric; Discontinuous urban fabric; Dump sites; Estuaries; Fruit trees
    and berry plantations; Green urban areas; Industrial or commercial units; Inland marshes; Intertidal flats;
    Land principally occupied by agriculture, with significant areas of natural vegetation; Mineral extraction
    sites; Mixed forest; Moors and heathland; Natural grassland; Non-irrigated arable land; Olive groves;
    Pastures; Peatbogs; Permanently irrigated land; Port areas; Rice fields; Road and rail networks and associated
    land; Salines; Salt marshes; Sclerophyllous vegetation; Sea and ocean; Sparsely vegetated areas; Sport and
    leisure facilities; Transitional woodland/shrub; Vineyards; Water bodies; Water courses
"""
"""As v1 spells them."""


def test_all_labels_of_v1_are_known():
    labels = " ".join(V1_LABELS.split()).split("; ")
    assert len(labels) == 43
    found = {label: class_of_label(label, CLC2018) for label in labels}
    assert {name for name in found.values() if name is not None} == set(CLC2018.class_names)
    assert sorted(label for label, name in found.items() if name is None) == [
        "Airports", "Bare rock", "Burnt areas", "Construction sites", "Dump sites", "Green urban areas",
        "Intertidal flats", "Mineral extraction sites", "Port areas", "Road and rail networks and associated land",
        "Sport and leisure facilities",
    ]  # fmt: skip
    assert found["Transitional woodland/shrub"] == "Transitional woodland, shrub"
    assert found["Peatbogs"] == "Inland wetlands"


def test_classes_are_labels_of_themselves():
    assert all(class_of_label(name, CLC2018) == name for name in CLC2018.class_names)


def test_other_labels_are_refused():
    with pytest.raises(LegendError, match="'Moon' is neither a class"):
        class_of_label("Moon", CLC2018)
