"""A folder with all that will be seen of a model, and nothing else: weights, configuration, epochs, card, records."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from reben.core.errors import TargetExistsError
from reben.describe.files import write_json_record
from reben.learn.models.hub import CONFIG_FILE, WEIGHTS_FILE
from reben.publish.hub import Upload
from reben.publish.mlm import MLM_FILE, mlm_item
from reben.publish.model_card import PICTURE_FILE, CardOptions, write_card
from reben.publish.run_facts import RunFacts
from reben.work import atomic

CARD_FILE = "README.md"
EPOCHS_FILE = "metrics.csv"
FILES = (CARD_FILE, CONFIG_FILE, EPOCHS_FILE, MLM_FILE, WEIGHTS_FILE, PICTURE_FILE)
"""All that a publication may hold."""


@dataclass(frozen=True, slots=True)
class Publication:
    """A written folder."""

    folder: Path
    sizes: dict[str, int]
    """Bytes of each file by its name."""

    def upload(self, repository: str, *, private: bool = False, update: bool = False) -> Upload:
        """Exactly these files, for a repository with a model."""
        files = {name: self.folder / name for name in self.sizes}
        return Upload(repository, "model", files, WEIGHTS_FILE, private=private, update=update)


def write_publication(
    run: Path,
    facts: RunFacts,
    target: Path,
    *,
    repository: str,
    license_id: str,
    dataset: str | None = None,
    draw: Callable[[Path], None] | None = None,
) -> Publication:
    """Write the folder; an earlier publication in `target` is replaced.

    Args:
        run: run directory.
        facts: of the run.
        target: folder to make.
        repository: `owner/name` on the hub, for the card.
        license_id: the hub's identifier of the weights' licence.
        dataset: name of the data set, for the card.
        draw: draws test patches into the given file; None leaves the picture out.

    Raises:
        TargetExistsError: if something else is at `target`.
        RebenError: what went wrong in drawing.
    """
    if target.is_dir() and {file.name for file in target.iterdir()} <= set(FILES):
        shutil.rmtree(target)
    elif target.exists():
        raise TargetExistsError(f"{target} holds other files than a publication's", hint="choose another --output")
    target.parent.mkdir(parents=True, exist_ok=True)
    with atomic.new_directory(target) as folder:
        for name in (CONFIG_FILE, WEIGHTS_FILE, EPOCHS_FILE):
            if (run / name).is_file():
                shutil.copyfile(run / name, folder / name)
        if draw is not None:
            draw(folder / PICTURE_FILE)
        item = mlm_item(facts, repository=repository, license_id=license_id)
        if item is not None:
            write_json_record(folder / MLM_FILE, item)
        options = CardOptions(repository, license_id, dataset, picture=draw is not None, item=item is not None)
        (folder / CARD_FILE).write_text(write_card(facts, options), encoding="utf-8")
    return Publication(target, {file.name: file.stat().st_size for file in sorted(target.iterdir())})
