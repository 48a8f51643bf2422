import pytest

from reben.acquire.service import Service
from reben.core.errors import DownloadError


def test_addresses_come_from_the_environment(monkeypatch: pytest.MonkeyPatch):
    assert Service.from_environment() == Service()
    monkeypatch.setenv("REBEN_CDSE_DOWNLOAD", "https://mirror.example.org/odata/v1/")
    assert Service.from_environment().value("7") == "https://mirror.example.org/odata/v1/Products(7)/$value"
    assert Service.from_environment().catalogue == Service().catalogue


@pytest.mark.parametrize("url", ["http://example.org/x", "ftp://example.org", "example.org", "file:///etc/passwd"])
def test_passwords_go_through_https_only(url: str):
    with pytest.raises(DownloadError, match="not an https address"):
        Service(identity=url)


def test_no_password_stands_in_an_address():
    with pytest.raises(DownloadError, match="has a user name") as caught:
        Service(identity="https://me:hunter2@example.org")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "may"),
    [
        ("https://download.dataspace.copernicus.eu/odata/v1/x", True),
        ("https://zipper.dataspace.copernicus.eu/x", True),
        ("https://zipper.dataspace.copernicus.eu:8443/x", False),
        ("http://zipper.dataspace.copernicus.eu/x", False),
        ("https://copernicus.eu/x", False),
        ("https://dataspace.copernicus.eu.example.org/x", False),
        ("https://evildataspace.copernicus.eu/x", False),
        ("https://example.org/download.dataspace.copernicus.eu", False),
        ("https://download.dataspace.copernicus.eu@example.org/", False),
    ],
)
def test_who_may_see_a_token(url: str, may: bool):
    assert Service().may_see_token(url) is may


def test_another_port_of_this_machine_is_another_service():
    service = Service(download="http://127.0.0.1:8000/download")
    assert service.may_see_token("http://127.0.0.1:8000/other")
    assert not service.may_see_token("http://127.0.0.1:8001/download")
    assert not service.may_see_token("http://10.0.0.1:8000/download")
    assert not Service(download="https://example.org/d").may_see_token("https://other.org/d")
