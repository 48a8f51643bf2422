import json
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import mlcroissant
import pyarrow.parquet as pq
import pytest
import stac_geoparquet.arrow
from huggingface_hub import DatasetCard
from PIL import Image

from reben.core.errors import MetadataError, TargetExistsError
from reben.describe.options import RecordOptions
from reben.io.dataset.folder import find_data
from reben.io.dataset.paths import DatasetPaths
from reben.io.store import open_store
from reben.publish.data_publication import DataPublication, write_data_publication
from stand_ins.data_folders import make_data_folder

PLAIN = RecordOptions(license="CC-BY-4.0")
LARGE = 10**9


@pytest.fixture
def data(tiny_dataset: DatasetPaths, tiny_store: Path, tmp_path: Path) -> Path:
    folder = make_data_folder(tmp_path / "data", tiny_dataset, tiny_store)
    (folder / "build-report.json").write_text(
        json.dumps({"parameters": {"patch_size_m": 1200, "min_labelled": 0.75, "p": 0.25, "q": 0.25}, "tiles": {}})
    )
    return folder


def publication(data: Path, target: Path, form: str = "store", shard_bytes: int = LARGE) -> DataPublication:
    return write_data_publication(data, target, PLAIN, form=form, shard_bytes=shard_bytes, tell=lambda _: None)


def laid_out(found: DataPublication, folder: Path) -> Path:
    """The files as they lie in the repository."""
    for name, path in found.files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).symlink_to(path.resolve())
    return folder


def test_a_small_store_is_published_from_where_it_lies(data: Path, tmp_path: Path):
    found = publication(data, tmp_path / "out")
    assert found.files["store/data.mdb"].samefile(data / "store" / "data.mdb")
    assert "build-report.json" not in found.files  # it may name paths of this machine
    assert found.sizes == {name: path.stat().st_size for name, path in found.files.items()}
    assert "datacite.json" not in found.files
    repository = laid_out(found, tmp_path / "repository")
    assert list(open_store(repository / "store")) == list(open_store(data / "store"))
    assert find_data(repository).metadata == DatasetPaths(repository).tables  # a copy of it is a data folder again
    dataset = mlcroissant.Dataset(repository / "croissant.json")
    assert len(list(dataset.records("patches"))) == pq.read_metadata(repository / "patches.parquet").num_rows
    for path in found.files.values():
        if path.suffix in {".json", ".md", ".cff"}:
            assert str(tmp_path) not in path.read_text()


def test_a_large_store_is_split_once(data: Path, tmp_path: Path):
    first = publication(data, tmp_path / "out", shard_bytes=2_000_000)
    shards = [name for name in first.files if name.endswith("data.mdb")]
    assert len(shards) > 2
    assert all(first.sizes[name] <= 2_000_000 for name in shards)
    assert list(open_store(laid_out(first, tmp_path / "repository") / "store")) == list(open_store(data / "store"))
    repository = tmp_path / "repository"
    items = stac_geoparquet.arrow.stac_table_to_items(pq.read_table(repository / "items.parquet"))
    for asset in (asset for item in items for asset in item["assets"].values()):
        assert asset["reben:key"] in open_store((repository / asset["href"]).parent)
    written = first.files[shards[0]].stat().st_mtime_ns
    assert publication(data, tmp_path / "out", shard_bytes=2_000_000).sizes == first.sizes
    assert first.files[shards[0]].stat().st_mtime_ns == written
    other = publication(data, tmp_path / "out", shard_bytes=3_000_000)
    assert len([name for name in other.files if name.endswith("data.mdb")]) < len(shards)
    whole = publication(data, tmp_path / "out")
    assert "store/data.mdb" in whole.files
    assert not (tmp_path / "out" / "store").exists()


def test_pictures_for_the_viewer(data: Path, tmp_path: Path):
    found = publication(data, tmp_path / "out", form="parquet")
    assert not any(name.startswith("store/") for name in found.files)
    assert "items.parquet" not in found.files  # they would point at a store that is not there
    names = {name.split("/")[1].split("-")[0]: path for name, path in found.files.items() if name.startswith("images/")}
    assert set(names) == {"train", "validation", "test"}
    table = pq.read_table(names["train"])
    features = json.loads(table.schema.metadata[b"huggingface"])["info"]["features"]
    assert features["image"] == {"_type": "Image"}
    assert set(features) == set(table.column_names)
    row = table.slice(0, 1).to_pylist()[0]
    with Image.open(BytesIO(row["image"]["bytes"])) as image:
        assert image.size == (120, 120)
    assert row["image"]["path"] == f"{row['patch_id']}.png"
    assert -1 < row["latitude"] < 1  # in the Gulf of Guinea
    block = DatasetCard(found.card).data.to_dict()
    assert [config["config_name"] for config in block["configs"]] == ["images", "patches"]
    (described,) = block["dataset_info"] if isinstance(block["dataset_info"], list) else [block["dataset_info"]]
    assert [feature["name"] for feature in described["features"]] == table.column_names


def test_both_forms_go_together(data: Path, tmp_path: Path):
    names = publication(data, tmp_path / "out", form="both").files
    assert {"store/data.mdb", "images/train-00000-of-00001.parquet", "README.md"} <= set(names)


def test_foreign_folders_are_left_alone(data: Path, tmp_path: Path):
    target = tmp_path / "thesis"
    target.mkdir()
    (target / "README.md").write_text("mine")
    with pytest.raises(TargetExistsError, match="holds other files"):
        publication(data, target)
    assert (target / "README.md").read_text() == "mine"


def test_a_publication_can_lie_in_its_data_folder(data: Path):
    first = publication(data, data / "publish", shard_bytes=2_000_000)
    assert publication(data, data / "publish", shard_bytes=2_000_000).sizes == first.sizes


def test_what_is_no_data_folder_is_refused(tmp_path: Path):
    with pytest.raises(MetadataError, match="does not exist"):
        publication(tmp_path / "none", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_no_torch_is_needed(data: Path, tmp_path: Path):
    code = f"""
import sys
sys.modules["torch"] = sys.modules["matplotlib"] = None
from pathlib import Path
from reben.describe.options import RecordOptions
from reben.publish.data_publication import write_data_publication
write_data_publication(Path({str(data)!r}), Path({str(tmp_path / "out")!r}), RecordOptions(license="MIT"), form="both",
                       shard_bytes=10**9, tell=print)
"""
    subprocess.run([sys.executable, "-c", code], check=True)
    assert (tmp_path / "out" / "README.md").is_file()
