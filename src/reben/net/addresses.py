"""Addresses of remote files: which forms there are, what is asked for them, and which server may see a token.

`https://HOST/PATH`, `hf://datasets/OWNER/NAME[@REVISION]/PATH`, `s3://BUCKET/KEY`, `gs://BUCKET/KEY` and
`az://CONTAINER/KEY`. Plain http is taken from this machine only.
"""

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, quote, urlsplit

from reben.core.errors import AddressError, CredentialsError

_SCHEME = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://", re.ASCII)
_HUB_FILE = re.compile(
    r"(?P<repository>[\w.-]{1,96}/[\w.-]{1,96})(?:@(?P<revision>[\w.%-]{1,200}))?/(?P<path>[^/].*)", re.ASCII
)
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,254}", re.ASCII)
_NOT_IN_ADDRESSES = re.compile(r"[\x00-\x20\x7f\\]")
_TOKEN = re.compile(r"[!-~]{1,4096}", re.ASCII)
_LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})
_DEFAULT_PORTS = {"https": 443, "http": 80}
_HUB = "https://huggingface.co"
_FORMS = "expected https://..., hf://datasets/OWNER/NAME/PATH, s3://BUCKET/KEY, gs://BUCKET/KEY or az://CONTAINER/KEY"
CLOUD_SCHEMES = frozenset({"s3", "gs", "az"})


@dataclass(frozen=True, slots=True)
class Address:
    """Where a remote file is.

    `str` and `repr` leave out the query, because that of a signed address is as good as a password.
    """

    text: str = field(repr=False)
    """As the user gave it."""
    url: str = field(repr=False)
    """The https address that stands for it, as anybody may ask for it."""
    shown: str
    """For messages."""

    def child(self, name: str) -> "Address":
        """The address of a file in the folder that this address names."""
        head, mark, query = self.text.partition("?")
        return parse_address(f"{head.rstrip('/')}/{name}{mark}{query}")

    @property
    def name(self) -> str:
        """The last part of the path."""
        return urlsplit(self.url).path.rstrip("/").rpartition("/")[2]

    def __str__(self) -> str:
        return self.shown


def is_address(text: object) -> bool:
    """Whether something is an address rather than a path.

    >>> is_address("https://example.org/data.mdb"), is_address("hf://datasets/a/b/c"), is_address("data/reben.store")
    (True, True, False)
    """
    return isinstance(text, Address) or (isinstance(text, str) and _SCHEME.match(text) is not None)


def parse_address(text: str | Address) -> Address:
    """The address that a text names.

    Raises:
        AddressError: if it has another form, or would be asked without encryption.

    >>> parse_address("hf://datasets/hackelle/BigEarthNetV2-LMDB@v1/BENv2.lmdb/data.mdb").name
    'data.mdb'
    """
    if isinstance(text, Address):
        return text
    match = _SCHEME.match(text)
    shown = text.partition("?")[0]
    scheme = match["scheme"].lower() if match else ""
    if match is None or scheme not in _URLS:
        raise AddressError(f"{_without_user(shown)!r} is not an address that can be read", hint=_FORMS)
    if _NOT_IN_ADDRESSES.search(text):
        raise AddressError(f"{_without_user(shown)!r}: an address has no spaces, backslashes or control characters")
    url = _URLS[scheme](text[match.end() :], _without_user(shown))
    _expect_safe(url, _without_user(shown))
    return Address(text, url, shown)


def path_or_address(given: str | os.PathLike[str] | Address) -> Path | Address:
    """What a user gave for a file that may lie here or elsewhere.

    Raises:
        AddressError: if it looks like an address and has no known form.
    """
    if isinstance(given, Address):
        return given
    return parse_address(given) if isinstance(given, str) and is_address(given) else Path(given)


def origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port of an address: who sees what is sent there.

    >>> origin("https://Example.org/a?b")
    ('https', 'example.org', 443)
    """
    parts = urlsplit(url)
    return parts.scheme, (parts.hostname or "").lower(), parts.port or _DEFAULT_PORTS.get(parts.scheme, 0)


def is_safe(url: str) -> bool:
    """Whether requests to an address are encrypted, or do not leave this machine."""
    scheme, host, _ = origin(url)
    return scheme == "https" or (scheme == "http" and host in _LOCAL_HOSTS)


def is_local(url: str) -> bool:
    """Whether an address is one of this machine.

    >>> is_local("http://127.0.0.1:8000/B02.tif"), is_local("https://example.org/B02.tif")
    (True, False)
    """
    return origin(url)[1] in _LOCAL_HOSTS


def authorization(url: str) -> dict[str, str]:
    """The header with the user's token for the Hugging Face hub, if `url` is an address of the hub; else none.

    Raises:
        CredentialsError: if the token cannot be sent.
    """
    if not is_safe(url) or origin(url) != origin(_hub()):
        return {}
    token = _hub_token()
    if token and _TOKEN.fullmatch(token) is None:
        raise CredentialsError(
            "the Hugging Face token holds characters that no token has", hint="set HF_TOKEN, or run `hf auth login`"
        )
    return {"Authorization": f"Bearer {token}"} if token else {}


def _hub() -> str:
    return (os.environ.get("HF_ENDPOINT") or _HUB).rstrip("/")


def _hub_token() -> str:
    """Token from the environment, else from the file that `hf auth login` writes; empty if there is none."""
    given = (os.environ.get("HF_TOKEN") or "").strip()
    if given:
        return given
    caches = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    home = os.environ.get("HF_HOME") or f"{caches}/huggingface"
    path = Path(os.environ.get("HF_TOKEN_PATH") or f"{home}/token").expanduser()
    try:
        with path.open(encoding="ascii", errors="replace") as file:
            return file.read(8192).strip()
    except OSError:
        return ""


def _https(rest: str, _: str) -> str:
    return f"https://{rest}"


def _http(rest: str, _: str) -> str:
    return f"http://{rest}"


def _hf(rest: str, shown: str) -> str:
    """Address of a file of a data set on the hub.

    Raises:
        AddressError: if owner, name or path is missing.
    """
    kind, _, place = rest.partition("/")
    match = _HUB_FILE.fullmatch(place)
    if kind != "datasets" or match is None or _climbs(place):
        raise AddressError(f"{shown!r} does not name a file of a data set", hint="hf://datasets/OWNER/NAME/PATH")
    revision = match["revision"] or "main"
    return f"{_hub()}/datasets/{match['repository']}/resolve/{revision}/{quote(match['path'], safe='/%')}"


def _s3(rest: str, shown: str) -> str:
    """Address of an object of S3, or of a service like it that `AWS_ENDPOINT_URL` names."""
    bucket, key = _bucket_and_key(rest, shown)
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
    if endpoint:
        return f"{endpoint.rstrip('/')}/{bucket}/{key}"
    if "." in bucket:  # no certificate is made out for a name with further dots
        return f"https://s3.{region}.amazonaws.com/{bucket}/{key}"
    return f"https://{bucket}.s3.{region}.amazonaws.com/{key}"


def _gs(rest: str, shown: str) -> str:
    bucket, key = _bucket_and_key(rest, shown)
    return f"https://storage.googleapis.com/{bucket}/{key}"


def _az(rest: str, shown: str) -> str:
    """Address of a blob of the storage account that `AZURE_STORAGE_ACCOUNT_NAME` names.

    Raises:
        AddressError: if it names none.
    """
    container, key = _bucket_and_key(rest, shown)
    account = os.environ.get("AZURE_STORAGE_ACCOUNT_NAME", "")
    if not re.fullmatch("[a-z0-9]{3,24}", account, re.ASCII):
        raise AddressError(f"{shown!r}: the storage account is not known", hint="set AZURE_STORAGE_ACCOUNT_NAME")
    return f"https://{account}.blob.core.windows.net/{container}/{key}"


def _bucket_and_key(rest: str, shown: str) -> tuple[str, str]:
    """Bucket, and the key as it is written in an address.

    Raises:
        AddressError: if either is missing, or the key leads out of the bucket.
    """
    bucket, _, key = rest.partition("/")
    if not _BUCKET.fullmatch(bucket) or not key.strip("/") or _climbs(key):
        raise AddressError(f"{shown!r} does not name an object", hint=_FORMS)
    return bucket, quote(key)


def _climbs(path: str) -> bool:
    return bool({".", ".."} & set(path.split("/")))


_URLS = {"https": _https, "http": _http, "hf": _hf, "s3": _s3, "gs": _gs, "az": _az}


def _expect_safe(url: str, shown: str) -> None:
    """Check what will be asked.

    Raises:
        AddressError: if there is no host, a name and password, or no encryption.
    """
    parts = _split(url, shown)
    if not parts.hostname or parts.username is not None or parts.password is not None:
        raise AddressError(f"{shown!r}: expected a host without a user name and password before it", hint=_FORMS)
    if not is_safe(url):
        raise AddressError(f"{shown!r}: would be read without encryption", hint="use https; http only for localhost")


def _split(url: str, shown: str) -> SplitResult:
    """The parts of an address.

    Raises:
        AddressError: if it has no valid host or port.
    """
    try:
        parts = urlsplit(url)
        _ = parts.port  # only here is it checked
    except ValueError:
        raise AddressError(f"{shown!r}: has no valid host or port", hint=_FORMS) from None
    return parts


def _without_user(text: str) -> str:
    """A text for messages, without a user name and password before the host."""
    head, mark, rest = text.partition("://")
    host, slash, path = rest.partition("/")
    return f"{head}{mark}{host.rpartition('@')[2]}{slash}{path}" if "@" in host else text
