from pathlib import Path

import pytest

from reben.core.errors import MetadataError, TargetExistsError
from reben.publish.publication import FILES, Publication, write_publication
from reben.publish.run_facts import read_facts


def publish(run: Path, target: Path, **options: object) -> Publication:
    return write_publication(run, read_facts(run), target, repository="someone/model", license_id="mit", **options)


def test_only_what_belongs_to_the_model_is_published(run: Path, tmp_path: Path):
    (run / "notes.txt").write_text("mine")
    publication = publish(run, tmp_path / "out", draw=lambda path: path.write_bytes(b"picture"))
    assert set(publication.sizes) == set(FILES) == {file.name for file in (tmp_path / "out").iterdir()}
    for name in ("config.json", "model.safetensors", "metrics.csv"):
        assert (tmp_path / "out" / name).read_bytes() == (run / name).read_bytes()
    everything = b"".join((tmp_path / "out" / name).read_bytes() for name in FILES)
    for secret in (b"/home/alice", b"alice", b"secret-host", str(tmp_path).encode()):
        assert secret not in everything


def test_without_picture_the_card_shows_none(run: Path, tmp_path: Path):
    publication = publish(run, tmp_path / "out")
    assert "test_patches.png" not in publication.sizes
    assert "test_patches.png" not in (tmp_path / "out" / "README.md").read_text()


def test_an_earlier_publication_is_replaced_and_nothing_else(run: Path, tmp_path: Path):
    publish(run, tmp_path / "out", draw=lambda path: path.write_bytes(b"picture"))
    publish(run, tmp_path / "out")
    assert not (tmp_path / "out" / "test_patches.png").exists()
    (tmp_path / "out" / "notes.txt").write_text("mine")
    with pytest.raises(TargetExistsError, match="other files"):
        publish(run, tmp_path / "out")
    assert (tmp_path / "out" / "notes.txt").exists()
    with pytest.raises(TargetExistsError):
        publish(run, run)


def test_a_failed_picture_leaves_nothing(run: Path, tmp_path: Path):
    def fail(_: Path) -> None:
        raise MetadataError("no test patch")

    with pytest.raises(MetadataError):
        publish(run, tmp_path / "out", draw=fail)
    assert not (tmp_path / "out").exists()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["run"]
