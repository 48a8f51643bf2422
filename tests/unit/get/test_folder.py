import shutil
from pathlib import Path

import pytest

from reben.core.errors import MetadataError, TargetExistsError
from reben.get.folder import GetFolder, expect_wider, report_of
from reben.get.report import GetReport, RunRecord, read_report
from reben.get.wanted import WantedKeys
from reben.io.store import open_store
from reben.work import atomic


def report(**options: object) -> GetReport:
    run = RunRecord(reben="1", options=options, patches=1, values_added=1, sources=(), seconds=1, finished="now")
    return GetReport(tables=(), patches=1, values={}, keys_sha256="", runs=(run,))


@pytest.fixture
def folder(tiny_store: Path, tmp_path: Path) -> GetFolder:
    shutil.copytree(tiny_store, tmp_path / "data" / "store")
    atomic.write_json(tmp_path / "data" / "get-report.json", report(limit=3).model_dump(mode="json"))
    return GetFolder(tmp_path / "data")


def test_a_report_is_read_as_it_was_written(folder: GetFolder):
    assert report_of(folder) == report(limit=3)
    folder.report.write_text("{}")
    with pytest.raises(MetadataError, match="Field required"):
        report_of(folder)


def test_empty_new_and_begun_folders_are_ours(tmp_path: Path):
    for name in ("new", "empty", "begun"):
        folder = GetFolder(tmp_path / name)
        if name != "new":
            folder.root.mkdir()
        if name == "begun":
            folder.begin()
            (folder.root / "metadata.parquet").touch()
        assert report_of(folder) is None


def test_other_folders_are_not(tmp_path: Path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "metadata.parquet").touch()
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("nowhere")
    for name, said in (("other", "holds metadata"), ("file", "is not a folder"), ("link", "is a link to what")):
        with pytest.raises(TargetExistsError, match=said):
            report_of(GetFolder(tmp_path / name))


def test_a_store_takes_the_place_of_another_whenever_the_process_is_killed(folder: GetFolder, tiny_store: Path):
    folder.begin()
    grown = folder.grown(WantedKeys({"s2": ("a",)}))
    shutil.copytree(tiny_store, grown)
    (grown / "new").touch()
    grown.rename(folder.root / ".get" / "next")
    folder.data.store.rename(folder.root / ".get" / "replaced")  # killed here
    folder.recover()
    assert (folder.data.store / "new").exists()
    assert folder.keys() == frozenset(open_store(tiny_store))
    folder.recover()
    shutil.copytree(tiny_store, grown)
    folder.become(grown)
    assert not (folder.data.store / "new").exists()
    folder.remove_work()
    assert sorted(path.name for path in folder.root.iterdir()) == ["get-report.json", "store"]


def test_less_than_there_is_is_refused_with_the_difference(folder: GetFolder):
    keys = sorted(folder.keys())
    everything = WantedKeys({"s2": tuple(keys)})
    expect_wider(folder, report(limit=3), everything, {"limit": 3})
    with pytest.raises(MetadataError, match=r"holds 1 values that are not asked for") as caught:
        expect_wider(folder, report(limit=3, label=["A", "B"]), everything.without(keys[:1]), {"limit": 2, "label": []})
    assert "--label was A, B, is not given; --limit was 3, is 2" in str(caught.value)
    assert keys[0] in str(caught.value)


def test_no_report(tmp_path: Path):
    assert read_report(tmp_path) is None


def test_what_another_choice_has_left_is_not_taken_for_this_one(folder: GetFolder):
    one, other = WantedKeys({"s2": ("a", "b")}), WantedKeys({"s2": ("a", "c")})
    for place in (folder.part, folder.maps, folder.grown):
        assert place(one) != place(other)
        assert place(one) == place(WantedKeys({"s2": ("b", "a")}))
