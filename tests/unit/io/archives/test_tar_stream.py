import io
import random
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reben.core.errors import ArchiveError
from reben.io.archives.tar_stream import BLOCK, Member, Text, members

LONG = "/".join(["S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP"] * 3)
CONTENT = {"a/b.tif": b"x" * 700, f"a/{LONG}.tif": b"y" * 512, "a/empty.tif": b"", "c.txt": b"z"}


def in_pieces(data: bytes, step: int) -> Iterator[bytes]:
    return (data[at : at + step] for at in range(0, len(data), step))


def read(
    data: bytes, *, step: int = 999, wanted: Callable[[str], bool] = lambda _: True, most_bytes: int = 1 << 20
) -> list[Member]:
    return list(members(Text(in_pieces(data, step)), wanted=wanted, most_bytes=most_bytes))


def made(form: int, *, content: dict[str, bytes] = CONTENT) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=form) as archive:
        for name, data in content.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return file.getvalue()


def with_member(change: Callable[[tarfile.TarInfo], object], *, form: int = tarfile.GNU_FORMAT) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=form) as archive:
        info = tarfile.TarInfo("a/b.tif")
        change(info)
        archive.addfile(info, io.BytesIO(bytes(info.size)))
    return file.getvalue()


@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT, tarfile.USTAR_FORMAT])
@pytest.mark.parametrize("step", [1, 511, 100_000])
def test_members_have_their_paths_and_content(form: int, step: int):
    content = {name: data for name, data in CONTENT.items() if form != tarfile.USTAR_FORMAT or LONG not in name}
    content["a/" + "p" * 90 + "/" + "q" * 90] = b"prefix"
    assert {member.path: member.data for member in read(made(form, content=content), step=step)} == content


@pytest.mark.parametrize("form", ["gnu", "pax", "ustar"])
def test_members_that_gnu_tar_wrote(form: str, tmp_path: Path):
    for name, data in CONTENT.items():
        if form != "ustar" or LONG not in name:
            (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "in" / name).write_bytes(data)
    archive = subprocess.run(
        ["tar", f"--format={form}", "-C", tmp_path / "in", "-cf", "-", "."], capture_output=True, check=True
    ).stdout
    files = {m.path: m.data for m in read(archive) if not m.is_folder}
    assert files == {n: d for n, d in CONTENT.items() if form != "ustar" or LONG not in n}
    assert "a" in {m.path for m in read(archive) if m.is_folder}


@given(st.dictionaries(st.text("abc/é", min_size=1, max_size=300), st.binary(max_size=1_500), max_size=5), st.data())
def test_members_are_those_of_the_standard_library(content: dict[str, bytes], data: st.DataObject):
    content = {f"top/{name}x": value for name, value in content.items()}
    archive = made(data.draw(st.sampled_from([tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])), content=content)
    step = data.draw(st.integers(1, 3_000))
    assert [(m.path, m.data) for m in read(archive, step=step)] == list(content.items())


def test_reading_can_begin_at_any_member():
    archive = made(tarfile.GNU_FORMAT)
    whole = read(archive)
    for number, member in enumerate(whole):
        text = Text(in_pieces(archive[member.offset :], 1_000), member.offset)
        assert list(members(text, wanted=lambda _: True, most_bytes=1 << 20)) == whole[number:]


def test_what_is_not_wanted_has_no_content():
    found = read(made(tarfile.GNU_FORMAT), wanted=lambda path: path == "c.txt")
    assert [member.data for member in found] == [None, None, None, b"z"]


@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_an_archive_that_is_cut_short_anywhere_is_an_error(form: int):
    archive = made(form)
    end = len(archive.rstrip(b"\0")) // BLOCK * BLOCK + BLOCK
    for cut in range(0, end + BLOCK + 1, 64):
        for wanted in (True, False):
            with pytest.raises(ArchiveError):
                read(archive[:cut], wanted=lambda _, wanted=wanted: wanted)


def test_a_damaged_header_is_an_error():
    draw = random.Random(5)  # noqa: S311 - it need not be secret
    archive = made(tarfile.GNU_FORMAT)
    headers = [member.offset for member in read(archive)]
    for _ in range(200):
        data = bytearray(archive)
        place = draw.choice(headers) + draw.randrange(BLOCK)
        data[place] ^= 1 << draw.randrange(8)
        try:
            found = read(bytes(data))
        except ArchiveError:
            continue
        assert found == read(archive)  # spaces and zeros around the checksum


