import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "reben"


def modules_in_the_tree() -> set[str]:
    return {
        path.relative_to(SOURCE).as_posix()
        for path in SOURCE.rglob("*.py")
        if path.name != "__init__.py" or path.parent == SOURCE
    }


def modules_in_the_document() -> set[str]:
    """Paths in the first code block of ARCHITECTURE.md below `src/reben/`, taken together from its indentation."""
    block = (ROOT / "ARCHITECTURE.md").read_text().split("```")[1]
    folders: list[str] = []
    found = set()
    for line in block.splitlines():
        match = re.match(r"( +)(\S+)", line)
        if match is None:
            continue
        depth = len(match[1]) // 2 - 1
        folders = folders[:depth]
        if match[2].endswith("/"):
            folders.append(match[2])
        else:
            found.add("".join(folders) + match[2])
    return found


def test_the_document_names_every_module_and_no_other():
    assert modules_in_the_document() == modules_in_the_tree()


@pytest.mark.parametrize("folder", sorted(path.parent for path in SOURCE.rglob("__init__.py")), ids=lambda p: p.name)
def test_every_package_says_what_it_is_for(folder: Path):
    assert (folder / "__init__.py").read_text().startswith('"""')


def test_every_module_has_unit_tests_or_is_named_here():
    tested_elsewhere = {  # by the chains in tests/integration, as all of cli is
        "__init__.py",
        "__main__.py",
        "version.py",
        "data/kernels.py",  # unit/data/test_preparation.py
        "encode/export.py",  # integration/test_store_commands.py
        "io/store/contents.py",
        "io/store/maps.py",  # unit/io/store/test_reader.py
        "io/tile_grounds.py",
        "demo/area.py",  # unit/demo/test_inputs.py
        "demo/job.py",
        "core/seasons.py",  # unit/construct/test_alignment.py
        "data/tile_images.py",  # integration/test_tile_prediction.py
        "learn/inference/map_files.py",
        "learn/inference/tile_prediction.py",
        "report/tile_map.py",
        "verify/findings.py",  # unit/verify/test_published.py
        "verify/patch_check.py",  # unit/verify/test_dataset.py and test_store.py
        "verify/rules.py",
        "verify/tables.py",  # unit/verify/test_published.py
        "acquire/connection.py",  # unit/acquire/test_transfer.py
        "acquire/download_report.py",  # unit/acquire/test_download.py
        "acquire/inventory.py",
        "acquire/stopping.py",
        "acquire/search.py",  # unit/acquire/test_catalogue.py
        "encode/bigearthnet.py",  # unit/encode/test_engine.py
        "encode/finished.py",
        "encode/reading.py",
        "encode/specification.py",
        "construct/build.py",
        "construct/finished.py",  # integration/test_build.py and test_kills.py
        "correct/l2a_product.py",  # unit/correct/test_sixs.py
        "construct/output/tile_output.py",
        "construct/sentinel1/partners.py",
        "construct/tile_patches.py",  # unit/construct/test_tile.py
        "construct/projection.py",  # unit/construct/test_country.py and test_reference_maps.py
        "io/dataset_paths.py",
        "io/processes.py",  # integration/test_accidents.py
        "io/quiet_start.py",  # integration/test_signals.py
        "pipeline/sequence.py",  # integration/test_pipeline.py
        "pipeline/tools.py",
        "learn/training/callbacks.py",  # unit/learn/test_training.py
        "learn/inference/evaluation.py",  # integration/test_main_job.py and test_evaluation.py
        "learn/inference/outputs.py",
        "learn/models/tensor_files.py",  # unit/learn/models/test_weights.py
        "learn/inference/prediction.py",
        "learn/training/run_directory.py",
        "learn/training/task.py",
    }
    missing = set()
    for module in modules_in_the_tree() - tested_elsewhere:
        path = Path(module)
        if path.parts[0] == "cli":
            continue
        if not (ROOT / "tests" / "unit" / path.parent / f"test_{path.stem}.py").is_file():
            missing.add(module)
    assert not missing
