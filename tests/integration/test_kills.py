"""Processes that are killed before any of their changes to the disk: the same command ends well, and nothing is left.

By default some of the kills are tried; REBEN_TEST_KILLS=many tries more, REBEN_TEST_KILLS=all every one.
"""

import shutil
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from own_process import in_own_process
from reben.acquire.access import Credentials
from reben.acquire.download import Access, download
from reben.acquire.options import DownloadOptions
from reben.acquire.products import read_products
from reben.construct.build import build
from reben.construct.inputs import BuildInputs
from reben.construct.options import BuildOptions
from reben.construct.plan import plan_build
from reben.correct.correction import choose_l1c, correct
from reben.correct.sixs.engine import SixsEngine
from reben.describe.options import RecordOptions
from reben.encode.bigearthnet import sources
from reben.encode.engine import encode, plan_encoding
from reben.encode.shards import encode_shards
from reben.io.dataset.paths import DatasetPaths
from reben.io.store import open_store
from reben.learn.training.loop import train
from reben.learn.training.recipe import make_recipe
from reben.pipeline.configuration import read_configuration
from reben.pipeline.sequence import run_pipeline
from reben.release.data import find_release_data
from reben.release.options import ReleaseOptions
from reben.release.stage import release
from reben.work.context import Context
from stand_ins.data_space import PASSWORD, USERNAME, DataSpaceStandIn
from stand_ins.kills import every_kill, hidden_in, run_until, stride


@contextmanager
def in_this_process(*_: object, **__: object) -> Iterator[Executor]:
    with ThreadPoolExecutor(1) as executor:
        yield executor


