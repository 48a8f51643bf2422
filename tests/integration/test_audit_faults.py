"""Every fault that an audit must recognise, planted into real patches, beside published values and without."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import reben
from reben.audit.report import AuditReport
from reben.io.dataset.paths import DatasetPaths
from stand_ins.copies import Patches, PythonCopy, each, read_patches, with_maps, write_store
from stand_ins.copy_faults import FAULTS, Fault
from stand_ins.level_pairs import level_pairs


@pytest.fixture(scope="module")
def right(real_patches: DatasetPaths) -> Patches:
    """The clear ones of the real patches, with reference maps that their labels follow from."""
    found = with_maps(read_patches(real_patches))
    return {name: patch for name, patch in found.items() if not patch.row["contains_cloud_or_shadow"]}


@pytest.fixture(scope="module")
def reference(right: Patches, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_store(right, tmp_path_factory.mktemp("reference"))


def expect_named(report: AuditReport, fault: Fault, evidence: Mapping[str, Any]) -> None:
    """The fault is found, with its particulars, and nothing else is said that is not right."""
    of_kind = [finding for finding in report.findings if finding.kind is fault.kind]
    assert of_kind, f"{fault.name} was not found:\n{report}"
    assert any(
        all(finding.evidence.get(key) == value for key, value in evidence.items())
        and (fault.bands is None or finding.bands == fault.bands)
        and (fault.patches is None or len(finding.patches) == fault.patches)
        for finding in of_kind
    ), f"{fault.name}: {[f.as_dict() for f in of_kind]}"
    strange = [finding for finding in report.findings if finding.kind not in {fault.kind, *fault.others}]
    assert not strange, f"{fault.name} led to other findings:\n{report}"
    assert not report.ok


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault.known], ids=lambda fault: fault.name)
def test_a_fault_is_named_beside_published_values(right: Patches, reference: Path, fault: Fault):
    expect_named(reben.audit(PythonCopy(fault.plant(right)), reference), fault, fault.evidence)


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault.alone], ids=lambda fault: fault.name)
def test_a_fault_is_named_without_published_values(right: Patches, fault: Fault):
    evidence = fault.evidence if fault.alone_evidence is None else fault.alone_evidence
    expect_named(reben.audit(PythonCopy(fault.plant(right))), fault, evidence)


def test_values_above_the_atmosphere_are_named(shared_data: Path, tmp_path: Path):
    ground, above = level_pairs(shared_data / "l1c_l2a")
    beside = reben.audit(PythonCopy(above), write_store(ground, tmp_path))
    assert [finding.evidence.get("level") for finding in beside.findings] == ["L1C"], str(beside)
    alone = reben.audit(PythonCopy(above))
    assert [finding.evidence.get("level") for finding in alone.findings] == ["L1C"], str(alone)
    assert reben.audit(PythonCopy(ground)).ok


def test_values_above_the_atmosphere_with_the_offset_of_newer_baselines_are_named(shared_data: Path, tmp_path: Path):
    ground, above = level_pairs(shared_data / "l1c_l2a")
    raised = each(lambda pixels: pixels + np.uint16(1000))(above)
    report = reben.audit(PythonCopy(raised), write_store(ground, tmp_path))
    assert [finding.evidence.get("level") for finding in report.findings] == ["L1C"], str(report)
