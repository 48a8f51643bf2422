import sys

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends import fail
from keyring.credentials import SimpleCredential
from keyring.errors import KeyringLocked

from reben.acquire.credentials import KEYRING_SERVICE, Credentials, read_credentials
from reben.core.errors import CredentialsError


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
