"""One download: asked for, resumed, started again, until the file is whole and verified.

What has come so far lies in a hidden `.part` file beside the target, with a note of what it is a part of. The final
name appears only when size and checksums are those of the catalogue.
"""

from dataclasses import dataclass, field
from pathlib import Path

from httpx2 import Client, Response

from reben.acquire.access import Service, Tokens
from reben.acquire.archives import ZIP_START, verify
from reben.acquire.products import CatalogueProduct
from reben.core.errors import DownloadError
from reben.io.small_files import read_json
from reben.net.pace import Pace
from reben.net.requests import Redirects, open_response, redirect_target
from reben.net.responses import (
    NO_SUCH_RANGE,
    PARTIAL,
    WHOLE,
    content_range,
    expect_no_page,
    rest_headers,
    stated_length,
)
from reben.net.retries import RetryPolicy, TransientError, retry
from reben.net.stopping import Stop
from reben.work import atomic
from reben.work.progress import Advance

_LARGEST = 1 << 36
"""Bytes of a product whose size the catalogue does not know."""
_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND = 401, 403, 404
_WHY = {
    _UNAUTHORIZED: "the service refuses the token",
    _FORBIDDEN: "this account may not download it, or has used up its quota",
    _NOT_FOUND: "the service has no such product any more",
}
_WHOLE_DOWNLOADS = 2
"""A download that is not what the catalogue describes is repeated once: a gigabyte each time."""


@dataclass(frozen=True, slots=True)
class DownloadSession:
    """What all downloads share."""

    client: Client
    service: Service
    tokens: Tokens
    policy: RetryPolicy
    stop: Stop
    progress: Advance
    """Told how many further bytes there are; fewer than none if a download begins again."""


@dataclass
class Fetched:
    """How a download went."""

    checked: list[str] = field(default_factory=list)
    retries: int = 0
    bytes: int = 0
    """That came through the line this time."""


@dataclass
class _Part:
    """The unfinished file, and what is known of it."""

    target: Path
    product: CatalogueProduct
    etag: str = ""

    @property
    def path(self) -> Path:
        return self.target.with_name(f".{self.target.name}.part")

    @property
    def note(self) -> Path:
        return self.target.with_name(f".{self.target.name}.part.json")

    @property
    def size(self) -> int:
        return self.path.stat().st_size if self.path.is_file() else 0

    def take_over(self) -> None:
        """Go on with what an earlier run left, if it is of the same product."""
        try:
            note = read_json(self.note, error=DownloadError)
            same = isinstance(note, dict) and (note["id"], note["size"]) == (self.product.id, self.product.size)
        except (DownloadError, KeyError):
            same = False
        if same:
            self.etag = str(note.get("etag", ""))
        else:
            self.discard()
            self.write_note("")

    def write_note(self, etag: str) -> None:
        self.etag = etag
        atomic.write_json(self.note, {"id": self.product.id, "size": self.product.size, "etag": etag})

    def discard(self) -> None:
        self.path.unlink(missing_ok=True)
        self.note.unlink(missing_ok=True)
        self.etag = ""


def remove_part(target: Path) -> None:
    """Remove what an earlier run left of a download that is whole by now."""
    for name in (f".{target.name}.part", f".{target.name}.part.json"):
        target.with_name(name).unlink(missing_ok=True)


def part_size(target: Path) -> int:
    """Bytes that an earlier run left of a download."""
    part = target.with_name(f".{target.name}.part")
    return part.stat().st_size if part.is_file() else 0


def fetch(product: CatalogueProduct, target: Path, session: DownloadSession) -> Fetched:
    """Download a product to `target`, going on with what an earlier run left.

    Raises:
        DownloadError: if it cannot be had, or is not what the catalogue describes.
        CredentialsError: if there are none, or they are refused.
        Stopped: if it is over; what has come stays for the next run.
    """
    part, fetched = _Part(target, product), Fetched()
    part.take_over()
    session.progress(part.size)
    for repeats_left in reversed(range(_WHOLE_DOWNLOADS)):
        _fill(part, session, fetched)
        try:
            fetched.checked = verify(part.path, product, check=session.stop.check)
        except DownloadError:
            _start_again(part, session)
            if not repeats_left:
                raise
            fetched.retries += 1
        else:
            break
    atomic.put_in_place(part.path, target)
    part.note.unlink(missing_ok=True)
    return fetched


def _start_again(part: _Part, session: DownloadSession) -> None:
    session.progress(-part.size)
    part.discard()


