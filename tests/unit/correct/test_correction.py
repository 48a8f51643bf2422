from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from reben.core.errors import CorrectionError, ProductError
from reben.correct.correction import L1cChoice, choose_l1c, correct, workers_that_fit
from reben.correct.report import CorrectionRecord


@dataclass
class StandInEngine:
    """Writes a file, or fails for products whose name says so."""

    memory_bytes: int = 1
    tried: list[str] = field(default_factory=list)

    def find_finished(self, l1c: Path, output: Path) -> Path | None:
        if "unreadable" in l1c.name:
            raise ProductError(f"{l1c.name}: unreadable")
        target = output / f"{l1c.stem}.l2a"
        return target if target.exists() else None

    def correct(self, l1c: Path, output: Path) -> CorrectionRecord:
        self.tried.append(l1c.name)
        if "bad" in l1c.name:
            raise CorrectionError(f"{l1c.name}: bad")
        (output / f"{l1c.stem}.l2a").touch()
        return CorrectionRecord(engine="stand-in", product=f"{l1c.stem}.l2a", source=l1c.name, compared_with=())


def run(names: list[str], output: Path, *, skip_errors: bool = False):
    engine, done = StandInEngine(), []
    with ThreadPoolExecutor(1) as executor:
        result = correct(
            [Path(name) for name in names], output, engine,
            executor=executor, skip_errors=skip_errors, progress=done.append,
        )  # fmt: skip
    assert sum(done) == len(names)
    return engine, result


def test_a_rerun_does_what_is_missing(tmp_path: Path):
    run(["a.SAFE"], tmp_path)
    engine, result = run(["a.SAFE", "b.SAFE"], tmp_path)
    assert engine.tried == ["b.SAFE"]
    assert result.present == ["a.SAFE"]
    assert {name: record.product for name, record in result.corrected.items()} == {"b.SAFE": "b.l2a"}


def test_errors_are_skipped_and_named(tmp_path: Path):
    _, result = run(["unreadable.SAFE", "bad.SAFE", "good.SAFE"], tmp_path, skip_errors=True)
    assert result.failed == {"unreadable.SAFE": "unreadable.SAFE: unreadable", "bad.SAFE": "bad.SAFE: bad"}
    assert list(result.corrected) == ["good.SAFE"]


@pytest.mark.parametrize("name", ["unreadable.SAFE", "bad.SAFE"])
def test_an_error_ends_the_run_unless_errors_are_skipped(tmp_path: Path, name):
    with pytest.raises((ProductError, CorrectionError)):
        run([name, "good.SAFE"], tmp_path)


def test_a_worker_that_dies(tmp_path: Path):
    class DyingExecutor(Executor):
        def submit(self, *_args, **_kwargs):
            future = Future()
            future.set_exception(BrokenExecutor("killed"))
            return future

    with pytest.raises(CorrectionError, match=r"a worker died while it corrected a\.SAFE") as caught:
        correct([Path("a.SAFE")], tmp_path, StandInEngine(), executor=DyingExecutor(), skip_errors=True)
    assert "fewer --workers" in caught.value.hint


def test_products_are_found_in_folders(tmp_path: Path):
    for name in ("b.SAFE", "a.zip", "notes.txt"):
        (tmp_path / name).touch()
    found = choose_l1c([Path("c.SAFE"), tmp_path])
    assert found.products == (Path("c.SAFE"), tmp_path / "a.zip", tmp_path / "b.SAFE")
    assert list(found.left_out) == [str(tmp_path / "notes.txt")]


def test_folders_without_products(tmp_path: Path):
    with pytest.raises(CorrectionError, match="has no L1C product"):
        choose_l1c([tmp_path])
    with pytest.raises(CorrectionError, match="is not a directory"):
        choose_l1c([tmp_path / "missing"])


NAME = "S2A_MSIL1C_20180613T101031_N0500_R022_T33UUP_20230713T120000"


@pytest.mark.parametrize("archive", [f"one/{NAME}.zip", f"one/{NAME}.SAFE.ZIP", f"other/{NAME}.zip"])
def test_a_product_is_corrected_once_and_its_folder_rather_than_its_zip_file(tmp_path: Path, archive: str):
    folder = tmp_path / "one" / f"{NAME}.SAFE"
    folder.mkdir(parents=True)
    (tmp_path / archive).parent.mkdir(exist_ok=True)
    (tmp_path / archive).touch()
    chosen = L1cChoice((folder,), {str(tmp_path / archive): f"is there as {folder}, too"})
    assert choose_l1c([tmp_path]) == choose_l1c([tmp_path / archive, folder, folder]) == chosen


def test_products_that_were_renamed_alike_may_be_two(tmp_path: Path):
    paths = [tmp_path / place / f"product.{ending}" for place in "ab" for ending in ("SAFE", "zip")]
    for path in paths:
        path.parent.mkdir(exist_ok=True)
        path.mkdir() if path.suffix == ".SAFE" else path.touch()
    assert choose_l1c([tmp_path]).products == (paths[0], paths[2])


def test_workers_are_bounded_by_memory():
    assert workers_that_fit(3, StandInEngine(memory_bytes=1)) == 3
    assert workers_that_fit(3, StandInEngine(memory_bytes=10**15)) == 1


def test_an_acquisition_in_two_baselines_is_corrected_once(tmp_path: Path):
    old, new = (
        tmp_path / f"S2A_MSIL1C_20180613T101031_{rest}.SAFE"
        for rest in ("N0206_R022_T33UUP_20180613T120000", "N0500_R022_T33UUP_20230713T120000")
    )
    for path in (old, new, tmp_path / "renamed.zip", tmp_path / "notes.txt"):
        path.touch()
    found = choose_l1c([tmp_path])
    assert found.products == (new, tmp_path / "renamed.zip")
    assert found.left_out == {
        str(old): "has processing baseline N0206; the same acquisition is there in N0500",
        str(tmp_path / "notes.txt"): "is neither a product's folder nor a zip file",
    }
