import pytest
from pydantic import ValidationError

from reben.publish.options import PublishOptions


def test_nothing_is_overwritten_or_hidden_unless_asked_for():
    options = PublishOptions()
    assert [options.update, options.private, options.dry_run] == [False] * 3
    assert options.license == "apache-2.0"
    with pytest.raises(ValidationError):
        PublishOptions.model_validate({"token": "secret"})
