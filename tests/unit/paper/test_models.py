import csv
from pathlib import Path

import timm

from reben.paper.models import MODALITIES, PAPER_MODELS


def test_scores_are_those_of_the_paper(shared_data: Path):
    with (shared_data.parent / "paper" / "table1.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(PAPER_MODELS) * len(MODALITIES) == 24
    assert list(dict.fromkeys(row["timm_name"] for row in rows)) == list(PAPER_MODELS)
    for row in rows:
        model = PAPER_MODELS[row["timm_name"]]
        assert model.title == row["model"]
        for name in ("ap_macro", "ap_micro", "f1_macro", "f1_micro"):
            assert getattr(model.scores[row["modality"]], name) == float(row[name])


def test_timm_has_all_models():
    assert all(timm.is_model(name) for name in PAPER_MODELS)


def test_published_weights_have_names():
    assert PAPER_MODELS["resnet50"].weights("s2") == "BIFOLD-BigEarthNetv2-0/resnet50-s2-v0.2.0"
