import shutil
from pathlib import Path

import pytest

from reben.core.errors import ArchiveError, EncodeError
from reben.core.release import LMDB_COPY, MAPS_ARCHIVE, S1_ARCHIVE, S2_ARCHIVE
from reben.get.sources import sources_of

ALL = {"s2": 549_488, "s1": 549_488, "maps": 549_488}
FEW = {"s2": 500, "s1": 500, "maps": 500}


@pytest.mark.parametrize(
    ("word", "wanted", "lmdb", "archives"),
    [
        ("auto", FEW, LMDB_COPY, ["maps"]),
        ("auto", ALL, None, ["s2", "s1", "maps"]),
        ("auto", {"s2": 549_488}, None, ["s2"]),
        ("auto", {"s1": 400_000}, LMDB_COPY, []),
        ("lmdb", ALL, LMDB_COPY, ["maps"]),
        ("lmdb", {"s2": 5}, LMDB_COPY, []),
        ("archives", FEW, None, ["s2", "s1", "maps"]),
        ("archives", {"maps": 5}, None, ["maps"]),
    ],
)
def test_words(word: str, wanted: dict[str, int], lmdb: str | None, archives: list[str]):
    found = sources_of([word], wanted)
    assert found.lmdb == lmdb
    assert list(found.archives) == archives


def test_the_published_archives():
    found = sources_of(["archives"], FEW)
    known = {"s2": S2_ARCHIVE, "s1": S1_ARCHIVE, "maps": MAPS_ARCHIVE}
    for kind, file in known.items():
        assert found.archive_of(kind).parts == (file.address,)
        assert found.nbytes_of(kind) == file.nbytes
        assert found.part_of(kind).folder == file.name.partition(".")[0]


def test_addresses_and_paths_by_their_names(tmp_path: Path, tiny_store: Path):
    s2 = tmp_path / "BigEarthNet-S2.tar.gzaa"
    for path in (s2, tmp_path / "BigEarthNet-S2.tar.gzab"):
        path.write_bytes(b"x" * 10)
    found = sources_of(
        [str(tiny_store), str(s2), "https://zenodo.org/records/10891137/files/Reference_Maps.tar.zst?download=1"], FEW
    )
    assert found.lmdb == tiny_store
    assert found.archive_of("s2").parts == (s2, tmp_path / "BigEarthNet-S2.tar.gzab")
    assert found.nbytes_of("s2") == 20
    assert found.archive_of("maps").compression == "zstd"
    with pytest.raises(EncodeError, match="names no archive with Sentinel-1 patches"):
        found.archive_of("s1")


def test_parts_of_an_archive_at_addresses():
    places = [f"https://example.org/BigEarthNet-S1.tar.gza{letter}" for letter in "ab"]
    assert sources_of(places, FEW).archive_of("s1").parts == tuple(places)


@pytest.mark.parametrize("address", ["hf://datasets/a/b/data.mdb", "https://example.org/store", "s3://bucket/data.mdb"])
def test_everything_else_at_an_address_is_an_lmdb_file(address: str):
    assert sources_of([address], FEW).lmdb == address


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        (["auto", "lmdb"], EncodeError, "--source auto stands alone; 2 sources"),
        (["hf://datasets/a/b/x.mdb", "hf://datasets/a/b/y.mdb"], EncodeError, "are both LMDB files"),
        (["https://example.org/patches.tar"], EncodeError, "does not say what it holds"),
        (["/nowhere/store"], EncodeError, "is neither a store"),
        (["example.org/store/data.mdb"], EncodeError, "is neither a store"),
        (["/nowhere/BigEarthNet-S2/patches.tar"], EncodeError, "does not say what it holds"),
        (["/nowhere/BigEarthNet-S2.tar.xz"], ArchiveError, "is not called like an archive"),
    ],
)
def test_what_cannot_be_a_source(given: list[str], error: type[Exception], message: str):
    with pytest.raises(error, match=message):
        sources_of(given, FEW)


def test_a_folder_may_be_called_like_an_archive(tmp_path: Path, tiny_store: Path):
    folder = tmp_path / "BigEarthNet-S2.tar"
    folder.mkdir()
    names = {"s2": "BigEarthNet-S2.tar", "s1": "BigEarthNet-S1.tar", "maps": "Reference_Maps.tar"}
    for name in names.values():
        (folder / name).touch()
    found = sources_of([str(folder / name) for name in names.values()], FEW)
    assert {kind: str(archive) for kind, archive in found.archives.items()} == {
        kind: str(folder / name) for kind, name in names.items()
    }
    shutil.copytree(tiny_store, tmp_path / "my.tar.store")
    assert sources_of([str(tmp_path / "my.tar.store")], FEW).lmdb == tmp_path / "my.tar.store"


def test_a_kind_without_an_archive_is_named_with_what_to_do():
    with pytest.raises(EncodeError, match="names no archive with reference maps") as caught:
        sources_of(["/x/BigEarthNet-S2.tar"], FEW).archive_of("maps")
    assert "Reference_Maps.tar.zst" in caught.value.hint
    assert "--no-maps" in caught.value.hint


def test_a_store_by_its_file(tiny_store: Path):
    assert sources_of([str(tiny_store / "data.mdb")], FEW).lmdb == tiny_store / "data.mdb"
