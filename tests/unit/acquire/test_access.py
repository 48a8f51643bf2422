import sys
import traceback
from concurrent.futures import ThreadPoolExecutor

import keyring
import pytest
from httpx2 import Client
from keyring.backend import KeyringBackend
from keyring.backends import fail
from keyring.credentials import SimpleCredential
from keyring.errors import KeyringLocked

from reben.acquire.access import KEYRING_SERVICE, Credentials, Service, Tokens, read_credentials
from reben.core.errors import CredentialsError, DownloadError
from reben.net.retries import RetryPolicy
from reben.net.stopping import Stop
from stand_ins.data_space import PASSWORD, USERNAME, DataSpaceStandIn


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


class _Keyring(KeyringBackend):
    """A keyring in memory: a stand-in for the system's."""

    priority = 1
    locked = False

    def get_password(self, service: str, username: str) -> str | None:
        if self.locked:
            raise KeyringLocked("hunter2 is locked")
        return "from the keyring" if (service, username) == (KEYRING_SERVICE, "me") else None

    def set_password(self, service: str, username: str, password: str) -> None:
        raise NotImplementedError

    def get_credential(self, service: str, username: str | None) -> SimpleCredential | None:
        password = self.get_password(service, username or "me")
        return None if password is None else SimpleCredential(username or "me", password)


