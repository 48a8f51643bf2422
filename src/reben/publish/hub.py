"""Push a publication to the Hugging Face hub.

The token is the library's business: HF_TOKEN or `hf auth login`. We never ask for it, hold it or print it.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from huggingface_hub import CommitOperationAdd, HfApi, get_token
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, RepositoryNotFoundError
from huggingface_hub.utils import validate_repo_id  # type: ignore[attr-defined]  # documented, not in __all__

from reben.core.errors import HubError, RebenError
from reben.learn.models.hub import TRANSPORT_ERROR, WEIGHTS_FILE, HubName, endpoint
from reben.learn.models.hub_guard import guard_session, odd_answers_named
from reben.publish.publication import Publication
from reben.version import __version__

_LOGIN_HINT = "log in with `hf auth login`, or set HF_TOKEN, with a token that may write"
_REFUSED = {401, 403}


def push(publication: Publication, repository: str, *, private: bool = False, update: bool = False) -> str:
    """Push exactly the files of a publication as one commit, and make the repository if there is none.

    Args:
        publication: what to push.
        repository: `owner/name`.
        private: only the owner may see it; a public repository of that name is refused.
        update: the repository may hold a model already. Its other files stay, and its old versions can be had.

    Returns:
        address of the commit.

    Raises:
        HubError: if nobody is logged in, the hub refuses or cannot be reached, or the repository is not as expected.
    """
    expect_repository(repository)
    if get_token() is None:
        raise HubError("nobody is logged in to the Hugging Face hub", hint=_LOGIN_HINT)
    api = HfApi(endpoint=endpoint(), library_name="reben", library_version=__version__)
    with odd_answers_named(repository, endpoint()), _explained(repository):
        guard_session()
        _expect_suitable(api, repository, private=private, update=update)
        api.create_repo(repository, private=private or None, exist_ok=True)
        commit = api.create_commit(
            repository,
            [CommitOperationAdd(name, publication.folder / name) for name in publication.sizes],
            commit_message=f"Publish a model trained with reben {__version__}",
        )
    return str(commit.commit_url)


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


def _expect_suitable(api: HfApi, repository: str, *, private: bool, update: bool) -> None:
    """Check a repository that exists before anything is written to it.

    Raises:
        HubError: if it holds a model that is not to be replaced, or is public but should be private.
    """
    try:
        known = api.model_info(repository)
    except RepositoryNotFoundError:
        return  # whether it may be made, the hub will say
    if private and not known.private:
        raise HubError(f"{repository} exists and is public", hint="make it private on its page, or choose another name")
    if not update and WEIGHTS_FILE in {file.rfilename for file in known.siblings or []}:
        raise HubError(f"{repository} holds a model already", hint="give --update to put a new version on top of it")


@contextmanager
def _explained(repository: str) -> Iterator[None]:
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
        raise HubError(
            f"{repository}: the connection to {endpoint()} failed ({reason})", hint="nothing was published; try again"
        ) from error
