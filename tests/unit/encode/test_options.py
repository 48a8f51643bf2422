import pytest
from pydantic import ValidationError

from reben.encode.options import EncodeOptions


@pytest.mark.parametrize("given", [{"shards": 0}, {"workers": 0}, {"on_error": "go"}, {"skip": True}])
def test_what_is_refused(given: dict[str, object]):
    with pytest.raises(ValidationError):
        EncodeOptions.model_validate(given)