@pytest.fixture
def ring(monkeypatch: pytest.MonkeyPatch):
    for name in ("CDSE_USERNAME", "CDSE_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    before, ring = keyring.get_keyring(), _Keyring()
    keyring.set_keyring(ring)
    yield ring
    keyring.set_keyring(before)


@pytest.mark.usefixtures("ring")
def test_the_environment_comes_first(monkeypatch: pytest.MonkeyPatch):
    assert read_credentials() == Credentials("me", "from the keyring")
    monkeypatch.setenv("CDSE_USERNAME", "me")
    assert read_credentials() == Credentials("me", "from the keyring")
    monkeypatch.setenv("CDSE_PASSWORD", "secret")
    assert read_credentials() == Credentials("me", "secret")
    monkeypatch.setenv("CDSE_USERNAME", "")
    assert read_credentials() == Credentials("me", "from the keyring")


def test_what_is_missing_is_named(ring: _Keyring, monkeypatch: pytest.MonkeyPatch):
    keyring.set_keyring(fail.Keyring())
    for given, message in (
        ({}, "there are no credentials"),
        ({"CDSE_USERNAME": "you"}, "CDSE_PASSWORD is not set"),
        ({"CDSE_PASSWORD": "secret"}, "CDSE_USERNAME is not set"),
    ):
        for name in ("CDSE_USERNAME", "CDSE_PASSWORD"):
            monkeypatch.setenv(name, given.get(name, ""))
        with pytest.raises(CredentialsError, match=message) as caught:
            read_credentials()
        assert "secret" not in str(caught.value) + caught.value.hint
    monkeypatch.setenv("CDSE_USERNAME", "you")
    monkeypatch.setenv("CDSE_PASSWORD", "")
    keyring.set_keyring(ring)
    with pytest.raises(CredentialsError):
        read_credentials()


@pytest.mark.usefixtures("ring")
def test_the_package_keyring_is_an_extra(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(CredentialsError) as caught:
        read_credentials()
    assert "reben[acquire]" in caught.value.hint


def test_a_locked_keyring_is_named_without_its_words(ring: _Keyring):
    ring.locked = True
    with pytest.raises(CredentialsError, match=r"cannot be read \(KeyringLocked\)") as caught:
        read_credentials()
    assert "hunter2" not in str(caught.value)


@pytest.fixture
def client():
    with Client() as client:
        yield client


def make(space: DataSpaceStandIn, client: Client, policy: RetryPolicy, clock, password: str = PASSWORD) -> Tokens:
    credentials = Credentials(USERNAME, password)
    return Tokens(client, space.service, lambda: credentials, policy=policy, stop=Stop(), clock=clock.time)


def test_a_token_is_kept_and_refreshed_before_it_ends(space: DataSpaceStandIn, client, policy, clock):
    tokens = make(space, client, policy, clock)
    first = tokens.token()
    clock.now_s = 539
    assert tokens.token() == first
    clock.now_s = 541
    assert tokens.token() != first
    assert space.grants == ["password", "refresh_token"]
    clock.now_s += 3600
    tokens.token()
    assert space.grants[-1] == "password"


def test_short_lives_are_used_to_half(space: DataSpaceStandIn, client, policy, clock):
    space.token_life_s = 4
    tokens = make(space, client, policy, clock)
    tokens.token()
    clock.now_s = 1.9
    tokens.token()
    assert len(space.grants) == 1
    clock.now_s = 2
    tokens.token()
    assert len(space.grants) == 2


def test_many_workers_make_one_refresh(space: DataSpaceStandIn, client, policy, clock):
    tokens = make(space, client, policy, clock)
    with ThreadPoolExecutor(8) as executor:
        assert len(set(executor.map(lambda _: tokens.token(), range(40)))) == 1
        clock.now_s = 550
        assert len(set(executor.map(lambda _: tokens.token(), range(40)))) == 1
    assert space.grants == ["password", "refresh_token"]


def test_a_refused_refresh_falls_back_to_the_password(space: DataSpaceStandIn, client, policy, clock):
    tokens = make(space, client, policy, clock)
    tokens.token()
    space.refuse_refresh = True
    clock.now_s = 550
    tokens.token()
    assert space.grants == ["password", "password"]


def test_only_the_token_in_use_is_forgotten(space: DataSpaceStandIn, client, policy, clock):
    tokens = make(space, client, policy, clock)
    first = tokens.token()
    tokens.forget("another")
    assert tokens.token() == first
    tokens.forget(first)
    assert tokens.token() != first


def test_a_wrong_password_is_tried_once_and_never_shown(space: DataSpaceStandIn, client, policy, clock):
    tokens = make(space, client, policy, clock, "not the password")
    for _ in range(3):
        with pytest.raises(CredentialsError, match="refuses user name and password") as caught:
            tokens.token()
        text = "".join(traceback.format_exception(caught.value)) + repr(caught.value) + caught.value.hint
        assert "invalid_grant" in text
        assert "not the password" not in text
        assert USERNAME not in text
    assert len(space.requests) == 1


@pytest.mark.parametrize(
    "fault",
    ["503", "html", "json {}", 'json {"access_token": 5}', 'json {"access_token": "a\\r\\nb"}', "json [", "302"],
)
def test_trouble_is_waited_for(space: DataSpaceStandIn, client, policy, clock, fault: str):
    space.faults["token"] = [fault] * 2
    tokens = make(space, client, policy, clock)
    assert tokens.token().startswith("access-")
    assert clock.waits == [2, 4]


def test_a_service_that_stays_away_is_asked_by_one_worker_only(space: DataSpaceStandIn, client, policy, clock):
    space.faults["token"] = ["503"] * 99
    tokens = make(space, client, policy, clock)
    for _ in range(3):
        with pytest.raises(DownloadError, match="no token: status 503, after 6 attempts"):
            tokens.token()
    assert len(space.requests) == 6


def test_secrets_do_not_show_in_representations(space: DataSpaceStandIn, client, policy, clock):
    tokens = make(space, client, policy, clock)
    tokens.token()
    text = repr(tokens) + repr(tokens._grant) + repr(Credentials(USERNAME, PASSWORD))
    assert not [secret for secret in space.secrets if secret in text]


ECHOED = "letmein"


@pytest.mark.parametrize(
    "answer", ['{"error": "letmein"}', '{"error": ["letmein"]}', '{"error": {"letmein": 1}}', '["letmein"]']
)
def test_a_service_that_repeats_the_password_does_not_get_it_into_a_message(
    space: DataSpaceStandIn, client, policy, clock, answer: str
):
    space.faults["token"] = [f"refused {answer}"]
    with pytest.raises(CredentialsError, match="status 401, no reason given") as caught:
        make(space, client, policy, clock, ECHOED).token()
    assert ECHOED not in f"{caught.value} {caught.value.hint}"


def test_a_known_reason_is_told(space: DataSpaceStandIn, client, policy, clock):
    space.faults["token"] = ['refused {"error": "invalid_grant"}']
    with pytest.raises(CredentialsError, match="invalid_grant"):
        make(space, client, policy, clock).token()


def test_a_token_that_comes_byte_by_byte_is_not_waited_for(
    space: DataSpaceStandIn, client, policy, clock, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("reben.acquire.access.ANSWER_S", 0.2)
    space.faults["token"] = ["drip body", "encoding gzip"]
    assert make(space, client, policy, clock).token()
    assert space.faults["token"] == []
