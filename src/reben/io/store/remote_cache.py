"""What was read of a remote store, kept on this machine: per address and version the pages of the tree, and values."""

import json
import secrets
from dataclasses import dataclass
from hashlib import blake2b
from typing import Self

from reben.core.errors import StoreError
from reben.io.small_files import parse_json
from reben.net.addresses import Address
from reben.work.file_cache import FileCache

_STORES = "stores"
_PAGES_PER_FOLDER = 1000


@dataclass(frozen=True, slots=True)
class Version:
    """What is known of the version of a file that was read before."""

    name: str
    """For messages."""
    nbytes: int
    head: bytes


class StoreCache:
    """The part of a cache that belongs to one version of one remote file.

    Args:
        cache: of files.
        folder: in it.
    """

    def __init__(self, cache: FileCache, folder: str) -> None:
        self._cache, self._folder = cache, folder

    @classmethod
    def of(cls, cache: FileCache, address: Address, *, validator: str, nbytes: int) -> Self:
        """The part for a version.

        Args:
            cache: of files.
            address: as the user gave it.
            validator: of the version; a file that has none might change unnoticed, so that nothing kept is used again.
            nbytes: size of the file.
        """
        version = validator or secrets.token_hex(16)
        return cls(cache, f"{_STORES}/{_digest(address.url)}/{_digest(f'{nbytes} {version}')}")

    @classmethod
    def latest(cls, cache: FileCache, address: Address) -> tuple[Self, Version] | None:
        """The version that was opened last, for when the server cannot be asked; None if there is none."""
        parent = f"{_STORES}/{_digest(address.url)}"
        for name in cache.names(parent):
            found = cls(cache, f"{parent}/{name}")
            version = found.version()
            if version is not None:
                return found, version
        return None

    def keep_version(self, version: Version) -> None:
        """Note what there is to know."""
        if self.version() != version:
            note = json.dumps({"name": version.name, "bytes": version.nbytes}).encode()
            self._cache.put(f"{self._folder}/head", version.head)
            self._cache.put(f"{self._folder}/about", note)

    def version(self) -> Version | None:
        """What was noted; None if that is not there any more."""
        note, head = self._cache.get(f"{self._folder}/about"), self._cache.get(f"{self._folder}/head")
        if note is None or head is None:
            return None
        try:
            content = parse_json(note)
            return Version(str(content["name"]), int(content["bytes"]), head)
        except (ValueError, KeyError, TypeError, StoreError):
            return None

    def page(self, number: int) -> bytes | None:
        """A page of the tree."""
        return self._cache.get(self._page_name(number))

    def keep_page(self, number: int, content: bytes) -> None:
        """Keep a page of the tree."""
        self._cache.put(self._page_name(number), content)

    def value(self, key: bytes) -> bytes | None:
        """The value under a key."""
        return self._cache.get(self._value_name(key))

    def has_value(self, key: bytes) -> bool:
        """Whether there is a value under a key, without reading it."""
        return self._cache.has(self._value_name(key))

    def keep_value(self, key: bytes, value: bytes | memoryview) -> None:
        """Keep a value that has been checked."""
        self._cache.put(self._value_name(key), value)

    def _page_name(self, number: int) -> str:
        return f"{self._folder}/pages/{number // _PAGES_PER_FOLDER}/{number}"

    def _value_name(self, key: bytes) -> str:
        name = blake2b(key, digest_size=16).hexdigest()
        return f"{self._folder}/values/{name[:2]}/{name}"


def _digest(text: str) -> str:
    return blake2b(text.encode(errors="surrogatepass"), digest_size=16).hexdigest()
