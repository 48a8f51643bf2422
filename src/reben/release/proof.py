"""Whether a data set is, byte for byte, the one that was released: its archives are made again, and hashed only."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from reben.core.errors import RebenError, ReleaseError
from reben.io.archives.tar_form import TarForm, ending
from reben.release.claims import Claims
from reben.release.contents import read_contents
from reben.release.data import ReleaseData
from reben.release.files import FolderFiles
from reben.release.form import check_form
from reben.release.parts import PATCH_PARTS, PartName, PatchPart
from reben.release.text import FileRecord, PatchText, patch_texts
from reben.verify.any_data import verify_data
from reben.verify.findings import Check, Finding
from reben.work.checksums import md5
from reben.work.context import Context
from reben.work.progress import Advance

_SMALLEST_FIRST: tuple[PartName, ...] = ("maps", "s1", "s2")
"""The form that fits the smallest archive is the only one that the larger ones are tried with."""
_TOGETHER_BYTES = 8 << 20


@dataclass
class Proof:
    """What was found."""

    checks: list[Check] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What was not compared and why, and in which form the archives were made."""
    not_compared: list[str] = field(default_factory=list)
    """Archives that only the release has, or only the data set."""


def prove(data: ReleaseData, claims: Claims, context: Context, *, threads: int) -> Proof:
    """Hold a data set against a release.

    Args:
        data: folders or store, with tables.
        claims: of the release.
        context: progress.
        threads: that read, make files and hash.

    Raises:
        RebenError: if the data set cannot be read at all.
    """
    proof = Proof()
    rows = data.expected.rows.num_rows
    if claims.patches is not None and rows != claims.patches:
        _check_part(data, claims, proof, context, threads=threads)
        return proof
    _expect_common(data, claims)
    forms = list(claims.forms)
    for name in _SMALLEST_FIRST:
        part = PATCH_PARTS[name]
        if part.archive not in claims.md5:
            if data.files.places(part):
                proof.notes.append(f"{claims.name} does not name {part.archive}, so {part.title} were not compared")
                proof.not_compared.append(part.archive)
            continue
        if not data.files.places(part):
            proof.notes.append(f"there are no {part.title} here, so {part.archive} was not compared")
            proof.not_compared.append(part.archive)
            continue
        found = _Archive(data, part, claims, context, threads).compare(forms, proof)
        if found is not None:
            proof.notes.append(f"{part.archive}: the headers have {found}")
            forms = [found]
    _check_tables(data, claims, proof)
    return proof


def _expect_common(data: ReleaseData, claims: Claims) -> None:
    """Notice a list of other files: nothing would differ, since nothing would be compared.

    Raises:
        ReleaseError: if the release names neither an archive nor a table of the data set.
    """
    archives = [part.archive for part in PATCH_PARTS.values() if data.files.places(part)]
    tables = [path.name for path in data.expected.tables]
    if not {*archives, *tables} & set(claims.md5):
        raise ReleaseError(
            f"{claims.name}: names nothing that {data.root} has",
            hint=f"expected MD5 sums of {', '.join([*archives, *tables])}",
        )


def _check_part(data: ReleaseData, claims: Claims, proof: Proof, context: Context, *, threads: int) -> None:
    """Check what a part of a release can show."""
    rows = data.expected.rows.num_rows
    proof.notes.append(
        f"the tables name {rows:,} patches; {claims.name} has {claims.patches:,}. The MD5 of an archive can only be "
        "compared when all of its files are there; what a part can show was checked instead"
    )
    if isinstance(data.files, FolderFiles):
        for part in PATCH_PARTS.values():
            if data.files.places(part):
                proof.checks.append(check_form(data.files, part, data.places, context, threads=threads))
    with context.progress(f"verifying {data.root.name}") as start:
        proof.checks += verify_data(data.root, workers=threads, start=start)


def _complete(data: ReleaseData, part: PatchPart) -> Check:
    """Whether exactly the patches of the tables are there."""
    there, wanted = set(data.files.places(part)), data.expected.places(part)
    check = Check(f"{part.folder}: there are the patches that the tables name, and no others", len(wanted))
    check.add(Finding(f"{part.folder}/{place}", "is missing") for place in sorted(wanted - there))
    check.add(Finding(f"{part.folder}/{place}", "is not named by the tables") for place in sorted(there - wanted))
    return check


def _check_tables(data: ReleaseData, claims: Claims, proof: Proof) -> None:
    """Compare the MD5 of the files beside the archives."""
    files = [path for path in (*data.expected.tables, *data.beside) if path.name in claims.md5]
    check = Check("metadata tables have the MD5 of the release", len(files))
    sums = {path: md5(path) for path in files}
    check.add(
        Finding(str(path), f"has the MD5 {found}; expected {claims.md5[path.name]}")
        for path, found in sums.items()
        if found != claims.md5[path.name]
    )
    proof.checks.append(check)


