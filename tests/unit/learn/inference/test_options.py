import pytest
from pydantic import BaseModel, ValidationError

from reben.learn.inference.options import EvaluateOptions, PredictOptions


@pytest.mark.parametrize(
    ("model", "given"),
    [
        (EvaluateOptions, {"split": "all"}),
        (EvaluateOptions, {"bootstrap": -1}),
        (EvaluateOptions, {"bootstrap_by": "country"}),
        (EvaluateOptions, {"workers": -1}),
        (PredictOptions, {"batch_size": 0}),
        (PredictOptions, {"palette": "grey"}),
        (PredictOptions, {"s1_unit": "bel"}),
    ],
)
def test_what_is_refused(model: type[BaseModel], given: dict[str, object]):
    with pytest.raises(ValidationError):
        model.model_validate(given)
