"""A release as a stage: archives, tables, checksums, and a report, in a folder that appears when all of it is there."""

import hashlib
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from reben.core.errors import RebenError, ReleaseError, TargetExistsError
from reben.describe.facts import expect_patches, facts_of_dataset
from reben.describe.files import DescribedFile, Part
from reben.describe.options import RecordOptions
from reben.describe.stage import write_records
from reben.io.archives.tar_form import TarForm, archive_bytes, ending, headers, member_bytes
from reben.io.archives.tar_stream import BLOCK
from reben.release.archives import expect_few_parts, write_archive
from reben.release.contents import CONTENTS_SUFFIX, Add, writing_contents
from reben.release.data import ReleaseData, store_files
from reben.release.files import FolderFiles, IntactFiles
from reben.release.hashes import HASHES_FILE, write_hashes
from reben.release.options import ReleaseOptions
from reben.release.parts import PATCH_PARTS, STORE_ARCHIVE, PartName, PatchPart
from reben.release.report import REPORT_FILE, ArchiveRecord, FileEntry, ReleaseReport, read_note, read_report
from reben.release.text import patch_texts
from reben.version import __version__
from reben.work import atomic
from reben.work.checksums import md5, sha256
from reben.work.context import Context
from reben.work.processes import available_cpus
from reben.work.progress import Advance

if sys.version_info >= (3, 14):
    from compression.zstd import zstd_version
else:
    from backports.zstd import zstd_version

FORM = TarForm()
"""Of the archives that are written."""

_STATE_FILE = ".fingerprint"
_READ_BYTES = 1 << 22


def release(
    data: ReleaseData, output: Path, options: ReleaseOptions, context: Context, *, records: RecordOptions | None = None
) -> ReleaseReport:
    """Write a release; finished archives of an interrupted one are kept, and a finished release is left alone.

    Args:
        data: what is released.
        output: folder to make.
        options: parts and form.
        context: progress, and whom to tell what is left out.
        records: what catalogue records say besides the tables; None for a release without records.

    Raises:
        ReleaseError: if a part is not there, or is not complete.
        RebenError: if a patch cannot be read, or has not all of its files.
        TargetExistsError: if there is something else at `output`.
    """
    parts = _parts(data, options)
    fingerprint = _fingerprint(data, parts, options, records)
    finished = read_report(output) if output.is_dir() else None
    if finished is not None:
        if finished.fingerprint != fingerprint:
            raise TargetExistsError(
                f"{output} holds a release of other data or in another form", hint="choose another --output"
            )
        atomic.remove_attempts(output)
        _expect_whole(output, finished)
        return finished
    for name in parts:
        if name in PATCH_PARTS:
            data.expect_complete(PATCH_PARTS[name])
    if records is not None:  # what cannot be said is refused before there are archives
        expect_patches(facts_of_dataset(data.root, records, ()))
    with atomic.resumable_directory(output) as folder:
        _begin(folder, fingerprint)
        writer = _Writer(data, folder, options, context)
        archives: dict[PartName, ArchiveRecord] = {n: writer.archive(n) for n in parts if n != "metadata"}
        beside = tuple(_beside(data, folder, archives.values(), with_tables="metadata" in parts))
        report = ReleaseReport(
            reben=__version__,
            zstd=zstd_version,
            fingerprint=fingerprint,
            patches=data.expected.rows.num_rows,
            tar_form=str(FORM),
            archives=tuple(archives.values()),
            files=beside,
            records=()
            if records is None
            else _records(data, folder, archives, beside, options=records, tell=context.tell),
        )
        write_hashes(folder / HASHES_FILE, report.md5())
        atomic.write_text(folder / REPORT_FILE, report.model_dump_json(indent=2) + "\n")
        _end(folder)
    return report


def _expect_whole(output: Path, finished: ReleaseReport) -> None:
    """Notice files of a finished release that were removed or cut off since.

    Raises:
        ReleaseError: if one is missing, or has another size.
    """
    for entry in finished.entries():
        path = output / entry.name
        if not path.is_file() or path.stat().st_size != entry.nbytes:
            raise ReleaseError(
                f"{path}: {'has another size' if path.is_file() else 'is missing'}, though the release was finished",
                hint=f"delete {output}, and give the same command again",
            )


def _parts(data: ReleaseData, options: ReleaseOptions) -> tuple[PartName, ...]:
    """The parts to release.

    Raises:
        ReleaseError: if one is not there.
    """
    available, chosen = data.available(), options.chosen()
    missing = [name for name in chosen if name not in available]
    if missing:
        raise ReleaseError(
            f"{data.root}: has no part {missing[0]}; it has {', '.join(available)}",
            hint="`reben encode` makes the store" if missing[0] == "store" else "leave it out of --parts",
        )
    return chosen or tuple(name for name in available if name != "store")


def _fingerprint(
    data: ReleaseData, parts: Sequence[PartName], options: ReleaseOptions, records: RecordOptions | None
) -> str:
    form = [__version__, zstd_version, str(FORM), *parts, str(options.level), str(options.part_bytes)]
    form.append("" if records is None else records.model_dump_json())
    return hashlib.sha256("\n".join([*form, *data.state()]).encode(errors="surrogateescape")).hexdigest()


def _begin(folder: Path, fingerprint: str) -> None:
    """Keep what an interrupted release of the same data and form has finished, and nothing else."""
    state = folder / _STATE_FILE
    if not state.is_file() or state.read_text(encoding="ascii", errors="replace") != fingerprint:
        for path in folder.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        atomic.write_text(state, fingerprint)


