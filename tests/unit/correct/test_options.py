import pytest
from pydantic import ValidationError

from reben.correct.options import CorrectOptions


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"engine": "engine"}, "there is no engine 'engine'; expected one of sen2cor, 6s"),
        ({"adjacency_range": -1}, "greater than or equal to 0"),
        ({"adjacency_range": 20_001}, "less than or equal to 20000"),
        ({"time_limit_h": 0}, "greater than 0"),
        ({"workers": 0}, "greater than or equal to 1"),
        ({"on_error": "pray"}, "'stop' or 'skip'"),
    ],
)
def test_what_is_out_of_range(given: dict[str, object], message: str):
    with pytest.raises(ValidationError, match=message):
        CorrectOptions.model_validate(given)
