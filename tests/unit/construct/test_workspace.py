from pathlib import Path

import pyarrow as pa
import pytest

from reben.construct.report import TileRecord
from reben.construct.workspace import Workspace
from reben.core.errors import BuildError, TargetExistsError
from reben.core.grid import TileExtent
from reben.io.dataset.metadata import SCHEMA
from reben.io.dataset.paths import DatasetPaths

TILES = [f"S2A_MSIL2A_2017061{day}T101031_N9999_R022_T33UUP" for day in (3, 5)]
S1 = "S1A_IW_GRDH_1SDV_20170613T165043_33UUP_{}_{}"


def record(patches: dict[str, int]) -> TileRecord:
    extent = TileExtent("EPSG:32633", 300_000, 5_400_000, 4_800)
    return TileRecord(product="a.SAFE", extent=extent, patches=patches, seconds={}, sha256={})


def table(tile: str, *places: tuple[int, int], s1: bool = True) -> pa.Table:
    return pa.table(
        {
            "patch_id": [f"{tile}_{column:02d}_{row:02d}" for column, row in places],
            "labels": [["Pastures"]] * len(places),
            "split": ["train"] * len(places),
            "country": ["Austria"] * len(places),
            "s1_name": [S1.format(*place) if s1 else None for place in places],
            "s2v1_name": [None] * len(places),
            "contains_seasonal_snow": [False] * len(places),
            "contains_cloud_or_shadow": [False] * len(places),
        },
        SCHEMA,
    )


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """That of a new build."""
    found = Workspace.of(tmp_path / "dataset")
    found.expect_same_parameters({"p": 0.25})
    return found


def test_a_hidden_folder_beside_the_target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    for target in (tmp_path / "dataset", Path("dataset")):
        workspace = Workspace.of(target)
        assert workspace.root == tmp_path / ".dataset.partial"
        assert workspace.paths.s2.parent == workspace.root
        assert workspace.shard(TILES[0]).parent == workspace.lock_of(TILES[0]).parent


def test_a_build_is_only_resumed_with_equal_parameters(workspace: Workspace):
    workspace.expect_same_parameters({"p": 0.5})
    workspace.expect_same_parameters({"p": 0.25})  # nothing was done with the first
    workspace.finish(TILES[0], table(TILES[0], (0, 1)), record({"kept": 1}))
    with pytest.raises(BuildError, match="an unfinished build was started with other p, q") as caught:
        workspace.expect_same_parameters({"p": 0.3, "q": 0.1})
    assert "delete this folder" in caught.value.hint
    workspace.expect_same_parameters({"p": 0.25})


def test_tiles_are_finished_one_by_one(workspace: Workspace):
    assert not workspace.is_finished(TILES[0])
    workspace.finish(TILES[0], table(TILES[0], (0, 1), (2, 3)), record({"kept": 2}))
    assert workspace.is_finished(TILES[0])
    assert not workspace.is_finished(TILES[1])
    workspace.finish(TILES[1], table(TILES[1], (1, 1), s1=False), record({"kept": 1}))
    assert workspace.rows(TILES).equals(
        pa.concat_tables([table(TILES[0], (0, 1), (2, 3)), table(TILES[1], (1, 1), s1=False)])
    )
    assert workspace.records(TILES) == {TILES[0]: record({"kept": 2}), TILES[1]: record({"kept": 1})}
    assert workspace.rows([]).equals(SCHEMA.empty_table())
    assert workspace.records([]) == {}


def test_a_tile_without_patches_is_finished_too(workspace: Workspace):
    workspace.finish(TILES[0], SCHEMA.empty_table(), record({}))
    assert workspace.is_finished(TILES[0])
    assert workspace.rows(TILES[:1]).schema == SCHEMA


def lay(workspace: Workspace, tile: str, column: int, row: int, *, s1: bool = True) -> None:
    patch = f"{tile}_{column:02d}_{row:02d}"
    name = S1.format(column, row)
    paths = workspace.paths
    files = [paths.s2_file(patch, "B02"), paths.map_file(patch), *([paths.s1_file(name, "VV")] if s1 else [])]
    for file in map(Path, files):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"x")