@pytest.mark.parametrize(
    ("kind", "what"),
    [
        (tarfile.SYMTYPE, "symbolic link"), (tarfile.LNKTYPE, "hard link"), (tarfile.CHRTYPE, "device"),
        (tarfile.BLKTYPE, "device"), (tarfile.FIFOTYPE, "pipe"), (tarfile.GNUTYPE_SPARSE, "sparse"),
        (b"V", "unknown kind"), (b"M", "volume"), (b"K", "link"),
    ],
)  # fmt: skip
def test_other_kinds_of_members_are_refused(kind: bytes, what: str):
    with pytest.raises(ArchiveError, match=what):
        read(with_member(lambda info: setattr(info, "type", kind)))


@pytest.mark.parametrize("path", ["/etc/passwd", "../b", "a/../../b", "a/..", "//x"])
@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_paths_that_lead_out_are_refused(path: str, form: int):
    for name in (path, f"{path}/{LONG}", f"a/{LONG}/../{LONG}"):
        with pytest.raises(ArchiveError, match="leads out"):
            read(with_member(lambda info, name=name: setattr(info, "name", name), form=form))


def test_large_members_are_refused_only_if_they_are_wanted():
    archive = with_member(lambda info: setattr(info, "size", 5_000))
    with pytest.raises(ArchiveError, match="claims 5,000 bytes"):
        read(archive, most_bytes=4_999)
    assert read(archive, most_bytes=4_999, wanted=lambda _: False)[0].data is None


@pytest.mark.parametrize("size", [8 << 30, (1 << 63) + 5])
def test_sizes_beyond_octal_digits_are_read(size: int):
    header = bytearray(tarfile.TarInfo("a").tobuf(tarfile.GNU_FORMAT))
    header[124:136] = b"\x80" + size.to_bytes(11, "big")
    header[148:156] = b"%06o\0 " % (sum(header) - sum(header[148:156]) + 8 * 32)
    with pytest.raises(ArchiveError, match=f"claims {size:,} bytes"):
        read(bytes(header))


@pytest.mark.parametrize(
    "records",
    [
        b"", b"9 path=a", b"99 path=a\n", b"9 pathxa\n\n", b"x path=a\n", b"0 path=a\n", b"-9 path=a\n",
        b"26 GNU.sparse.major=1\n....", b"12 size=-100\n", b"11 size=1e9\n",
    ],
)  # fmt: skip
def test_damaged_extended_headers_are_refused(records: bytes):
    def change(info: tarfile.TarInfo) -> None:
        info.type, info.size = tarfile.XHDTYPE, len(records)

    archive = bytearray(with_member(change))
    archive[BLOCK : BLOCK + len(records)] = records
    with pytest.raises(ArchiveError):
        read(bytes(archive))


def test_a_global_header_may_hold_a_comment_only():
    def made_with(headers: dict[str, str]) -> bytes:
        file = io.BytesIO()
        with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT, pax_headers=headers) as archive:
            archive.addfile(tarfile.TarInfo("a"))
        return file.getvalue()

    assert [member.path for member in read(made_with({"comment": "by git"}))] == ["a"]
    with pytest.raises(ArchiveError, match="global header"):
        read(made_with({"path": "b"}))


def test_names_and_headers_have_a_longest():
    with pytest.raises(ArchiveError, match="file name of"):
        read(with_member(lambda info: setattr(info, "name", "n" * 9_000)))
    with pytest.raises(ArchiveError, match="extended header of"):
        read(with_member(lambda info: setattr(info, "name", "n" * 70_000), form=tarfile.PAX_FORMAT))


def test_data_behind_the_end_are_refused():
    archive = made(tarfile.GNU_FORMAT)
    assert read(archive + bytes(1 << 19))
    with pytest.raises(ArchiveError, match="behind its end"):
        read(archive + b"x")
    with pytest.raises(ArchiveError, match="no end"):
        read(archive + bytes(1 << 21))


def test_an_old_archive_without_a_magic_number_is_refused():
    header = bytearray(tarfile.TarInfo("a").tobuf(tarfile.USTAR_FORMAT))
    header[257:265] = bytes(8)
    header[148:156] = b"%06o\0 " % (sum(header) - sum(header[148:156]) + 8 * 32)
    with pytest.raises(ArchiveError, match="unknown kind"):
        read(bytes(header) + bytes(2 * BLOCK))
