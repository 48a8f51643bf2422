"""User name and password: from the environment or the system's keyring, never from the command line."""

import os
from dataclasses import dataclass, field

from reben.core.errors import CredentialsError

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