def test_remains_of_other_tiles_are_removed(workspace: Workspace):
    """One patch stays with its partner, one without; the failed tile shares a partner with the finished one."""
    for place in ((0, 1), (2, 3)):
        lay(workspace, TILES[0], *place)
    lay(workspace, TILES[1], 0, 1)
    lay(workspace, TILES[1], 3, 3)
    scene = workspace.paths.s1 / S1.rsplit("_", 3)[0]
    (scene / S1.format(0, 1) / ".half_written.tif.123").write_bytes(b"x")
    rows = pa.concat_tables([table(TILES[0], (0, 1)), table(TILES[0], (2, 3), s1=False)])
    workspace.remove_strays(rows)
    kept = sorted(str(path.relative_to(workspace.root)) for path in workspace.root.rglob("*.tif"))
    ids = [f"{TILES[0]}_00_01", f"{TILES[0]}_02_03"]
    assert kept == sorted(
        [f"BigEarthNet-S2/{TILES[0]}/{name}/{name}_B02.tif" for name in ids]
        + [f"Reference_Maps/{TILES[0]}/{name}/{name}_reference_map.tif" for name in ids]
        + [f"BigEarthNet-S1/{scene.name}/{S1.format(0, 1)}/{S1.format(0, 1)}_VV.tif"]
    )
    assert {path.name for path in workspace.paths.s2.iterdir()} == {TILES[0]}
    assert [path.name for path in scene.rglob(".*")] == []


def test_folders_of_which_nothing_stays_go(workspace: Workspace):
    lay(workspace, TILES[1], 0, 1)
    lay(workspace, TILES[0], 0, 2, s1=False)
    workspace.remove_strays(table(TILES[0], (0, 2), s1=False))
    assert not workspace.paths.s1.exists()
    assert workspace.paths.s2.exists()


def test_the_finished_data_set_gets_its_name(workspace: Workspace, tmp_path: Path):
    workspace.finish(TILES[0], table(TILES[0], (0, 1)), record({}))
    lay(workspace, TILES[0], 0, 1)
    workspace.become(tmp_path / "dataset")
    assert {path.name for path in tmp_path.iterdir()} == {"dataset"}
    assert {path.name for path in (tmp_path / "dataset").iterdir()} == {
        "BigEarthNet-S1",
        "BigEarthNet-S2",
        "Reference_Maps",
    }


def test_an_empty_folder_may_be_there(workspace: Workspace, tmp_path: Path):
    lay(workspace, TILES[0], 0, 1)
    (tmp_path / "dataset").mkdir()
    workspace.become(tmp_path / "dataset")
    assert (tmp_path / "dataset" / "BigEarthNet-S2").is_dir()


def test_a_name_that_is_taken_costs_no_work(workspace: Workspace, tmp_path: Path):
    """Something appeared at the target during the build: what is finished must stay finished."""
    workspace.finish(TILES[0], table(TILES[0], (0, 1)), record({}))
    (tmp_path / "dataset").mkdir()
    (tmp_path / "dataset" / "mine").write_text("x")
    with pytest.raises(TargetExistsError):
        workspace.become(tmp_path / "dataset")
    assert (tmp_path / "dataset" / "mine").read_text() == "x"
    assert workspace.is_finished(TILES[0])


def test_a_build_that_is_stopped_while_it_clears_up_can_be_resumed(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Removing the shards of a store takes a while; the order in which files go is nobody's promise."""
    workspace.finish(TILES[0], table(TILES[0], (0, 1)), record({}))

    def remove_half(folder: Path, **_: object) -> None:
        for path in list(Path(folder).rglob("*.json")):
            path.unlink()
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("shutil.rmtree", remove_half)
        with pytest.raises(KeyboardInterrupt):
            workspace.become(tmp_path / "dataset")
    if not (tmp_path / "dataset").exists():
        workspace.expect_same_parameters({"p": 0.25})
        workspace.records([tile for tile in TILES if workspace.is_finished(tile)])


def test_what_a_last_step_left_is_removed_from_finished_data_sets_only(tmp_path: Path):
    finished, other = DatasetPaths(tmp_path / "finished"), DatasetPaths(tmp_path / "other")
    for paths in (finished, other):
        (paths.root / ".build").mkdir(parents=True)
        Workspace.clear_remains(paths.root)
        assert (paths.root / ".build").exists()  # without a report it may be anything
    finished.report.write_text("{}")
    Workspace.clear_remains(finished.root)
    assert [path.name for path in finished.root.iterdir()] == [finished.report.name]
