"""Addresses of web servers: told from paths, checked before they are used, and shown without what may be secret."""

from urllib.parse import urlsplit

from reben.core.errors import DownloadError

_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


def is_address(given: str) -> bool:
    """Whether a text is meant as an address of a web server.

    >>> is_address("https://zenodo.org/x.tar.zst"), is_address("folder/x.tar.zst")
    (True, False)
    """
    return given.lower().startswith(("https://", "http://"))


def without_query(address: str) -> str:
    """An address for messages and reports: a query may hold a signature.

    >>> without_query("https://zenodo.org/x.tar.zst?download=1")
    'https://zenodo.org/x.tar.zst'
    """
    return address.partition("#")[0].partition("?")[0]


def expect_usable(address: str) -> None:
    """Check that an address can be read from without somebody on the way changing what comes.

    Raises:
        DownloadError: if it has no host, holds a password, or is http on another machine.
    """
    try:
        parts = urlsplit(address)
        is_whole = bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_whole = False
    if not is_whole:
        raise DownloadError(f"{without_query(address)}: is not an address", hint="expected https://HOST/PATH")
    if parts.username or parts.password:
        raise DownloadError("the address holds a user name or a password", hint="give it without them")
    if parts.scheme.lower() != "https" and parts.hostname not in _LOCAL:
        raise DownloadError(f"{without_query(address)}: is not encrypted", hint="give the address with https")