class _Archive:
    """Compares one archive."""

    def __init__(self, data: ReleaseData, part: PatchPart, claims: Claims, context: Context, threads: int) -> None:
        self._data, self._part, self._claims, self._context, self._threads = data, part, claims, context, threads
        self._expected = claims.md5[part.archive]

    def compare(self, forms: Sequence[TarForm], proof: Proof) -> TarForm | None:
        """Compare MD5 and, where there is a table of them, files; which form the archive has, if it is the released.

        Args:
            forms: to try.
            proof: to which findings are added.
        """
        complete = _complete(self._data, self._part)
        readable = Check(f"{self._part.folder}: each patch has its files, and they can be read", 0)
        proof.checks += [complete, readable]
        contents = self._claims.contents.get(self._part.archive)
        if complete.differences and contents is None:
            proof.notes.append(f"{self._part.archive} was not hashed: it cannot be the released one without its files")
            return None
        comparison = None if contents is None else _Comparison(self._part, read_contents(contents))
        sums = self._sums(forms, readable, comparison)
        if comparison is not None:
            comparison.end()
            proof.checks.append(comparison.check)
        found = next((form for form, digest in sums.items() if digest == self._expected), None)
        check = Check(f"{self._part.archive} has the MD5 of the release", 1)
        if found is None:
            check.add([Finding(self._part.archive, self._difference(sums))])
        proof.checks.append(check)
        return found

    def _difference(self, sums: dict[TarForm, str]) -> str:
        first, digest = next(iter(sums.items()))
        others = f", and another one with {len(sums) - 1} other forms of headers" if len(sums) > 1 else ""
        return f"has the MD5 {digest} ({first}){others}; expected {self._expected}"

    def _sums(self, forms: Sequence[TarForm], readable: Check, comparison: "_Comparison | None") -> dict[TarForm, str]:
        """MD5 of the archive in each form."""
        places = self._data.files.places(self._part)
        digests = [hashlib.md5(usedforsecurity=False) for _ in forms]
        nbytes = 0
        with (
            self._context.progress(f"hashing {self._part.archive}") as start,
            patch_texts(self._data.files, self._part, places, forms, threads=self._threads) as texts,
            ThreadPoolExecutor(min(len(forms), self._threads)) as executor,
        ):
            for group in _grouped(self._readable(texts, readable, comparison, start(len(places)))):
                nbytes += sum(len(text.texts[0]) for text in group)
                updates = [executor.submit(_update, digest.update, group, i) for i, digest in enumerate(digests)]
                for update in updates:
                    update.result()
        for digest in digests:
            digest.update(ending(nbytes))
        return {form: digest.hexdigest() for form, digest in zip(forms, digests, strict=True)}

    def _readable(
        self,
        texts: Iterator[PatchText | RebenError],
        readable: Check,
        comparison: "_Comparison | None",
        advance: Advance,
    ) -> Iterator[PatchText]:
        """The patches that can be read; the others are findings."""
        for text in texts:
            readable.checked += 1
            advance(1)
            if isinstance(text, RebenError):
                readable.add([Finding(self._part.archive, str(text))])
                continue
            if comparison is not None:
                comparison.add(text.files)
            yield text


def _update(update: Callable[[bytes], None], group: Sequence[PatchText], form: int) -> None:
    for text in group:
        update(text.texts[form])


def _grouped(texts: Iterator[PatchText]) -> Iterator[list[PatchText]]:
    """Patches in groups of some mebibytes: handing each to threads would take longer than hashing it."""
    group: list[PatchText] = []
    nbytes = 0
    for text in texts:
        group.append(text)
        nbytes += len(text.texts[0])
        if nbytes >= _TOGETHER_BYTES:
            yield group
            group, nbytes = [], 0
    yield group


class _Comparison:
    """Holds files, which come in the order of the archive, against the table of the released ones."""

    def __init__(self, part: PatchPart, released: Iterator[FileRecord]) -> None:
        self.check = Check(f"{part.folder}: files are those of the release", 0)
        self._released = released
        self._next = next(released, None)

    def add(self, files: Sequence[FileRecord]) -> None:
        """Compare some files."""
        for file in files:
            self.check.checked += 1
            while self._next is not None and _order(self._next.path) < _order(file.path):
                self._missing()
            if self._next is None or self._next.path != file.path:
                self.check.add([Finding(file.path, "is not a file of the release")])
                continue
            if (self._next.nbytes, self._next.crc32) != (file.nbytes, file.crc32):
                self.check.add([Finding(file.path, "differs from the file of the release")])
            self._next = next(self._released, None)

    def end(self) -> None:
        """Count what has not come."""
        while self._next is not None:
            self._missing()

    def _missing(self) -> None:
        if self._next is not None:
            self.check.add([Finding(self._next.path, "is in the release, and not here")])
            self._next = next(self._released, None)


def _order(path: str) -> bytes:
    return path.encode(errors="surrogateescape")
