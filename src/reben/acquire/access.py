"""Who may download: where the Copernicus Data Space is, a user's name and password, and the tokens made from them."""

import os
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self
from urllib.parse import urlsplit

from httpx2 import Client

from reben.core.errors import CredentialsError, DownloadError, RebenError
from reben.io.small_files import parse_json
from reben.net.requests import ANSWER_S, open_response
from reben.net.retries import RetryPolicy, TransientError, retry
from reben.net.stopping import Stop

MOST_CONNECTIONS = 4
"""That the service allows one user at a time.

Source: https://documentation.dataspace.copernicus.eu/Quotas.html.
"""

_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Service:
    """Addresses of the service.

    Source: https://documentation.dataspace.copernicus.eu, sections "OData" and "Access token".
    """

    catalogue: str = "https://catalogue.dataspace.copernicus.eu/odata/v1"
    download: str = "https://download.dataspace.copernicus.eu/odata/v1"
    identity: str = "https://identity.dataspace.copernicus.eu/auth/realms/CDSE/protocol/openid-connect/token"
    """Where a password becomes a token."""

    def __post_init__(self) -> None:
        """Refuse addresses to which no password may go.

        Raises:
            DownloadError: if one is neither https nor on this machine, or has a user name in it.
        """
        for given in fields(self):
            _expect_safe(getattr(self, given.name), variable(given.name))

    @classmethod
    def from_environment(cls) -> Self:
        """The addresses that `REBEN_CDSE_CATALOGUE`, `REBEN_CDSE_DOWNLOAD` and `REBEN_CDSE_IDENTITY` give, if set.

        Raises:
            DownloadError: as above.
        """
        given = {field.name: os.environ.get(variable(field.name), "").rstrip("/") for field in fields(cls)}
        return cls(**{name: address for name, address in given.items() if address})

    @property
    def products(self) -> str:
        """Address of the catalogue's list of products."""
        return f"{self.catalogue}/Products"

    def value(self, product_id: str) -> str:
        """Address of a product's zip file."""
        return f"{self.download}/Products({product_id})/$value"

    def may_see_token(self, url: str) -> bool:
        """Whether a request to `url` may carry the token: the host of the downloads, or a sibling of it.

        The real service redirects between hosts of its own domain; a sibling has the same scheme, port and domain, and
        there must be a domain of three labels at least to have siblings.

        >>> Service().may_see_token("https://zipper.dataspace.copernicus.eu/odata/v1/Products(1)/$value")
        True
        >>> Service().may_see_token("https://dataspace.copernicus.eu.example.org/")
        False
        """
        ours, other = urlsplit(self.download), urlsplit(url)
        if ours.scheme != other.scheme or _port(self.download) != _port(url):
            return False
        mine, theirs = ours.hostname or "", other.hostname or ""
        domain = mine.partition(".")[2]
        is_sibling = theirs.endswith(f".{domain}") and domain.count(".") >= 2 and not domain[0].isdigit()  # noqa: PLR2004
        return theirs == mine or is_sibling


def variable(name: str) -> str:
    """Environment variable of an address."""
    return f"REBEN_CDSE_{name.upper()}"


def _port(url: str) -> int | None:
    parts = urlsplit(url)
    return parts.port or {"https": 443, "http": 80}.get(parts.scheme)


def _expect_safe(url: str, name: str) -> None:
    """Check an address.

    Raises:
        DownloadError: if no password may go there.
    """
    parts = urlsplit(url)
    if parts.username or parts.password:
        raise DownloadError(f"{name} has a user name or password in it", hint="set CDSE_USERNAME and CDSE_PASSWORD")
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOCAL):
        raise DownloadError(
            f"{name} = {url}: is not an https address", hint="passwords and tokens go through https only"
        )


KEYRING_SERVICE = "reben-cdse"
"""Under which the keyring holds the password."""

HINT = (
    f"set CDSE_USERNAME and CDSE_PASSWORD, or `keyring set {KEYRING_SERVICE} USERNAME` (pip install 'reben[acquire]'); "
    "an account is free: https://dataspace.copernicus.eu"
)


@dataclass(frozen=True, slots=True)
class Credentials:
    """Of an account of the Copernicus Data Space; neither shows in a `repr`."""

    username: str = field(repr=False)
    password: str = field(repr=False)


def read_credentials() -> Credentials:
    """`CDSE_USERNAME` and `CDSE_PASSWORD`; what is missing comes from the keyring.

    Raises:
        CredentialsError: if there are none.
    """
    username, password = os.environ.get("CDSE_USERNAME", ""), os.environ.get("CDSE_PASSWORD", "")
    if username and password:
        return Credentials(username, password)
    found = _from_keyring(username)
    if found is None:
        missing = "CDSE_PASSWORD is" if username else "CDSE_USERNAME is" if password else "there are"
        raise CredentialsError(f"{missing} {'not set' if username or password else 'no credentials'}", hint=HINT)
    return found


def _from_keyring(username: str) -> Credentials | None:
    """What the keyring has, if it is installed and there is one.

    Raises:
        CredentialsError: if it cannot be read.
    """
    try:
        import keyring  # noqa: PLC0415 - an extra
        from keyring.errors import KeyringError, NoKeyringError  # noqa: PLC0415
    except ModuleNotFoundError:
        return None
    try:
        found = keyring.get_credential(KEYRING_SERVICE, username or None)
    except NoKeyringError:
        return None
    except KeyringError as error:
        raise CredentialsError(f"the keyring cannot be read ({type(error).__name__})", hint=HINT) from None
    return None if found is None or not found.password else Credentials(found.username, found.password)


