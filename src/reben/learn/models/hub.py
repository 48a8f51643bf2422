"""Models on the Hugging Face hub: from the name of a repository to a folder with its two files.

Files come through `huggingface_hub`: they are kept in its cache, which also answers without network, and its settings
(`HF_ENDPOINT`, `HF_TOKEN`, `HF_HOME`, `HF_HUB_OFFLINE`) apply.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from huggingface_hub import constants, hf_hub_download
from huggingface_hub.errors import (
    EntryNotFoundError,
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from reben.core.errors import HubError, RunError
from reben.net.hub import TRANSPORT_ERROR, HubName, endpoint, is_hub_name
from reben.net.hub_guard import guard_session, odd_answers_named

CONFIG_FILE = "config.json"
WEIGHTS_FILE = "model.safetensors"
PICKLE_HINT = "pickled weights are not loaded, because they can run code; convert them to safetensors"

_LOGIN_HINT = "for a private or gated one, log in with `hf auth login` or set HF_TOKEN"


def model_folder(source: str | os.PathLike[str]) -> tuple[Path, HubName | None]:
    """The folder with the files of a model, and its name on the hub if it came from there.

    Args:
        source: a folder, which wins if it exists, or `owner/name` or `owner/name@revision` on the hub.

    Raises:
        RunError: if it is neither.
        HubError: if the hub cannot be reached and has not been before, or refuses.
    """
    path = Path(source)
    if path.is_dir():
        return path, None
    if path.exists():
        hint = PICKLE_HINT if path.suffix not in {".json", ".safetensors"} else f"give its folder, {path.parent}"
        raise RunError(f"{path} is a file; expected a folder with {CONFIG_FILE} and {WEIGHTS_FILE}", hint=hint)
    if not is_hub_name(os.fspath(source)):
        raise RunError(
            f"{path} does not exist",
            hint="give the --output directory of `reben train`, or owner/name of a model on the Hugging Face hub",
        )
    name = HubName.parse(os.fspath(source))
    return download(name), name


def download(name: HubName) -> Path:
    """A folder in the cache of `huggingface_hub` with `config.json` and `model.safetensors`, and nothing else fetched.

    Raises:
        HubError: if there is no such repository, version or file, or neither network nor a copy in the cache.
    """
    with _asking(name):
        config = Path(_download(name, CONFIG_FILE))
        # The folder is named after the commit; with it, both files belong together even if one is replaced right now.
        commit = config.parent.name
        _download(HubName(name.repository, commit), WEIGHTS_FILE)
    return config.parent


def fetch(name: HubName, file: str) -> Path:
    """One file of a repository, in the cache of `huggingface_hub`.

    Raises:
        HubError: as `download`.
    """
    with _asking(name):
        return Path(_download(name, file))


def _download(name: HubName, file: str) -> str:
    return str(hf_hub_download(name.repository, file, revision=name.revision, endpoint=endpoint()))


@contextmanager
def _asking(name: HubName) -> Iterator[None]:
    """Around all that asks the hub: hostile answers are refused, errors explained.

    Raises:
        HubError: instead of whatever the library raises.
    """
    with odd_answers_named(name, endpoint()), _explained(name):
        guard_session()
        yield


@contextmanager
def _explained(name: HubName) -> Iterator[None]:
    """Say what the library's errors mean and what to do.

    Raises:
        HubError: instead of any of them.
    """
    try:
        yield
    except GatedRepoError as error:
        raise HubError(f"{name}: its owner lets only some read it", hint=f"ask on its page; {_LOGIN_HINT}") from error
    except RepositoryNotFoundError as error:
        raise HubError(
            f"{name} is neither a folder here nor a repository on {endpoint()} that you may see",
            hint=f"check the name; {_LOGIN_HINT}",
        ) from error
    except RevisionNotFoundError as error:
        raise HubError(f"{name}: there is no such version", hint="give a branch, a tag or a commit after @") from error
    except LocalEntryNotFoundError as error:
        offline = constants.HF_HUB_OFFLINE
        reason = "offline mode is on (HF_HUB_OFFLINE)" if offline else f"{endpoint()} cannot be reached"
        raise HubError(
            f"{name}: {reason}, and there is no copy in {constants.HF_HUB_CACHE}",
            hint=f"get it once with network, or give a folder with {CONFIG_FILE} and {WEIGHTS_FILE}",
        ) from error
    except EntryNotFoundError as error:
        raise HubError(f"{name} lacks {CONFIG_FILE} or {WEIGHTS_FILE}", hint=PICKLE_HINT) from error
    except HFValidationError as error:
        raise HubError(f"{name}: is not a name of a repository ({error})", hint="give owner/name") from error
    except HfHubHTTPError as error:
        status = error.response.status_code
        raise HubError(f"{name}: {endpoint()} answers with status {status}", hint=_status_hint(status)) from error
    except TRANSPORT_ERROR as error:
        reason = str(error) or type(error).__name__
        raise HubError(f"{name}: the connection to {endpoint()} failed ({reason})", hint="try again later") from error


def _status_hint(status: int) -> str:
    return "log in with `hf auth login`, or set HF_TOKEN" if status in {401, 403} else "try again later"
