"""What the hub says of a file, checked before `huggingface_hub` makes paths of it.

The library (2.4.0) names files in its cache after the headers `ETag`, `X-Linked-Etag` and `X-Repo-Commit`, as they are.
A hostile hub (HF_ENDPOINT, a mirror) could write outside the cache with `ETag: "../../.ssh/authorized_keys"`. So every
answer is looked at in the library's own HTTP client, before anybody else sees it: what was asked in advance could be
answered otherwise the second time.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from huggingface_hub.utils import get_session  # type: ignore[attr-defined]  # documented, but not in its __all__

from reben.core.errors import HubError, RebenError

_ETAG = re.compile(r"""(?:W/)?"?[0-9A-Za-z][0-9A-Za-z_+=:.-]{0,199}"?""")
_COMMIT = re.compile(r"[0-9A-Fa-f]{7,64}")
_FORMS = {"etag": _ETAG, "x-linked-etag": _ETAG, "x-repo-commit": _COMMIT}


def guard_session() -> None:
    """Have the library's HTTP client check every answer; once is enough for a client."""
    session: Any = get_session()
    # httpx since huggingface_hub 1.0, requests before
    hooks = session.event_hooks if hasattr(session, "event_hooks") else session.hooks
    if expect_harmless not in hooks["response"]:
        hooks["response"].append(expect_harmless)


@contextmanager
def odd_answers_named(name: object, address: str) -> Iterator[None]:
    """Around calls of the library: what it raises at answers of no hub, which may be anything, as one error.

    Raises:
        HubError: instead of any of them; what the operating system says, such as that a disk is full, stays.
    """
    try:
        yield
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RuntimeError) as error:
        if isinstance(error, RebenError) or getattr(error, "errno", None):
            raise
        raise HubError(
            f"{name}: {address} gives no answer of a hub ({type(error).__name__}: {error})",
            hint="check HF_ENDPOINT, or try again later",
        ) from error


def expect_harmless(response: Any, *_: object, **__: object) -> None:  # noqa: ANN401 - of either library
    """Check the headers of which paths are made: those of answers to HEAD.

    Raises:
        HubError: if one could lead out of a folder.
    """
    if response.request.method != "HEAD":
        return
    for name, form in _FORMS.items():
        value = response.headers.get(name)
        if value is not None and (not form.fullmatch(value) or ".." in value):
            raise HubError(
                f"{response.request.url}: answers with {name} {value[:100]!r}, not a valid {_word(name)}; refused",
                hint="the hub or mirror in HF_ENDPOINT may be hostile or broken; use https://huggingface.co",
            )


def _word(name: str) -> str:
    return "commit" if name == "x-repo-commit" else "checksum"
