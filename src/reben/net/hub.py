"""The Hugging Face hub: its address, and the names of repositories on it. Needs the package `huggingface_hub`."""

import os
import re
from dataclasses import dataclass
from typing import Self

from huggingface_hub import constants
from huggingface_hub.errors import HfHubHTTPError

from reben.core.errors import HubError

_NAME = re.compile(r"(?P<repo>\w[\w.-]*/\w[\w.-]*)(@(?P<revision>[\w./-]+))?")
TRANSPORT_ERROR: type[Exception] = HfHubHTTPError.__bases__[0]
"""Base of broken connections: httpx's or requests' HTTPError, whichever this version of the library uses."""


@dataclass(frozen=True, slots=True)
class HubName:
    """Name of a repository, and which of its versions."""

    repository: str
    """`owner/name`."""
    revision: str | None = None
    """Branch, tag or commit; None is the newest."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """The parts of `owner/name` or `owner/name@revision`.

        Raises:
            HubError: if `text` has another form.

        >>> HubName.parse("BIFOLD-BigEarthNetv2-0/resnet50-all-v0.2.0@main")
        HubName(repository='BIFOLD-BigEarthNetv2-0/resnet50-all-v0.2.0', revision='main')
        """
        match = _NAME.fullmatch(text)
        if match is None:
            raise HubError(f"{text!r} is not a name of a repository; expected owner/name or owner/name@revision")
        return cls(match["repo"], match["revision"])

    def __str__(self) -> str:
        return self.repository if self.revision is None else f"{self.repository}@{self.revision}"


def endpoint() -> str:
    """Address of the hub."""
    return os.environ.get("HF_ENDPOINT", constants.ENDPOINT).rstrip("/")


def is_hub_name(text: str) -> bool:
    """Whether a text has the form of a name on the hub."""
    return _NAME.fullmatch(text) is not None
