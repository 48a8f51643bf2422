import pytest

from reben.core.errors import HubError
from reben.net.hub import HubName


def test_names_are_parsed():
    assert HubName.parse("a/b@v1/x") == HubName("a/b", "v1/x")
    assert str(HubName("a/b", "v1")) == "a/b@v1"
    with pytest.raises(HubError, match="expected owner/name"):
        HubName.parse("no name")
