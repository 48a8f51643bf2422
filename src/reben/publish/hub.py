"""Push files to the Hugging Face hub: a model as one commit, a data set in pieces that can be resumed.

The token is the library's business: HF_TOKEN or `hf auth login`. We never ask for it, hold it or print it.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from huggingface_hub import CommitOperationAdd, HfApi, get_token
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, RepositoryNotFoundError
from huggingface_hub.hf_api import DatasetInfo, ModelInfo, RepoSibling
from huggingface_hub.utils import validate_repo_id  # type: ignore[attr-defined]  # documented, not in __all__

from reben.core.errors import HubError, RebenError
from reben.net.hub import TRANSPORT_ERROR, HubName, endpoint
from reben.net.hub_guard import guard_session, odd_answers_named
from reben.version import __version__
from reben.work.checksums import sha256
from reben.work.progress import Advance, unseen

Kind = Literal["model", "dataset"]
_LOGIN_HINT = "log in with `hf auth login`, or set HF_TOKEN, with a token that may write"
_REFUSED = {401, 403}
_CARD_FILE = "README.md"
_MOST_FILES, _MOST_BYTES = 50, 5_000_000_000
"""Of one commit of a data set: what is uploaded again if a commit fails."""


@dataclass(frozen=True, slots=True)
class Upload:
    """What goes to a repository, and what it may find there."""

    repository: str
    """`owner/name`."""
    kind: Kind
    files: Mapping[str, Path]
    """Where each file lies, by its path in the repository."""
    marker: str
    """A file that tells that there is such a thing in the repository already."""
    private: bool = False
    """Only the owner may see it; a public repository of that name is refused."""
    update: bool = False
    """The repository may hold such a thing already. Its other files stay, and its old versions can be had."""

    @property
    def noun(self) -> str:
        """What it is, for people."""
        return "model" if self.kind == "model" else "data set"


def push(upload: Upload) -> str:
    """Push exactly these files as one commit, and make the repository if there is none.

    Returns:
        address of the commit.

    Raises:
        HubError: if nobody is logged in, the hub refuses or cannot be reached, or the repository is not as expected.
    """
    with _opened(upload, "nothing was published; try again") as (api, _):
        return _commit(api, upload, list(upload.files), f"Publish a {upload.noun} with reben {__version__}")


def push_in_pieces(upload: Upload, *, tell: Callable[[str], None], progress: Advance = unseen) -> str | None:
    """Push files in several commits, the card last: a data set without a card is one whose upload was interrupted.

    Files that are there already, with the same bytes, are not uploaded again; so the same call resumes.

    Args:
        upload: what goes where.
        tell: called with a line for people.
        progress: called with the number of bytes just finished.

    Returns:
        address of the last commit; None if all files were there already.

    Raises:
        HubError: as `push`.
    """
    address = None
    with _opened(upload, "what was uploaded stays; the same command resumes") as (api, known):
        there = {file.rfilename: file for file in (known.siblings if known else None) or []}
        missing = []
        for name, path in upload.files.items():
            if _is_same(path, there.get(name)):
                progress(path.stat().st_size)
            else:
                missing.append(name)
        if len(missing) < len(upload.files):
            tell(f"{len(upload.files) - len(missing):,} of {len(upload.files):,} files are there already")
        pieces = list(_pieces(upload, missing))
        for number, names in enumerate(pieces, 1):
            message = f"Publish a data set with reben {__version__} ({number} of {len(pieces)})"
            address = _commit(api, upload, names, message)
            progress(sum(upload.files[name].stat().st_size for name in names))
    return address


def expect_repository(repository: str) -> None:
    """Check the name of a repository to push to, as the hub would.

    Raises:
        HubError: if it is not `owner/name`.
    """
    if HubName.parse(repository).revision is not None:
        raise HubError(f"{repository}: give owner/name only; a push goes to the main branch")
    try:
        validate_repo_id(repository)
    except HFValidationError as error:
        raise HubError(f"{repository!r} is not a name of a repository ({error})", hint="give owner/name") from error


@contextmanager
def _opened(upload: Upload, failure_hint: str) -> Iterator[tuple[HfApi, ModelInfo | DatasetInfo | None]]:
    """The hub, and what it says of the repository, which exists from now on; None if it is new.

    Raises:
        HubError: as `push`, for all that goes wrong within.
    """
    expect_repository(upload.repository)
    if get_token() is None:
        raise HubError("nobody is logged in to the Hugging Face hub", hint=_LOGIN_HINT)
    api = HfApi(endpoint=endpoint(), library_name="reben", library_version=__version__)
    with odd_answers_named(upload.repository, endpoint()), _explained(upload.repository, failure_hint):
        guard_session()
        known = _known(api, upload)
        api.create_repo(upload.repository, private=upload.private or None, repo_type=upload.kind, exist_ok=True)
        yield api, known


def _commit(api: HfApi, upload: Upload, names: Sequence[str], message: str) -> str:
    operations = [CommitOperationAdd(name, upload.files[name]) for name in names]
    commit = api.create_commit(upload.repository, operations, commit_message=message, repo_type=upload.kind)
    return str(commit.commit_url)


def _known(api: HfApi, upload: Upload) -> ModelInfo | DatasetInfo | None:
    """What the hub says of a repository, checked before anything is written to it; None if there is none.

    Raises:
        HubError: if it holds something that is not to be replaced, or is public but should be private.
    """
    name = upload.repository
    ask = api.model_info if upload.kind == "model" else api.dataset_info
    try:
        known = ask(name, files_metadata=upload.kind == "dataset")
    except RepositoryNotFoundError:
        return None  # whether it may be made, the hub will say
    if upload.private and not known.private:
        raise HubError(f"{name} exists and is public", hint="make it private on its page, or choose another name")
    if not upload.update and upload.marker in {file.rfilename for file in known.siblings or []}:
        raise HubError(f"{name} holds a {upload.noun} already", hint="give --update to put a new version on top of it")
    return known


def _is_same(path: Path, there: RepoSibling | None) -> bool:
    """Whether a file of the repository has the same bytes, by the checksum that the hub has of it."""
    if there is None or there.size != path.stat().st_size:
        return False
    if there.lfs is not None:
        return there.lfs.sha256 == sha256(path)
    content = path.read_bytes()  # the hub keeps large files by their SHA-256; this one is small
    return there.blob_id == hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def _pieces(upload: Upload, names: Sequence[str]) -> Iterator[list[str]]:
    """Files of one commit after the other; the card is in the last one."""
    ordered = sorted(names, key=lambda name: name == _CARD_FILE)
    piece: list[str] = []
    nbytes = 0
    for name in ordered:
        size = upload.files[name].stat().st_size
        if piece and (len(piece) == _MOST_FILES or nbytes + size > _MOST_BYTES):
            yield piece
            piece, nbytes = [], 0
        piece.append(name)
        nbytes += size
    if piece:
        yield piece


@contextmanager
def _explained(repository: str, failure_hint: str) -> Iterator[None]:
    """Say what the library's errors mean and what to do.

    Raises:
        HubError: instead of any of them.
    """
    try:
        yield
    except HFValidationError as error:
        raise HubError(f"{repository}: is not a name of a repository ({error})", hint="give owner/name") from error
    except HfHubHTTPError as error:
        status = error.response.status_code
        if status in _REFUSED:
            raise HubError(f"{repository}: {endpoint()} does not let you write there", hint=_LOGIN_HINT) from error
        raise HubError(f"{repository}: {endpoint()} answers with status {status}", hint="try again later") from error
    # ConnectionError is offline mode; RuntimeError and ValueError are how the library reports failed uploads.
    except (TRANSPORT_ERROR, ConnectionError, RuntimeError, ValueError) as error:
        if isinstance(error, RebenError):
            raise
        reason = str(error) or type(error).__name__
        raise HubError(f"{repository}: the connection to {endpoint()} failed ({reason})", hint=failure_hint) from error
