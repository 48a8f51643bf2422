"""`reben audit` and `reben.audit`, as a user runs them: right copies, wrong ones, and what is no copy at all."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import reben
from reben.audit.checks.labels import check_labels
from reben.audit.checks.patches import check_patches
from reben.audit.checks.splits import check_splits
from reben.audit.copies.tables import read_rows
from reben.audit.findings import Kind, Severity
from reben.core.bands import BANDS, S2_BANDS
from reben.core.classes import CLC2018
from reben.core.errors import AuditError
from reben.demo.dataset import write_dataset
from reben.io.dataset.paths import DatasetPaths
from reben.io.tiff.geotiff import read_stack
from stand_ins.command import run_reben
from stand_ins.copies import (
    WRITERS,
    Patch,
    Patches,
    PythonCopy,
    each,
    multi_hot,
    read_patches,
    stacked,
    with_maps,
    write_geotiffs,
    write_hdf5_arrays,
    write_hdf5_groups,
    write_store,
)
from stand_ins.copy_faults import kept_codes, renamed, standardised_otherwise
from stand_ins.right_parts import right_part


@dataclass(frozen=True)
class Whole:
    """A right data set, and where it lies."""

    patches: Patches
    reference: Path


@pytest.fixture(scope="module")
def real(real_patches: DatasetPaths, tmp_path_factory: pytest.TempPathFactory) -> Whole:
    patches = with_maps(read_patches(real_patches))
    return Whole(patches, write_store(patches, tmp_path_factory.mktemp("real")))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Whole:
    """Patches of the demo's landscape."""
    patches = read_patches(write_dataset(tmp_path_factory.mktemp("made") / "dataset", step=20))
    return Whole(patches, write_store(patches, tmp_path_factory.mktemp("made") / "store"))


def clear(patches: Patches) -> Patches:
    """Those without clouds, which formats without flags may hold."""
    return {name: patch for name, patch in patches.items() if not patch.row["contains_cloud_or_shadow"]}


@pytest.mark.parametrize("form", WRITERS)
def test_a_right_copy_passes_in_every_format(real: Whole, tmp_path: Path, form: str):
    copy = WRITERS[form](clear(real.patches), tmp_path / "copy")
    for reference in (None, real.reference):
        report = reben.audit(copy, reference)
        assert report.ok, str(report)
        assert report.patches == report.looked_at == 9
        assert report.compared == (9 if reference else 0)


def test_the_published_folder_passes_as_it_is(real_patches: DatasetPaths):
    result = run_reben("audit", real_patches.root, "--reference", real_patches.root)
    assert result.stdout.startswith("nothing wrong was found in ")
    assert "12 patches, 14 bands" in result.stdout


def expect_no_alarm(whole: Whole, seed: int, folder: Path) -> None:
    part = right_part(whole.patches, seed)
    report = reben.audit(WRITERS[part.form](part.patches, folder), whole.reference if part.with_reference else None)
    assert report.ok, f"{part.said}\n{report}"


@pytest.mark.parametrize("seed", range(20))
def test_no_alarm_on_right_parts(real: Whole, made: Whole, tmp_path: Path, seed: int):
    expect_no_alarm(real, seed, tmp_path / "real")
    expect_no_alarm(made, seed, tmp_path / "made")


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20, 120))
def test_no_alarm_on_many_right_parts(real: Whole, made: Whole, tmp_path: Path, seed: int):
    expect_no_alarm(real, seed, tmp_path / "real")
    expect_no_alarm(made, seed, tmp_path / "made")


@pytest.mark.slow
def test_no_alarm_on_the_published_tables(shared_data: Path):
    rows = read_rows(sorted((shared_data / "published").glob("metadata*.parquet")))
    assert len(rows) > 200_000
    nothing: dict[str, Any] = {"reference": None, "patches": [], "unreadable": {}, "repeated_ids": []}
    subject: Any = SimpleNamespace(
        rows=rows, patch_ids=list(rows), named_ids=list(rows), copy=SimpleNamespace(class_names=None), **nothing
    )
    for check in (check_patches, check_splits, check_labels):
        assert [finding.sentence for finding in check(subject)] == []


