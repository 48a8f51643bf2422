import pytest
from pydantic import BaseModel, ValidationError

from reben.learn.retrieval.options import EmbedOptions, EvaluateRetrievalOptions, IndexKind, RetrieveOptions


@pytest.mark.parametrize(
    ("model", "given"),
    [
        (EmbedOptions, {"split": ["train", "all"]}),
        (RetrieveOptions, {"k": 0}),
        (RetrieveOptions, {"search": "tree"}),
        (EvaluateRetrievalOptions, {"queries": None}),
    ],
)
def test_what_is_refused(model: type[BaseModel], given: dict[str, object]):
    with pytest.raises(ValidationError):
        model.model_validate(given)


def test_names_become_kinds():
    assert RetrieveOptions.model_validate({"search": "hnsw"}).search is IndexKind.hnsw