_CLIENT_ID = "cdse-public"
"""The service's name for programs of the public."""
_MARGIN_S = 60.0
"""Tokens are renewed so long before they end, or after half of their life if that is shorter."""
_LARGEST_ANSWER = 1 << 20  # bytes
_TOKEN = re.compile(r"[!-~]{1,65536}")
_ERROR_CODES = frozenset(
    {
        "access_denied",
        "account_disabled",
        "account_temporarily_disabled",
        "invalid_client",
        "invalid_grant",
        "invalid_request",
        "invalid_scope",
        "not_allowed",
        "temporarily_unavailable",
        "unauthorized_client",
        "unsupported_grant_type",
    }
)
"""That OAuth 2.0 (RFC 6749, section 5.2) and Keycloak, the service's program, know."""
_REFUSED = (400, 401, 403)


@dataclass(frozen=True, slots=True)
class _Grant:
    """What the service gave."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    renew_at_s: float
    refresh_ends_s: float


class Tokens:
    """The one token of all workers."""

    def __init__(
        self,
        client: Client,
        service: Service,
        credentials: Callable[[], Credentials],
        *,
        policy: RetryPolicy,
        stop: Stop,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Ask for nothing yet: `credentials` is called when the first token is needed."""
        self._client, self._service, self._credentials = client, service, credentials
        self._policy, self._stop, self._clock = policy, stop, clock
        self._lock = threading.Lock()
        self._grant: _Grant | None = None
        self._refusal: RebenError | None = None

    def token(self) -> str:
        """A token that does not end within the next moments.

        Raises:
            CredentialsError: if there are no credentials, or the service refuses them.
            DownloadError: if the service does not answer.
        """
        with self._lock:
            if self._refusal is not None:  # every further attempt counts towards locking the account
                raise type(self._refusal)(str(self._refusal), hint=self._refusal.hint)
            if self._grant is None or self._clock() >= self._grant.renew_at_s:
                try:
                    self._grant = self._renewed()
                except TransientError as error:
                    self._refusal = DownloadError(f"no token: {error}", hint="the same command resumes later")
                    raise self._refusal from error
                except RebenError as error:
                    self._refusal = error
                    raise
            return self._grant.access

    def forget(self, token: str) -> None:
        """The service refused this token; if it is still the one in use, the next call of `token` makes another."""
        with self._lock:
            if self._grant is not None and self._grant.access == token:
                self._grant = None

    def _renewed(self) -> _Grant:
        """By the refresh token while it lasts, else by the password."""
        if self._grant is not None and self._clock() < self._grant.refresh_ends_s:
            grant = self._ask({"grant_type": "refresh_token", "refresh_token": self._grant.refresh})
            if isinstance(grant, _Grant):
                return grant
        given = self._credentials()
        grant = self._ask({"grant_type": "password", "username": given.username, "password": given.password})
        if isinstance(grant, _Grant):
            return grant
        raise CredentialsError(
            f"the service refuses user name and password ({grant})",
            hint=f"check them, and that two-factor authentication is off for this account; {HINT}",
        )

    def _ask(self, form: Mapping[str, str]) -> _Grant | str:
        """What the service grants, or why not."""
        return retry(lambda: self._ask_once(form), self._policy)[0]

    def _ask_once(self, form: Mapping[str, str]) -> _Grant | str:
        asked_s = self._clock()
        data = {"client_id": _CLIENT_ID, **form}
        with open_response(
            self._client, "POST", self._service.identity, stop=self._stop, data=data, whole_within_s=ANSWER_S
        ) as response:
            answer = b""
            for chunk in response.iter_bytes():
                answer += chunk
                if len(answer) > _LARGEST_ANSWER:
                    raise TransientError("the identity service's answer is longer than a token can be")
            try:
                values = parse_json(answer)
            except ValueError:
                values = None
        if response.status_code in _REFUSED:
            code = values.get("error") if isinstance(values, dict) else None
            # Nothing but a known word: any other might repeat what we sent, such as the password.
            said = code if isinstance(code, str) and code in _ERROR_CODES else "no reason given"
            return f"status {response.status_code}, {said}"
        if response.status_code != 200 or not isinstance(values, dict):  # noqa: PLR2004
            raise TransientError(f"the identity service answers with status {response.status_code} and no token")
        return _parse(values, asked_s)


def _parse(values: Mapping[str, Any], asked_s: float) -> _Grant:
    """The parts of an answer that matter.

    Raises:
        TransientError: if it has no token.
    """
    access, refresh = values.get("access_token"), values.get("refresh_token")
    if not isinstance(access, str) or not _TOKEN.fullmatch(access):
        raise TransientError("the identity service answers without a token")
    life_s = _seconds(values.get("expires_in"))
    usable = isinstance(refresh, str) and _TOKEN.fullmatch(refresh)
    refresh_life_s = _seconds(values.get("refresh_expires_in")) if usable else 0.0
    return _Grant(
        access,
        refresh if isinstance(refresh, str) else "",
        asked_s + life_s - min(_MARGIN_S, life_s / 2),
        asked_s + refresh_life_s - min(_MARGIN_S, refresh_life_s / 2),
    )


def _seconds(value: object) -> float:
    return float(value) if isinstance(value, int | float) and 0 < value < 1e9 else 0.0  # noqa: PLR2004