def _end(folder: Path) -> None:
    """Remove what only an interrupted release needs."""
    for path in folder.iterdir():
        if path.name.startswith("."):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


class _Writer:
    """Writes archives into the folder of a release."""

    def __init__(self, data: ReleaseData, folder: Path, options: ReleaseOptions, context: Context) -> None:
        self._data, self._folder, self._options, self._context = data, folder, options, context
        self._threads = options.threads or available_cpus()

    def archive(self, name: PartName) -> ArchiveRecord:
        """Write the archive of a part, or find that it is finished.

        Raises:
            ReleaseError: if it would fall into too many parts.
            RebenError: if a patch cannot be read, or has not all of its files.
        """
        archive = STORE_ARCHIVE if name == "store" else PATCH_PARTS[name].archive
        note = self._folder / f".{archive}.json"
        finished = read_note(note)
        if finished is not None and all(
            (self._folder / file.name).is_file() and (self._folder / file.name).stat().st_size == file.nbytes
            for file in finished.files
        ):
            return finished
        record = self._store(archive) if name == "store" else self._patches(PATCH_PARTS[name])
        atomic.write_text(note, record.model_dump_json())
        return record

    def _patches(self, part: PatchPart) -> ArchiveRecord:
        places = self._data.files.places(part)
        with (
            self._context.progress(f"writing {part.archive}") as start,
            writing_contents(self._folder / f"{part.archive}{CONTENTS_SUFFIX}") as add,
        ):
            return self._write(part.archive, self._patch_text(part, places, add, start(len(places))))

    def _patch_text(self, part: PatchPart, places: list[str], add: Add, advance: Advance) -> Iterator[bytes]:
        nbytes = 0
        own = self._data.files
        files = IntactFiles(own) if isinstance(own, FolderFiles) else own
        with patch_texts(files, part, places, [FORM], threads=self._threads) as texts:
            for text in texts:
                if isinstance(text, RebenError):
                    raise text
                if not nbytes:
                    expect_few_parts(part.archive, len(text.texts[0]) * len(places), self._options.part_bytes)
                nbytes += len(text.texts[0])
                add(text.files)
                advance(1)
                yield text.texts[0]
        yield ending(nbytes)

    def _store(self, archive: str) -> ArchiveRecord:
        store = self._data.store
        if store is None:
            raise ReleaseError(f"{self._data.root}: has no store")
        files = {f"{store.name}/{path.relative_to(store)}" if store.is_dir() else path.name: path
                 for path in store_files(store)}  # fmt: skip
        total = sum(member_bytes(name, path.stat().st_size) for name, path in files.items())
        expect_few_parts(archive, total, self._options.part_bytes)
        with self._context.progress(f"writing {archive}", in_bytes=True) as start:
            return self._write(archive, _file_text(files, start(archive_bytes(total))))

    def _write(self, archive: str, text: Iterator[bytes]) -> ArchiveRecord:
        return write_archive(
            text,
            self._folder,
            archive,
            level=self._options.level,
            threads=self._threads,
            part_bytes=self._options.part_bytes,
        )


def _file_text(files: dict[str, Path], advance: Advance) -> Iterator[bytes]:
    """The text of an archive with some large files, by their paths in it.

    Raises:
        ReleaseError: if one changes while it is read.
    """
    total = 0
    for name, path in files.items():
        nbytes = path.stat().st_size
        yield headers(FORM, name, nbytes)
        read = 0
        with path.open("rb") as file:
            while piece := file.read(_READ_BYTES):
                read += len(piece)
                advance(len(piece))
                yield piece
        if read != nbytes:
            raise ReleaseError(f"{path}: was changed while it was read", hint="give the same command again")
        yield bytes(-nbytes % BLOCK)
        total += member_bytes(name, nbytes)
    yield ending(total)


def _records(
    data: ReleaseData,
    folder: Path,
    archives: Mapping[PartName, ArchiveRecord],
    beside: Sequence[FileEntry],
    *,
    options: RecordOptions,
    tell: Callable[[str], None],
) -> tuple[FileEntry, ...]:
    """Write catalogue records of the files that are there, and describe them as entries."""
    files = [_described(entry, name) for name, archive in archives.items() for entry in archive.files]
    files += [_described(entry, "metadata") for entry in beside]
    written = write_records(data.root, folder, options, files, tell=tell)
    return tuple(_entry(folder / file.name) for file in written)


def _described(entry: FileEntry, part: Part) -> DescribedFile:
    return DescribedFile(entry.name, part, entry.nbytes, md5=entry.md5, sha256=entry.sha256)


def _beside(
    data: ReleaseData, folder: Path, archives: Iterable[ArchiveRecord], *, with_tables: bool
) -> Iterator[FileEntry]:
    """Copy the tables and what belongs to them; these, and the contents of the archives, as entries."""
    for path in (*data.expected.tables, *data.beside) if with_tables else ():
        with atomic.new_file(folder / path.name) as partial:
            shutil.copyfile(path, partial)
        yield _entry(folder / path.name)
    for archive in archives:
        contents = folder / f"{archive.name}{CONTENTS_SUFFIX}"
        if contents.is_file():
            yield _entry(contents)


def _entry(path: Path) -> FileEntry:
    return FileEntry(name=path.name, nbytes=path.stat().st_size, md5=md5(path), sha256=sha256(path))