def _fill(part: _Part, session: DownloadSession, fetched: Fetched) -> None:
    """Let the part grow until the server has sent all.

    Raises:
        DownloadError: if it does not.
    """
    most = part.size

    def gained() -> bool:
        nonlocal most
        before, most = most, max(most, part.size)
        return most > before

    try:
        _, retries = retry(lambda: _request(part, session, fetched), session.policy, gained=gained)
    except TransientError as error:
        raise DownloadError(str(error), hint="the same command resumes with what has arrived") from error
    fetched.retries += retries


def _request(part: _Part, session: DownloadSession, fetched: Fetched) -> None:
    """Ask for what is missing, and take what comes.

    Raises:
        TransientError: if another attempt may get further.
        DownloadError: if the service says no.
    """
    if part.size > (part.product.size or _LARGEST):
        _start_again(part, session)
    if part.size == part.product.size:
        return
    url, redirects, has_new_token = session.service.value(part.product.id), Redirects(), False
    while True:
        token = session.tokens.token() if session.service.may_see_token(url) else ""
        headers = rest_headers(part.size, part.etag) | ({"Authorization": f"Bearer {token}"} if token else {})
        with open_response(session.client, "GET", url, stop=session.stop, headers=headers) as response:
            target = redirect_target(response)
            if target is None and response.status_code != _UNAUTHORIZED:
                _take(response, part, session, fetched)
                return
        if target is not None:
            redirects.note()
            url = _expect_no_downgrade(url, target)
        elif token and not has_new_token:
            session.tokens.forget(token)
            has_new_token = True
        else:
            raise DownloadError(_WHY[_UNAUTHORIZED], hint="log in once on the service's web page, and try again")


def _expect_no_downgrade(url: str, target: str) -> str:
    """The target of a redirect.

    Raises:
        DownloadError: if it leads from https to http.
    """
    if url.startswith("https:") and not target.startswith("https:"):
        raise DownloadError(f"the service redirects from https to {target.partition(':')[0]}; refused")
    return target


def _take(response: Response, part: _Part, session: DownloadSession, fetched: Fetched) -> None:
    """Write what comes.

    Raises:
        TransientError: if it breaks off, is another part than was asked for, or no zip file.
        DownloadError: if the service says no, or sends another number of bytes than the catalogue says.
    """
    if response.status_code == PARTIAL:
        _expect_rest(response, part, session)
    elif response.status_code == WHOLE:
        _expect_size(response, part)
        _start_again(part, session)
        part.write_note(response.headers.get("ETag", ""))
    elif response.status_code == NO_SUCH_RANGE and part.size:
        if part.product.size is None and response.headers.get("Content-Range", "") == f"bytes */{part.size}":
            return  # all has come already
        _start_again(part, session)
        raise TransientError("the server rejected the requested byte range")
    else:
        raise DownloadError(_WHY.get(response.status_code, f"the service answers with status {response.status_code}"))
    _write(response, part, session, fetched)


def _expect_rest(response: Response, part: _Part, session: DownloadSession) -> None:
    """Check that a partial response goes on where the part ends, in the same file.

    Raises:
        TransientError: if not; the next attempt begins from zero.
    """
    etag = response.headers.get("ETag", "")
    try:
        first, _, total = content_range(response)
    except TransientError:
        _start_again(part, session)
        raise
    if (
        first != part.size
        or (total and part.product.size and total != part.product.size)
        or (etag and part.etag and etag != part.etag)
    ):
        _start_again(part, session)
        raise TransientError("the server sends another part than was asked for, or of another file")


def _expect_size(response: Response, part: _Part) -> None:
    """Check the size that the server states before a gigabyte comes.

    Raises:
        DownloadError: if it is not the catalogue's.
        TransientError: if it is a page, such as the ones that say that a service is being mended.
    """
    expect_no_page(response)
    stated = stated_length(response)
    if stated is not None and part.product.size and stated != part.product.size:
        raise DownloadError(f"the server sends {stated:,} bytes; the catalogue says {part.product.size:,}")


def _write(response: Response, part: _Part, session: DownloadSession, fetched: Fetched) -> None:
    size, limit = part.size, part.product.size or _LARGEST
    pace = Pace()
    with part.path.open("ab") as file:
        for chunk in response.iter_raw():  # as they come: what has come stays if the next one does not
            session.stop.check()
            if not size and chunk[: len(ZIP_START)] != ZIP_START[: len(chunk)]:
                raise TransientError("what comes is not a zip file")
            size += len(chunk)
            if size > limit:
                raise DownloadError(f"the server sends more than {limit:,} bytes")
            file.write(chunk)
            pace.note(len(chunk))
            fetched.bytes += len(chunk)
            session.progress(len(chunk))
    if part.product.size and size < part.product.size:
        raise TransientError(f"the connection ended after {size:,} of {part.product.size:,} bytes")