def contents(folder: Path) -> dict[str, bytes]:
    """All files but reports, which have times in them."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith(("build-report", "BUILD", "pipeline-"))
    }


@pytest.mark.parametrize("shards", [None, pytest.param(2, marks=pytest.mark.slow)])
def test_encoding(shards: int | None, tiny_dataset: DatasetPaths, tiny_store: Path, tmp_path: Path):
    plan = plan_encoding(sources(s2=tiny_dataset.s2, s1=tiny_dataset.s1, reference_maps=tiny_dataset.reference_maps))
    whole = {key: open_store(tiny_store).raw(key) for key in open_store(tiny_store)}

    def work(place: Path) -> None:
        if shards is None:
            encode(plan, place / "store", workers=1)
        else:
            with in_this_process() as executor:
                encode_shards(plan, place / "store", shards=shards, executor=executor)

    def check(place: Path) -> None:
        store = open_store(place / "store")
        assert {key: store.raw(key) for key in store} == whole
        assert hidden_in(place) == []
        store.close()
        shutil.rmtree(place)

    assert every_kill(work, tmp_path, check=check, step=stride(1)) > 3


@pytest.mark.slow
def test_releasing(tiny_dataset: DatasetPaths, tmp_path: Path):
    data, options = find_release_data(tiny_dataset.root), ReleaseOptions(level=1, threads=1, split_gb=0.001)

    def work(place: Path) -> None:
        release(data, place / "release", options, Context(), records=RecordOptions(license="CC0-1.0"))

    work(tmp_path)
    whole = contents(tmp_path / "release")
    assert "BigEarthNet-S2.tar.zstac" in whole

    def check(place: Path) -> None:
        found = contents(place / "release")
        assert {name for name in {*found, *whole} if found.get(name) != whole.get(name)} == set()
        assert hidden_in(place) == []
        shutil.rmtree(place)

    assert every_kill(work, tmp_path, check=check, step=stride(7)) > 3


@pytest.mark.parametrize(
    ("output_format", "step"),
    [pytest.param("geotiff", 83, marks=pytest.mark.slow), pytest.param("store", 11, marks=pytest.mark.slow)],
)
def test_building(output_format: str, step: int, products: list[Path], small_land_cover: Path, tmp_path: Path):
    inputs = BuildInputs(tuple(products), BuildOptions(clc=small_land_cover, format=output_format)).resolved()

    def work(place: Path) -> None:
        with in_this_process() as executor:
            build(plan_build(inputs.l2a), inputs, place / "dataset", executor=executor)

    work(tmp_path)
    whole = contents(tmp_path / "dataset")

    def check(place: Path) -> None:
        assert contents(place / "dataset") == whole
        assert hidden_in(place) == []
        shutil.rmtree(place)

    assert every_kill(work, tmp_path, check=check, step=stride(step)) > 1


def test_downloading_and_unpacking(space: DataSpaceStandIn, products: list[Path], tmp_path: Path):
    options = DownloadOptions(parallel=2, unpack=True)
    access = Access(space.service, credentials=lambda: Credentials(USERNAME, PASSWORD))
    listing = tmp_path / "list.csv"
    listing.write_text("name,id\n" + "".join(f"{entry['Name']},{entry['Id']}\n" for entry in space.entries))

    def work(place: Path) -> None:
        report = download(read_products(listing), place, options, access)
        assert all(outcome.is_there for outcome in report.outcomes.values())

    def check(place: Path) -> None:
        assert sorted(path.name for path in place.glob("[!.]*")) == sorted(
            ["download-report.json", *(product.name for product in products)]
        )
        assert hidden_in(place) == sorted(f".{product.name}.files.json" for product in products)
        for product in products:
            assert contents(place / product.name) == contents(product)
        assert [path.name for path in choose_l1c([place]).products] == sorted(product.name for product in products)
        shutil.rmtree(place)

    assert every_kill(work, tmp_path, check=check, step=stride(5)) > 1


@pytest.mark.slow
def test_correcting(small_l1c, tmp_path: Path):
    engine = SixsEngine(threads=1)

    def work(place: Path) -> None:
        with in_this_process() as executor:
            correct([small_l1c.path], place / "L2A", engine, executor=executor)

    def check(place: Path) -> None:
        (product,) = (place / "L2A").iterdir()
        assert len(list(product.rglob("*.jp2"))) == 13
        assert hidden_in(place) == []
        shutil.rmtree(place)

    assert every_kill(work, tmp_path, check=check, step=stride(12)) > 0


@pytest.mark.slow
def test_training(tiny_store: Path, tiny_dataset: DatasetPaths, tmp_path: Path):
    """In a process of its own: autograd cannot go on in the fork of one in which other tests have trained."""
    assert in_own_process(training_kills, tiny_store, tiny_dataset.metadata, tmp_path) > 1


def training_kills(store: Path, metadata: Path, folder: Path) -> int:
    recipe = make_recipe(model="test_resnet", bands="s1", epochs=2, batch_size=8, warmup_steps=1, seed=7)

    def work(place: Path) -> None:
        begun = (place / "run" / "recipe.json").exists()  # the error of the other command says which one to give
        train(recipe, store=store, metadata=[metadata], output=place / "run", resume=begun)

    assert run_until(0, lambda: work(folder)) == 0
    whole = {path.name for path in (folder / "run").iterdir()}
    weights = (folder / "run" / "model.safetensors").read_bytes()

    def check(place: Path) -> None:
        assert {path.name for path in (place / "run").iterdir()} == whole
        assert (place / "run" / "model.safetensors").read_bytes() == weights
        assert hidden_in(place) == []
        shutil.rmtree(place)

    return every_kill(work, folder, check=check, step=stride(18))


@pytest.mark.slow
def test_a_pipeline(space: DataSpaceStandIn, small_land_cover: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for name, value in space.environment.items():
        monkeypatch.setenv(name, value)
    context = Context(executor_of=in_this_process)

    def work(place: Path) -> None:
        given = {
            "output": "area", "search": {"names": [entry["Name"] for entry in space.entries], "type": "L2A"},
            "build": {"clc": str(small_land_cover), "threads": 1}, "encode": {"workers": 1},
        }  # fmt: skip
        (place / "area.yaml").write_text(yaml.safe_dump(given))
        run_pipeline(read_configuration(place / "area.yaml"), context)

    (tmp_path / "whole").mkdir()
    work(tmp_path / "whole")
    whole = contents(tmp_path / "whole" / "area")

    def check(place: Path) -> None:
        found = contents(place / "area")
        assert found.keys() == whole.keys()
        changing = {"products.csv", "L2A/download-report.json", "store/encode-report.json"}
        assert all(found[name] == whole[name] for name in whole.keys() - changing)
        assert hidden_in(place) == sorted(f"area/L2A/.{entry['Name']}.files.json" for entry in space.entries)
        shutil.rmtree(place)

    assert every_kill(work, tmp_path, check=check, step=stride(211)) > 0
