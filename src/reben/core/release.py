"""The published files of reBEN (BigEarthNet v2.0): names, sizes, checksums, addresses.

Sources: Zenodo record 10891137 (CDLA-Permissive-1.0), and the mirror of its archives in gzip parts on the Hugging Face
hub, `torchgeo/bigearthnet`. Sizes of the mirror's files are not known to us.
"""

from dataclasses import dataclass

ZENODO_RECORD = "https://zenodo.org/records/10891137"
_MIRROR = "https://huggingface.co/datasets/torchgeo/bigearthnet/resolve/3cf3a5910a5302d449fdb8e570e5b78de24fe07f/V2"


@dataclass(frozen=True, slots=True)
class PublishedFile:
    """One file of the release."""

    name: str
    address: str
    md5: str
    """MD5 of the file, in hexadecimal digits; empty if it is not known."""
    nbytes: int | None = None
    """Size; None if it is not known."""
    tar_md5: str = ""
    """MD5 of the tar archive inside; empty if there is none, or it is not known."""
    tar_nbytes: int | None = None


def _zenodo(name: str, nbytes: int, md5: str, *, tar_md5: str = "", tar_nbytes: int | None = None) -> PublishedFile:
    return PublishedFile(name, f"{ZENODO_RECORD}/files/{name}?download=1", md5, nbytes, tar_md5, tar_nbytes)


S2_ARCHIVE = _zenodo(
    "BigEarthNet-S2.tar.zst",
    63_251_710_377,
    "2245ed2d1a93f6ce637d839bc856396e",
    tar_md5="9ebc8cf8c95ee3fa5f21572baf8bf0d3",
    tar_nbytes=102_406_983_680,
)
S1_ARCHIVE = _zenodo(
    "BigEarthNet-S1.tar.zst",
    54_439_153_171,
    "a55eaa2cdf6a917e296bd6601ec1e348",
    tar_md5="7043fc75bfa64b0951a727debf2cdba0",
    tar_nbytes=65_833_062_400,
)
MAPS_ARCHIVE = _zenodo(
    "Reference_Maps.tar.zst",
    282_391_301,
    "95d85a222fa983faddcac51a19f28917",
    tar_md5="fefb5fe13ac59702a0a09a4bdece493c",
)
METADATA = _zenodo("metadata.parquet", 3_616_349, "55687065e77b6d0b0f1ff604a6e7b49c")
SNOW_AND_CLOUD_METADATA = _zenodo(
    "metadata_for_patches_with_snow_cloud_or_shadow.parquet", 710_162, "fe31856f4986d446c9468b59d6387c91"
)

PATCHES = 549_488
"""Patches of the release: rows of both metadata tables, and Sentinel-1 patches and reference maps as well."""

RELEASE = (S2_ARCHIVE, S1_ARCHIVE, MAPS_ARCHIVE, METADATA, SNOW_AND_CLOUD_METADATA)
"""All files of the Zenodo record that reBEN's users need."""

LMDB_COPY = "hf://datasets/hackelle/BigEarthNetV2-LMDB@118d1b6285c080ba8e4078414e1b8a243b18c9bd/BENv2.lmdb/data.mdb"
"""All Sentinel-2 and Sentinel-1 patches in one LMDB file of 155,372,892,160 bytes, by one of the paper's authors."""

GZIP_MIRROR = tuple(
    PublishedFile(name, f"{_MIRROR}/{name}", md5)
    for name, md5 in (
        ("BigEarthNet-S1.tar.gzaa", "039b9ce305fc6582b2c3d60d1573f5b7"),
        ("BigEarthNet-S1.tar.gzab", "e94f0ea165d04992ca91d8e58e82ec6d"),
        ("BigEarthNet-S2.tar.gzaa", "94e8ed32065234d3ab46353d814778d1"),
        ("BigEarthNet-S2.tar.gzab", "24c223d9e36166136c13b24a27debe34"),
        ("Reference_Maps.tar.gzaa", "b0cd1f0a31b49fcbfd61d80f963e759d"),
        ("metadata.parquet", ""),
    )
)
"""The same archives in gzip parts; parts of one archive are read as one file."""


def published(name: str, *, nbytes: int | None, address: str = "") -> PublishedFile | None:
    """The file of the release that a file is, or claims to be; None if it is neither.

    A file is taken for a published one if it has its name and its size, or comes from its address: archives of parts
    of the data set often keep the name.

    Args:
        name: of the file, without folders.
        nbytes: its size, if it is known.
        address: where it is read from, if that is not a disk.

    >>> published("metadata.parquet", nbytes=3_616_349).md5
    '55687065e77b6d0b0f1ff604a6e7b49c'
    """
    for file in (*RELEASE, *GZIP_MIRROR):
        if file.md5 and ((file.name == name and file.nbytes == nbytes is not None) or file.address == address):
            return file
    return None


def tar_inside(name: str, tar_nbytes: int) -> PublishedFile | None:
    """The published archive whose tar an archive seems to hold, whatever it was compressed with; None if none.

    Args:
        name: of the archive, such as `BigEarthNet-S2.tar.gz`.
        tar_nbytes: size of its tar.

    >>> tar_inside("BigEarthNet-S2.tar", 102_406_983_680).tar_md5
    '9ebc8cf8c95ee3fa5f21572baf8bf0d3'
    """
    stem = name.partition(".")[0]
    return next((f for f in RELEASE if f.name.partition(".")[0] == stem and f.tar_nbytes == tar_nbytes), None)


def may_hold_published_tar(name: str, nbytes: int | None) -> bool:
    """Whether an archive may hold a tar archive whose MD5 and size are known, compressed in another way.

    Args:
        name: of the archive.
        nbytes: its size, if it is known; the published tar archives cannot be compressed to a third of theirs.

    >>> may_hold_published_tar("BigEarthNet-S2.tar.gzaa", None), may_hold_published_tar("BigEarthNet-S2.tar", 10_240)
    (True, False)
    """
    stem = name.partition(".")[0]
    return any(
        file.tar_nbytes is not None
        and file.name.partition(".")[0] == stem
        and (nbytes is None or 3 * nbytes > file.tar_nbytes)
        for file in RELEASE
    )
