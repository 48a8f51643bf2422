"""Signed addresses of private objects in S3, Google Cloud Storage and Azure, where credentials are given.

obstore knows the many ways in which credentials are given, and signs; what is read is read like any other address.
"""

import os
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from reben.core.errors import CredentialsError, MissingExtraError
from reben.net.addresses import Address

_VALID = timedelta(hours=1)
_CREDENTIALS = {
    "s3": ("AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"),
    "gs": ("GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_SERVICE_ACCOUNT", "GOOGLE_SERVICE_ACCOUNT_KEY"),
    "az": ("AZURE_STORAGE_ACCOUNT_KEY", "AZURE_STORAGE_CLIENT_SECRET", "AZURE_STORAGE_SAS_KEY"),
}
"""Variables of the environment that say that there are credentials; without any, objects are read as by anybody."""


def signer(address: Address) -> Callable[[], str]:
    """What gives an address to ask: the plain one, or one that is signed for an hour each time it is called.

    Raises:
        MissingExtraError: if there are credentials and nothing to sign with.
    """
    scheme = address.text.partition("://")[0].lower()
    if not any(os.environ.get(name) for name in _CREDENTIALS.get(scheme, ())):
        return lambda: address.url
    store, key, sign = _store(scheme, address)

    def signed() -> str:
        try:
            return str(sign(store, "GET", key, _VALID))
        except Exception as error:  # noqa: BLE001 - obstore raises what each cloud has to say
            raise CredentialsError(
                f"{address}: cannot be signed with the given credentials ({type(error).__name__})",
                hint=f"check {', '.join(_CREDENTIALS[scheme])}",
            ) from None  # the cause may repeat what was signed with

    return signed


def _store(scheme: str, address: Address) -> tuple[Any, str, Callable[..., Any]]:
    """A client of obstore for the bucket, the key in it, and the function that signs.

    Raises:
        MissingExtraError: if obstore is not installed.
    """
    try:
        from obstore import sign  # noqa: PLC0415 - an extra
        from obstore.store import AzureStore, GCSStore, S3Store  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtraError(
            f"{address}: there are credentials, but obstore, which signs with them, is not installed",
            hint="pip install 'reben[cloud]'",
        ) from error
    parts = urlsplit(address.text)
    key = parts.path.lstrip("/")
    if scheme == "s3":
        return S3Store(parts.netloc, client_options={"allow_http": True}), key, sign
    if scheme == "gs":
        return GCSStore(parts.netloc), key, sign
    return AzureStore(container_name=parts.netloc), key, sign