def test_dark_water_is_not_taken_for_scaled_values(shared_data: Path):
    """A real patch of water whose digital numbers are below 255 in all bands."""
    patches: Patches = {}
    for number, path in enumerate(sorted((shared_data / "other_datasets" / "Hydro").glob("*.tif"))):
        image = read_stack(path)[:, :120, :120]
        steps = [BANDS[band].resolution_m // 10 for band in S2_BANDS]
        bands = {band: x[::step, ::step] for band, x, step in zip(S2_BANDS, image, steps, strict=True)}
        if image.min() > 0 and image.max() < 256:
            patches[f"S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP_{number:02d}_10"] = Patch(bands)
    assert patches
    assert reben.audit(PythonCopy(patches)).ok


def test_our_own_data_set_passes(real: Whole):
    """Images as models of the paper see them, with masks of class indices and vectors of labels."""
    dataset = reben.open_dataset(real.reference, bands="all", statistics=None, reference_maps=True)
    report = reben.audit(dataset, real.reference)
    assert report.ok, str(report)
    assert report.compared == 9
    normalised = reben.audit(reben.open_dataset(real.reference, bands="all"), real.reference)
    assert [finding.evidence for finding in normalised.findings] == [{"statistics": "reBEN"}]
    assert normalised.findings[0].severity is Severity.minor


def test_names_that_are_no_bands_are_refused(real: Whole):
    with pytest.raises(AuditError, match="no band of reBEN: foo"):
        reben.audit(real.reference, bands="foo")


def test_the_report_is_written_for_programs_and_the_exit_code_tells(real: Whole, tmp_path: Path):
    copy = write_geotiffs(renamed({"VV": "VH", "VH": "VV"})(real.patches), tmp_path / "copy")
    result = run_reben("audit", copy, "--json", tmp_path / "found.json", code=1)
    assert "VV and VH are swapped" in result.stdout
    found = json.loads((tmp_path / "found.json").read_text())
    assert found["format_version"] == 1
    assert [finding["kind"] for finding in found["findings"]] == ["swapped bands"]
    assert json.loads(run_reben("audit", copy, "--json", "-", code=1).stdout) == found


def test_few_patches_of_many_are_looked_at_always_the_same(real: Whole):
    reports = [reben.audit(PythonCopy(real.patches), real.reference, patches=5, seed=seed) for seed in (1, 1)]
    assert reports[0] == reports[1]
    assert (reports[0].looked_at, reports[0].patches) == (5, 12)


def test_images_without_names_of_bands(real: Whole, tmp_path: Path):
    patches = clear(real.patches)
    copy = write_hdf5_arrays(patches, tmp_path)
    names = list(next(iter(patches.values())).bands)
    images = [(stacked(patch, names), multi_hot(patch.row["labels"])) for patch in patches.values()]
    assert reben.audit(copy, real.reference).ok
    report = reben.audit(images, real.reference, bands=names, patch_ids=list(patches))
    assert report.ok, str(report)
    nameless = reben.audit(images, bands=",".join(names))
    assert nameless.ok
    assert "patch ids" in nameless.notes[0]


class GeoBenchLike:
    """GEO-Bench-2's fault: VH, VV under the names VV, VH; samples as torchgeo's."""

    def __init__(self, patches: Patches) -> None:
        self._patches = list(patches.values())
        self.patch_ids = list(patches)
        self.bands = ("VV", "VH")

    def __len__(self) -> int:
        return len(self._patches)

    def __getitem__(self, position: int) -> dict[str, np.ndarray]:
        patch = self._patches[position]
        return {"image": stacked(patch, ("VH", "VV")), "label": multi_hot(patch.row["labels"])}


def test_faults_of_public_copies_planted_into_real_patches(real: Whole):
    swapped = reben.audit(GeoBenchLike(real.patches))
    assert [finding.kind for finding in swapped.findings] == [Kind.swapped_bands]
    patches = clear(real.patches)
    whole_decibels = {
        name: type(patch)({b: x.astype(np.int32) for b, x in patch.bands.items()}, patch.row, kept_codes(patch.mask))
        for name, patch in patches.items()
    }
    read_as_int32 = reben.audit(PythonCopy(whole_decibels), real.reference)
    assert {finding.kind for finding in read_as_int32.findings} == {Kind.rounded, Kind.map_codes}
    of_l1c = {
        name: type(patch)({b: standardised_otherwise(b, patch.bands[b]) for b in ("B01", "B02", "B03")}, patch.row)
        for name, patch in patches.items()
    }
    report = reben.audit(PythonCopy(of_l1c), real.reference)
    assert "mean 1,353.7" in str(report)


def test_several_faults_at_once_are_all_named(real: Whole):
    patches = each(np.fliplr)(renamed({"VV": "VH", "VH": "VV"})(clear(real.patches)))
    patches = each(lambda x: x + np.uint16(1000), "B02", "B03", "B04")(patches)
    report = reben.audit(PythonCopy(patches), real.reference)
    assert {finding.kind for finding in report.findings} == {Kind.swapped_bands, Kind.orientation, Kind.offset}


def test_snow_and_cloud_that_nothing_marks(real: Whole, real_patches: DatasetPaths, tmp_path: Path):
    copy = write_hdf5_groups(real.patches, tmp_path)
    report = reben.audit(copy, real.reference)
    assert [finding.kind for finding in report.findings] == [Kind.snow_and_cloud]
    assert len(report.findings[0].patches) == 3
    by_tables_alone = reben.audit(copy, real_patches.metadata)
    assert by_tables_alone.ok  # the table of clear patches alone marks nothing


def test_version_1_is_not_taken_for_reben(shared_data: Path):
    report = reben.audit(shared_data / "v1" / "BigEarthNet-v1.0")
    assert [finding.kind for finding in report.findings] == [Kind.v1]


def test_patches_that_complete_tables_do_not_name(
    real: Whole, real_patches: DatasetPaths, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("reben.audit.checks.patches._WHOLE_TILES", 5)  # the published tables have 549,488 rows
    first, patch = next(iter(real.patches.items()))
    strange = first.replace("26_57", "00_00")
    copy = PythonCopy({first: patch, strange: type(patch)(patch.bands, {"split": "train"})})
    report = reben.audit(copy, real_patches.metadata)
    foreign = [finding for finding in report.findings if finding.kind is Kind.foreign]
    assert [finding.patches for finding in foreign] == [(strange,)]


def test_what_is_no_copy_ends_in_clear_errors(real: Whole, tmp_path: Path):
    whole = write_hdf5_groups(real.patches, tmp_path / "whole")
    truncated = tmp_path / "cut.h5"
    truncated.write_bytes(whole.read_bytes()[:50_000])
    (tmp_path / "nothing").mkdir()
    hostile = tmp_path / "hostile"
    hostile.mkdir()
    (hostile / "data.mdb").write_bytes(bytes(range(256)) * 64)
    names = {"stone": next(iter(real.patches.values()))}
    foreign = write_hdf5_groups(names, tmp_path / "foreign")
    for path, reason in (
        (truncated, "cannot be read as an HDF5 file"),
        (tmp_path / "nothing", "empty"),
        (hostile, "store"),
        (foreign, "none of 1 names is a patch id"),
        (tmp_path / "absent", "does not exist"),
    ):
        result = run_reben("audit", path, code=1)
        assert reason in result.stderr
        assert not result.stdout


def test_a_reference_of_other_patches_is_an_error(real: Whole, made: Whole):
    with pytest.raises(AuditError, match="knows none of the 12 patches"):
        reben.audit(PythonCopy(real.patches), made.reference)


def test_a_data_set_whose_items_raise(real: Whole):
    class Broken(PythonCopy):
        def __getitem__(self, position: int) -> dict[str, Any]:
            raise OSError("the disk is gone")

    class HalfBroken(PythonCopy):
        def __getitem__(self, position: int) -> dict[str, Any]:
            if position % 2:
                raise OSError("the disk is gone")
            return super().__getitem__(position)

    with pytest.raises(AuditError, match=r"none of 12 patches can be read.*the disk is gone"):
        reben.audit(Broken(real.patches))
    report = reben.audit(HalfBroken(real.patches))
    assert [(finding.kind, len(finding.patches)) for finding in report.findings] == [(Kind.unreadable, 6)]


def test_an_audit_needs_no_torch(real: Whole):
    script = f"import sys, reben; assert reben.audit({str(real.reference)!r}).ok; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", script], check=True)


