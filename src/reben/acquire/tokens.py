"""Access tokens: made from a password, refreshed before they end, shared by all workers."""

import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from httpx2 import Client

from reben.acquire.connection import ANSWER_S, open_response
from reben.acquire.credentials import HINT, Credentials
from reben.acquire.retries import RetryPolicy, TransientError, retry
from reben.acquire.service import Service
from reben.acquire.stopping import Stop
from reben.core.errors import CredentialsError, DownloadError, RebenError
from reben.io.small_files import parse_json

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
