"""What answers to requests for files and parts of them say of themselves, and whether it is what was asked for."""

import re
from dataclasses import dataclass

from httpx2 import Response

from reben.core.errors import RemoteAccessError, RemoteError
from reben.net.pace import Pace
from reben.net.retries import TransientError

WHOLE, PARTIAL, NO_SUCH_RANGE = 200, 206, 416
REFUSED = frozenset({401, 403, 410})
"""What servers say of a signed address that has expired, among other things."""
LARGEST_WHOLE = 1 << 23
"""A file of up to this size is taken whole from a server that serves no ranges."""

_NOT_FOUND = 404
_CONTENT_RANGE = re.compile(r"bytes (?P<first>\d{1,18})-(?P<last>\d{1,18})/(?P<total>\d{1,18}|\*)", re.ASCII)
_LENGTH = re.compile(r"\d{1,18}", re.ASCII)
_STRONG_ETAG = re.compile(r'"[!#-~]{0,200}"')
"""Weak ones must not be used to resume (RFC 9110, section 13.1.5)."""
_PAGES = frozenset({"text/html", "application/json", "application/xml", "text/xml", "application/xhtml+xml"})
_COMMIT = re.compile(r"[0-9a-f]{6,64}", re.ASCII)
_NO_RANGES_HINT = "download the file, and give its path; or use a server that serves ranges"


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What a server says of a file when it is opened."""

    size: int
    """In bytes."""
    validator: str
    """ETag or date; empty if it states neither."""
    head: bytes
    """The first bytes, or all of a small file."""


def read_facts(response: Response) -> FileFacts:
    """Size, version and first bytes of a file, from the answer to a request for its first bytes.

    Raises:
        TransientError: if another attempt may get an answer.
        RemoteError: if the server says no, or serves no ranges of a large file.
    """
    expect_plain(response)
    if response.status_code == NO_SUCH_RANGE and response.headers.get("Content-Range", "") == "bytes */0":
        return FileFacts(0, validator_of(response), b"")
    if response.status_code == WHOLE:
        body = _whole_body(response)
        return FileFacts(len(body), validator_of(response), body)
    if response.status_code != PARTIAL:
        raise refusal(response.status_code)
    first, last, total = content_range(response)
    if first != 0 or total is None or last >= total:
        raise TransientError("the server does not say how large the file is, or sends another part of it")
    head = bytearray()
    take_body(response, last + 1, head)
    return FileFacts(total, validator_of(response), bytes(head))


def refusal(status: int) -> RemoteError:
    """An error for a status that no further attempt will change."""
    if status == _NOT_FOUND:
        return RemoteAccessError("there is no such file (status 404)", hint="check the address")
    if status in REFUSED:
        return RemoteAccessError(
            f"the server refuses access (status {status})",
            hint="for a private or gated data set on the hub, set HF_TOKEN or run `hf auth login`",
        )
    return RemoteError(f"the server answers with status {status}", hint="check the address, or try again later")


def content_range(response: Response) -> tuple[int, int, int | None]:
    """First and last byte of an answer, and the size of the file if it is stated.

    Raises:
        TransientError: if the answer does not say what it has.
    """
    match = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", "").strip())
    if match is None or int(match["last"]) < int(match["first"]):
        raise TransientError("the server does not say which part of the file it sends")
    return int(match["first"]), int(match["last"]), None if match["total"] == "*" else int(match["total"])


def take_body(response: Response, length: int, taken: bytearray) -> None:
    """Append exactly `length` bytes of a body.

    Raises:
        TransientError: if there are more or fewer; what came before is kept.
    """
    pace, end = Pace(), len(taken) + length
    for chunk in response.iter_raw():
        if len(taken) + len(chunk) > end:
            raise TransientError(f"the server sends more than the {length:,} bytes that it promised")
        taken += chunk
        pace.note(len(chunk))
    if len(taken) < end:
        raise TransientError(f"the connection ended {end - len(taken):,} bytes too early")


def rest_headers(position: int, etag: str) -> dict[str, str]:
    """Headers that ask for a file from a byte on, if it is still the one with this strong ETag; none for all of it."""
    if not position:
        return {}
    return {"Range": f"bytes={position}-", **({"If-Range": etag} if _STRONG_ETAG.fullmatch(etag) else {})}


def stated_length(response: Response) -> int | None:
    """Bytes of the body, if the server states them."""
    stated = response.headers.get("Content-Length", "")
    return int(stated) if _LENGTH.fullmatch(stated) else None


def strong_etag(response: Response) -> str:
    """What tells one version of a file from another, byte for byte; empty if the server states no such thing."""
    etag = str(response.headers.get("ETag", ""))
    return etag if _STRONG_ETAG.fullmatch(etag) else ""


def validator_of(response: Response) -> str:
    """What tells one version of a file from another; a weak ETag counts like a strong one."""
    etag = str(response.headers.get("ETag", "")).removeprefix("W/")
    return etag[:300] or str(response.headers.get("Last-Modified", ""))[:300]


def commit_of(response: Response) -> str:
    """The commit that the hub states; empty elsewhere."""
    commit = str(response.headers.get("X-Repo-Commit", ""))
    return commit if _COMMIT.fullmatch(commit) else ""


def expect_plain(response: Response) -> None:
    """Check that a body is made of the file's own bytes.

    Raises:
        TransientError: if it is compressed on the way.
    """
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in {"", "identity"}:
        raise TransientError(f"the server sends {encoding!r}, although only plain bytes were asked for")


def expect_no_page(response: Response) -> None:
    """Check that an answer is not a page, such as the ones that say that a service is down.

    Raises:
        TransientError: if it is one.
    """
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind in _PAGES:
        raise TransientError(f"expected a file, got a page ({kind})")


def _whole_body(response: Response) -> bytes:
    """All of a small file.

    Raises:
        RemoteError: if it is large.
        TransientError: if the server usually serves ranges, or breaks off.
    """
    expect_no_page(response)
    if (stated_length(response) or 0) > LARGEST_WHOLE:
        raise _no_ranges(response)
    body = bytearray()
    pace = Pace()
    for chunk in response.iter_raw():
        body += chunk
        pace.note(len(chunk))
        if len(body) > LARGEST_WHOLE:
            raise _no_ranges(response)
    return bytes(body)


def _no_ranges(response: Response) -> RemoteError | TransientError:
    if response.headers.get("Accept-Ranges", "").strip().lower() == "bytes":
        return TransientError("the server sends the whole file instead of a range")
    return RemoteError("the server does not serve ranges of the file", hint=_NO_RANGES_HINT)
