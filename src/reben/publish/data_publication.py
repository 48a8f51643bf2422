"""A folder with all that will be seen of a data set: a store in parts that hosts take, or pictures; tables, records."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reben.core.errors import MetadataError, TargetExistsError
from reben.describe.data_card import CARD_FILE, ViewerConfig
from reben.describe.files import DescribedFile, Part, described
from reben.describe.options import RecordOptions
from reben.describe.patch_tables import read_patch_table
from reben.describe.stage import RECORD_FILES, write_records
from reben.io.dataset.folder import DataFolder, find_data
from reben.io.dataset.paths import DatasetPaths
from reben.io.small_files import read_json
from reben.io.store import DATA_FILE, SHARDS_FILE, open_store
from reben.io.store.checksums import CHECKSUMS_FILE
from reben.io.store.split import split_store
from reben.publish.hub import Upload
from reben.publish.image_tables import CARD_FEATURES, write_image_tables
from reben.publish.image_tables import FOLDER as IMAGES
from reben.publish.options import DataForm
from reben.work import atomic
from reben.work.progress import Begin, begin_unseen

_NOTE_FILE = ".reben-publication.json"
"""Marks a folder as ours, and says of which store the shards in it are; it is not published."""
_STORE = "store"


@dataclass(frozen=True, slots=True)
class DataPublication:
    """What goes up."""

    files: dict[str, Path]
    """Where each file lies, by its path in the repository."""
    sizes: dict[str, int]
    card: str
    """Text of the data card."""

    def upload(self, repository: str, *, private: bool = False, update: bool = False) -> Upload:
        """Exactly these files, for a repository with a data set."""
        return Upload(repository, "dataset", self.files, CARD_FILE, private=private, update=update)


def write_data_publication(
    data: Path,
    target: Path,
    records: RecordOptions,
    *,
    form: DataForm = "store",
    shard_bytes: int,
    tell: Callable[[str], None],
    begin: Begin = begin_unseen,
) -> DataPublication:
    """Write what is to be published and is not there already: shards, pictures, records and card.

    A store whose files are small enough is published from where it lies. Reports of builds stay out: they name paths
    of the machine on which they were made.

    Args:
        data: data folder.
        target: folder for what is written; an earlier publication in it is replaced.
        records: what the publisher says.
        form: whether the store, pictures, or both are published.
        shard_bytes: most bytes of one file of the store.
        tell: called with a line for each record that is left out.
        begin: how progress is shown.

    Raises:
        MetadataError: if it is not a data folder, a table is wrong, or the options do not fit the data.
        StoreError: if the store is damaged, or at an address.
        TargetExistsError: if something else is at `target`.
    """
    found = find_data(data)
    _prepare(target)
    files = _tables(found)
    if form in {"store", "both"}:
        files |= _store_files(found, target, shard_bytes, begin)
    configs = []
    if form in {"parquet", "both"}:
        patches = read_patch_table(list(found.metadata))
        advance = begin(patches.table.num_rows)
        patterns = write_image_tables(target, patches, open_store(found.store), progress=advance)
        configs.append(ViewerConfig(IMAGES, patterns, CARD_FEATURES))
        files |= {f"{IMAGES}/{path.name}": path for path in sorted((target / IMAGES).glob("*.parquet"))}
    named = [_described(name, path) for name, path in files.items()]
    root = found.metadata[0].parent
    split = target / _STORE if (target / _STORE).is_dir() and form != "parquet" else None
    written = write_records(root, target, records, named, configs=configs, store=split, tell=tell)
    files |= {file.name: target / file.name for file in written}
    sizes = {name: path.stat().st_size for name, path in files.items()}
    return DataPublication(files, sizes, (target / CARD_FILE).read_text(encoding="utf-8"))


def _prepare(target: Path) -> None:
    """Make the folder, or empty it of what an earlier publication wrote; shards may be used again.

    Raises:
        TargetExistsError: if something else is there.
    """
    if target.exists() and not (target / _NOTE_FILE).is_file() and (not target.is_dir() or any(target.iterdir())):
        raise TargetExistsError(f"{target} holds other files than a publication's", hint="choose another --output")
    target.mkdir(parents=True, exist_ok=True)
    if not (target / _NOTE_FILE).exists():
        atomic.write_json(target / _NOTE_FILE, {})
    for name in RECORD_FILES:
        (target / name).unlink(missing_ok=True)
    for path in (target / IMAGES).glob("*.parquet"):
        path.unlink()


def _tables(found: DataFolder) -> dict[str, Path]:
    """Metadata tables, and what belongs to them."""
    paths = DatasetPaths(found.metadata[0].parent)
    beside = [path for path in (paths.legend, paths.statistics) if path.exists()]
    return {path.name: path for path in (*found.metadata, *beside)}


def _store_files(found: DataFolder, target: Path, most_bytes: int, begin: Begin) -> dict[str, Path]:
    """Files of the store: as they are, or split.

    Raises:
        StoreError: if the store is damaged.
        MetadataError: if it is at an address.
    """
    if not isinstance(found.store, Path):
        raise MetadataError(f"{found.store}: a store at an address cannot be published", hint="get it first")
    source = found.store
    parts = sorted(source.rglob(DATA_FILE)) if source.is_dir() else [source]
    if all(part.stat().st_size <= most_bytes for part in parts):
        shutil.rmtree(target / _STORE, ignore_errors=True)  # of an earlier publication, with smaller shards
        files = _beside(source if source.is_dir() else source.parent, parts)
        if len(parts) > 1 or (source / SHARDS_FILE).exists():
            note = target / SHARDS_FILE  # that of the source describes the machine's files, too
            atomic.write_json(note, {"shards": len(parts)})
            files[f"{_STORE}/{SHARDS_FILE}"] = note
        return files
    state = {"most_bytes": most_bytes, "files": [[part.stat().st_size, part.stat().st_mtime_ns] for part in parts]}
    split = target / _STORE
    if not split.exists() or _note(target) != state:
        shutil.rmtree(split, ignore_errors=True)
        split_store(source, split, most_bytes=most_bytes, progress=begin(len(open_store(source))))
        atomic.write_json(target / _NOTE_FILE, state)
    shards = {f"{_STORE}/{SHARDS_FILE}": split / SHARDS_FILE}
    return shards | _beside(split, sorted(split.rglob(DATA_FILE)))


def _beside(root: Path, parts: Sequence[Path]) -> dict[str, Path]:
    """Files of a store with the checksums of their values, by their paths in the repository."""
    both = [path for part in parts for path in (part, part.with_name(CHECKSUMS_FILE)) if path.exists()]
    return {f"{_STORE}/{path.relative_to(root).as_posix()}": path for path in both}


def _note(target: Path) -> Any:  # noqa: ANN401 - JSON
    return read_json(target / _NOTE_FILE, error=MetadataError, hint="delete this folder and publish again")


def _described(name: str, path: Path) -> DescribedFile:
    part: Part = "metadata"
    if name.startswith(f"{_STORE}/"):
        part = "store"
    elif name.startswith(f"{IMAGES}/"):
        part = "images"
    found = described(path.parent, path.name, part)
    return DescribedFile(name, part, found.nbytes, sha256=found.sha256)
