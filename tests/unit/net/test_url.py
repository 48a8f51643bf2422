import pytest

from reben.core.errors import DownloadError
from reben.net.url import expect_usable, is_address, without_query


@pytest.mark.parametrize("address", ["https://h/a", "http://localhost:8000/a", "http://[::1]/a", "HTTPS://h/a"])
def test_addresses_that_can_be_used(address: str):
    assert is_address(address)
    expect_usable(address)


@pytest.mark.parametrize(
    "address",
    ["http://h/a", "https://", "https://h:0/", "https://h:x/", "https://u@h/", "https://u:p@h/", "https://[::1/", "h"],
)
def test_addresses_that_cannot(address: str):
    with pytest.raises(DownloadError) as caught:
        expect_usable(address)
    assert caught.value.hint


def test_neither_query_nor_fragment_is_shown():
    assert without_query("https://h/a?b=c#d") == without_query("https://h/a#d") == "https://h/a"
