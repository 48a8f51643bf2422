"""Shared access signatures, which a token service gives to everyone for some minutes: the Planetary Computer's.

Source: https://planetarycomputer.microsoft.com/docs/concepts/sas/ (`GET TOKENS/ACCOUNT/CONTAINER` answers with `token`
and `msft:expiry`).
"""

import json
import os
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from threading import Lock
from urllib.parse import urlsplit

from reben.core.errors import RemoteAccessError, RemoteError
from reben.net.addresses import is_local, is_safe, origin
from reben.net.requests import ANSWER_S, open_client, open_response
from reben.net.retries import RetryPolicy, TransientError, retry
from reben.net.stopping import Stop

SERVICE_VARIABLE = "REBEN_STAC_TOKENS"
"""Environment variable with the address of another token service."""
_SERVICE = "https://planetarycomputer.microsoft.com/api/sas/v1/token"
_SIGNED_HOSTS = ".blob.core.windows.net"
_TOKEN = re.compile(r"[A-Za-z0-9%&=+:/._~-]{1,4096}", re.ASCII)
_LARGEST_ANSWER = 1 << 16  # bytes
_OK = 200
_MARGIN = timedelta(minutes=5)
"""Before its end a token is renewed: reading a tile takes a minute or two."""


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    ends: datetime


class SasTokens:
    """Tokens by storage container, each asked for once until it ends.

    Args:
        service: address of the token service.
    """

    def __init__(self, service: str) -> None:
        if not is_safe(service):
            raise RemoteError(f"{service}: would be asked without encryption", hint=f"set {SERVICE_VARIABLE}")
        self._service = service.rstrip("/")
        self._tokens: dict[str, _Token] = {}
        self._lock = Lock()

    def signs(self, url: str) -> bool:
        """Whether requests for an address need a token of this service; one of this machine signs for this machine."""
        host = origin(url)[1]
        return host.endswith(_SIGNED_HOSTS) or (is_local(url) and is_local(self._service))

    def signed(self, url: str, *, renew: bool = False) -> str:
        """An address with a token in place of whatever query it had.

        Args:
            url: of a file.
            renew: do not use a token that is known already, since the server has refused it.

        Raises:
            RemoteError: if the service gives none.
        """
        parts = urlsplit(url)
        container = f"{(parts.hostname or '').partition('.')[0]}/{parts.path.strip('/').partition('/')[0]}"
        with self._lock:
            token = self._tokens.get(container)
            if token is None or renew or token.ends - _MARGIN < datetime.now(UTC):
                token = self._tokens[container] = self._ask(container)
        return f"{url.partition('?')[0]}?{token.text}"

    def _ask(self, container: str) -> _Token:
        url = f"{self._service}/{container}"
        try:
            return retry(lambda: _answer(url), RetryPolicy(attempts=4))[0]
        except TransientError as error:
            raise RemoteError(f"{url}: {error}", hint="try again later") from None


@lru_cache(maxsize=1)
def _tokens(service: str, _pid: int) -> SasTokens:
    return SasTokens(service)


def sas_tokens() -> SasTokens:
    """The tokens of this process: of the service that the environment names, else the Planetary Computer's."""
    return _tokens(os.environ.get(SERVICE_VARIABLE) or _SERVICE, os.getpid())


def _answer(url: str) -> _Token:
    """What the service answers.

    Raises:
        TransientError: if it is not an answer.
        RemoteAccessError: if it refuses.
    """
    with (
        open_client(1) as client,
        open_response(client, "GET", url, stop=Stop(), whole_within_s=ANSWER_S) as response,
    ):
        content = bytearray()
        for chunk in response.iter_bytes():
            content += chunk
            if len(content) > _LARGEST_ANSWER:
                raise TransientError("the token service answers with something else than a token")
    if response.status_code != _OK:
        raise RemoteAccessError(
            f"{url}: the token service answers with status {response.status_code}", hint="try again later"
        )
    try:
        answer = json.loads(content)
        text, ends = answer["token"], datetime.fromisoformat(answer["msft:expiry"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise TransientError("the token service answers with something else than a token") from error
    if not isinstance(text, str) or not _TOKEN.fullmatch(text):
        raise TransientError("the token service answers with a token that fits into no address")
    return _Token(text, ends if ends.tzinfo else ends.replace(tzinfo=UTC))
