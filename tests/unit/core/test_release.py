import pytest

from reben.core.release import GZIP_MIRROR, METADATA, RELEASE, S2_ARCHIVE, published, tar_inside


def test_the_tar_archives_have_the_sizes_that_their_layout_gives():
    patches, end, record = 549_488, 1_024, 10_240
    for file, per_patch in ((RELEASE[0], 186_368), (RELEASE[1], 119_808)):
        assert file.tar_nbytes == -(-(patches * per_patch + end) // record) * record


def test_every_file_has_an_address_and_the_length_of_an_md5():
    for file in (*RELEASE, *GZIP_MIRROR):
        assert file.address.startswith("https://")
        assert file.name in file.address
        assert len(file.md5) in {0, 32}


@pytest.mark.parametrize(
    ("name", "nbytes", "address", "is_known"),
    [
        ("metadata.parquet", METADATA.nbytes, "", True),
        ("metadata.parquet", 17, "", False),
        ("metadata.parquet", None, "", False),
        ("other.parquet", METADATA.nbytes, "", False),
        ("anything", None, S2_ARCHIVE.address, True),
        ("BigEarthNet-S1.tar.gzaa", None, GZIP_MIRROR[0].address, True),
        ("BigEarthNet-S1.tar.gzaa", 3, "", False),
    ],
)
def test_a_file_is_published_by_name_and_size_or_by_its_address(name, nbytes, address, is_known):
    assert (published(name, nbytes=nbytes, address=address) is not None) == is_known


def test_a_tar_archive_is_published_by_name_and_size():
    assert tar_inside("BigEarthNet-S1.tar", 65_833_062_400) is RELEASE[1]
    assert tar_inside("BigEarthNet-S1.tar", 65_833_062_401) is None
    assert tar_inside("BigEarthNet-S2.tar", 65_833_062_400) is None
