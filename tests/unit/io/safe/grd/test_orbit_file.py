from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from reben.core.errors import ProductError
from reben.io.safe.grd.annotation import Annotation
from reben.io.safe.grd.orbit_file import find_orbit_file, read_orbit_file
from reben.io.safe.grd.product import open_grd
from stand_ins.grd import Grd

PRECISE = "S1A_OPER_AUX_POEORB_OPOD_20170703T120745_V20170612T225942_20170614T005942.EOF"
NEWER = "S1A_OPER_AUX_POEORB_OPOD_20210703T120745_V20170612T225942_20170614T005942.EOF"
QUICK = "S1A_OPER_AUX_RESORB_OPOD_20220613T190000_V20170613T140000_20170613T180000.EOF"


@pytest.fixture
def annotation(flat_grd: Path) -> Annotation:
    return open_grd(flat_grd).geometry


@pytest.fixture
def flat_grd(tmp_path: Path) -> Path:
    return Grd(lines=40, pixels=40).write(tmp_path / "grd", lambda lines, _: lines)


def write(folder: Path, name: str, seconds: range = range(-300, 310, 10)) -> Path:
    folder.mkdir(exist_ok=True)
    vectors = ""
    for second in seconds:
        x, y, z = Grd().satellite(np.array(second - 0.75))
        time = Grd().start + timedelta(seconds=second)
        vectors += (
            f"<OSV><TAI>TAI={time:%Y-%m-%dT%H:%M:%S.%f}</TAI><UTC>UTC={time:%Y-%m-%dT%H:%M:%S.%f}</UTC>"
            f'<X unit="m">{x:.6f}</X><Y unit="m">{y:.6f}</Y><Z unit="m">{z:.6f}</Z></OSV>'
        )
    path = folder / name
    path.write_text(f"<Earth_Explorer_File><List_of_OSVs>{vectors}</List_of_OSVs></Earth_Explorer_File>")
    return path


def test_state_vectors_around_the_image(annotation: Annotation, tmp_path: Path):
    vectors = read_orbit_file(write(tmp_path, PRECISE), annotation)
    assert vectors.times_s.tolist() == [float(second) for second in range(-60, 70, 10)]
    assert vectors.positions_m[6] == pytest.approx(Grd().satellite(np.array(-0.75)), abs=1e-5)


def test_the_best_file_is_taken(annotation: Annotation, tmp_path: Path):
    assert find_orbit_file(tmp_path, annotation) is None
    quick = write(tmp_path / "a", QUICK)
    assert find_orbit_file(tmp_path, annotation) == quick
    assert find_orbit_file(quick, annotation) == quick
    precise = write(tmp_path / "b", PRECISE)
    assert find_orbit_file(tmp_path, annotation) == precise
    assert find_orbit_file(tmp_path, annotation) != write(tmp_path / "c", PRECISE.replace("S1A", "S1B"))
    newer = write(tmp_path / "d", NEWER)
    assert find_orbit_file(tmp_path, annotation) == newer


def test_files_of_other_times_are_none(annotation: Annotation, tmp_path: Path):
    write(tmp_path, PRECISE.replace("V20170612T225942_20170614T005942", "V20170613T225942_20170615T005942"))
    assert find_orbit_file(tmp_path, annotation) is None


def test_damaged_files_are_refused(annotation: Annotation, tmp_path: Path):
    with pytest.raises(ProductError, match="0 state vectors"):
        read_orbit_file(write(tmp_path, PRECISE, range(-3_000, -2_000, 10)), annotation)
    with pytest.raises(ProductError, match="does not cover the image"):
        read_orbit_file(write(tmp_path, PRECISE, range(-60, 0, 10)), annotation)
    path = write(tmp_path, PRECISE)
    path.write_text(path.read_text()[:2_000])
    with pytest.raises(ProductError, match="is not valid XML"):
        read_orbit_file(path, annotation)
