"""One changed byte in any image is found, wherever a checksum says what it should be."""

import hashlib
import shutil
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import pytest

from reben.core.errors import ProductError
from reben.io.l2a_product import L2aProduct
from reben.io.safe.checksums import CRC32, compare_checksums, comparing
from reben.io.safe.l1c import open_l1c
from reben.io.safe.l2a import open_product
from reben.io.safe.xml import manifest_xml
from reben.work.checksums import sha3_256

TILE = "S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP"
ALGORITHMS = {"SHA3-256": "sha3_256", "MD5": "md5", "SHA-256": "sha256"}


def write_manifest(product: Path, name: str = "SHA3-256", *, algorithm: str = "") -> None:
    digest = algorithm or ALGORITHMS[name]
    objects = "".join(
        f'<dataObject><byteStream><fileLocation href="./{path.relative_to(product)}"/>'
        f'<checksum checksumName="{name}">{hashlib.new(digest, path.read_bytes()).hexdigest()}</checksum>'
        "</byteStream></dataObject>"
        for path in sorted(product.rglob("*.jp2"))
    )
    (product / "manifest.safe").write_text(f'<x:XFDU xmlns:x="urn:ccsds:schema:xfdu:1">{objects}</x:XFDU>')


def compare(product: L2aProduct, threads: int = 2) -> tuple[str, ...]:
    return compare_checksums(product.path, list(product.members.values()), threads=threads)


def flip(path: Path, place: int) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


@pytest.fixture
def product(make_product: Callable[..., Path], tmp_path: Path) -> Path:
    return make_product(tmp_path, TILE)


def zipped(product: Path) -> Path:
    return Path(shutil.make_archive(str(product), "zip", product.parent, product.name))


@pytest.mark.parametrize("name", ALGORITHMS)
@pytest.mark.parametrize("threads", [1, 3])
def test_the_manifest_of_a_folder(product: Path, name: str, threads: int):
    write_manifest(product, name)
    assert compare(open_product(product), threads) == (name,)
    path = next(product.rglob("*_B05_20m.jp2"))
    flip(path, path.stat().st_size // 2)
    with pytest.raises(ProductError, match=f"_B05_20m.jp2 is damaged: its {name} is ") as caught:
        compare(open_product(product), threads)
    assert "--no-checksums" in caught.value.hint


def test_a_folder_without_a_manifest_has_none(product: Path):
    assert compare(open_product(product)) == ()


def test_what_the_manifest_does_not_list_is_compared_with_nothing(product: Path):
    write_manifest(product)
    manifest = product / "manifest.safe"
    manifest.write_text(manifest.read_text().replace("_B05_", "_B55_"))
    assert compare(open_product(product)) == ()
    write_manifest(product, "WHIRLPOOL", algorithm="sha256")
    assert compare(open_product(product)) == ()


def test_metadata_that_were_edited_are_no_damage(product: Path):
    write_manifest(product)
    metadata = product / "MTD_MSIL2A.xml"
    text = metadata.read_text()
    listed = f'<fileLocation href="MTD_MSIL2A.xml"/><checksum checksumName="MD5">{"0" * 32}</checksum>'
    manifest = (product / "manifest.safe").read_text()
    (product / "manifest.safe").write_text(manifest.replace("</x:XFDU>", f"<byteStream>{listed}</byteStream></x:XFDU>"))
    metadata.write_text(text + "\n")
    assert compare(open_product(product)) == ("SHA3-256",)


def test_the_crc_of_a_zip_file(product: Path):
    archive = zipped(product)
    assert compare(open_product(archive)) == (CRC32,)
    with zipfile.ZipFile(archive) as opened:
        info = next(info for info in opened.infolist() if info.filename.endswith("_B12_20m.jp2"))
    content = bytearray(archive.read_bytes())
    central = content.rfind(b"_B12_20m.jp2")
    entry = content.rfind(b"PK\1\2", 0, central)
    content[entry + 16 : entry + 20] = struct.pack("<I", info.CRC ^ 1)
    archive.write_bytes(content)
    with pytest.raises(ProductError, match=r"_B12_20m\.jp2 cannot be read from the zip file \(Bad CRC-32"):
        compare(open_product(archive))


def test_a_damaged_file_that_was_packed_as_it_is(product: Path):
    write_manifest(product)
    archive = zipped(product)
    assert compare(open_product(archive)) == (CRC32, "SHA3-256")
    path = next(product.rglob("*_B02_10m.jp2"))
    flip(path, path.stat().st_size // 2)
    with pytest.raises(ProductError, match=r"_B02_10m\.jp2 is damaged"):
        compare(open_product(zipped(product)))


@pytest.mark.parametrize("manifest", [b"<a>", b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>'])
def test_a_damaged_or_hostile_manifest(product: Path, manifest: bytes):
    (product / "manifest.safe").write_bytes(manifest)
    with pytest.raises(ProductError, match=r"manifest\.safe is not valid XML"):
        compare(open_product(product))


def test_a_damaged_manifest_is_not_asked_when_nothing_is_compared(product: Path):
    (product / "manifest.safe").write_bytes(b"<a>")
    assert compare_checksums(product, []) == ()


def test_an_image_that_is_gone_meanwhile(product: Path):
    write_manifest(product)
    opened = open_product(product)
    next(product.rglob("*_B02_10m.jp2")).unlink()
    with pytest.raises(ProductError, match=r"_B02_10m\.jp2: cannot be read"):
        compare(opened)


def test_comparing_beside_other_work(product: Path):
    write_manifest(product)
    opened = open_product(product)
    images = list(opened.members.values())
    with comparing(product, images) as outcome:
        assert outcome() == ("SHA3-256",)
    with comparing(product, []) as outcome:
        assert outcome() == ()
    flip(next(product.rglob("*_B02_10m.jp2")), 2_000)
    with pytest.raises(ProductError, match="is damaged"), comparing(product, images) as outcome:
        outcome()
    with pytest.raises(ZeroDivisionError), comparing(product, images):  # the block's own error is not hidden
        raise ZeroDivisionError


def test_a_real_product(shared_data: Path):
    (path,) = (shared_data / "s2_l2a" / "T29UNU_N0400_R60m").glob("*.SAFE")
    assert compare(open_product(path)) == ("SHA3-256",)


def test_l1c_products_name_their_images(small_l1c):
    product = open_l1c(small_l1c.path)
    assert all((product.path / name).is_file() for name in product.members.values())
    assert len(product.members) == 13


def test_the_manifest_that_we_write(product: Path):
    images = [PurePosixPath(path.relative_to(product)) for path in product.rglob("*.jp2")]
    (product / "manifest.safe").write_text(manifest_xml({name: sha3_256(product / name) for name in images}))
    assert compare(open_product(product)) == ("SHA3-256",)
    flip(product / images[3], 2_000)
    with pytest.raises(ProductError, match="is damaged"):
        compare(open_product(product))