def test_the_legend_that_orders_are_told_by():
    assert sorted(CLC2018.class_names) == list(CLC2018.class_names)


def test_values_that_no_unit_explains(real: Whole):
    patches = clear(real.patches)
    beyond = reben.audit(PythonCopy(each(lambda x: x * 500, "VV", "VH")(patches)))
    assert [finding.kind for finding in beyond.findings] == [Kind.unit]
    counts = reben.audit(PythonCopy(each(lambda x: np.rint(x + 60).astype(np.uint16), "VV", "VH")(patches)))
    assert [finding.kind for finding in counts.findings] == [Kind.scaled]


def test_ids_that_come_twice(real: Whole):
    first, patch = next(iter(real.patches.items()))
    copy = PythonCopy({first: patch, "b": patch})
    copy.patch_ids = [first, first]
    assert [finding.kind for finding in reben.audit(copy).findings] == [Kind.repeated_id]


def test_bands_that_are_not_of_reben(real: Whole, tmp_path: Path):
    first, patch = next(iter(real.patches.items()))
    more = type(patch)({**patch.bands, "elevation": patch.bands["B02"]}, patch.row)
    report = reben.audit(write_hdf5_groups({first: more}, tmp_path))
    assert [finding.kind for finding in report.findings] == [Kind.unknown_band]


def test_an_order_of_classes_that_nobody_else_has(real: Whole):
    order = list(CLC2018.class_names)
    order[1], order[3] = order[3], order[1]  # Arable land and Broad-leaved forest
    patches = {
        name: type(patch)(patch.bands, {**patch.row, "labels": multi_hot(patch.row["labels"], order)})
        for name, patch in clear(real.patches).items()
    }
    report = reben.audit(PythonCopy(patches), real.reference)
    assert [finding.kind for finding in report.findings] == [Kind.class_order]
    assert report.findings[0].evidence["order"] == "other"


def test_a_copy_without_anything_of_reben(real: Whole):
    first, patch = next(iter(real.patches.items()))
    with pytest.raises(AuditError, match="no band of reBEN is found"):
        reben.audit(PythonCopy({first: type(patch)({"elevation": patch.bands["B02"]})}))


def test_references_that_are_none(real: Whole, tmp_path: Path):
    (tmp_path / "table.csv").write_text("place,labels\nhere,Pastures\n")
    with pytest.raises(AuditError, match="has no column of patch ids"):
        reben.audit(PythonCopy(real.patches), tmp_path / "table.csv")
