import subprocess
import sys
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


def test_the_document_has_the_tree_of_now():
    subprocess.run([sys.executable, ROOT / "tools" / "draw_tree.py", "--check"], check=True)


def test_the_page_of_backbones_has_the_rows_of_now():
    subprocess.run([sys.executable, ROOT / "tools" / "draw_backbones.py", "--check"], check=True)


def test_the_page_of_options_has_the_options_of_now():
    subprocess.run([sys.executable, ROOT / "tools" / "draw_options.py", "--check"], check=True)


@pytest.mark.parametrize("folder", sorted(path.parent for path in SOURCE.rglob("__init__.py")), ids=lambda p: p.name)
def test_every_package_says_what_it_is_for(folder: Path):
    assert (folder / "__init__.py").read_text().startswith('"""')


def test_every_module_has_unit_tests_or_is_named_here():
    tested_elsewhere = {  # by the chains in tests/integration, as all of cli is
        "__init__.py",
        "__main__.py",
        "version.py",
        "core/band_statistics.py",  # unit/data/test_normalisation.py
        "describe/files.py",  # unit/describe/test_stage.py
        "publish/image_tables.py",  # unit/publish/test_data_publication.py
        "describe/store_files.py",  # unit/describe/test_stac_items.py
        "describe/patch_tables.py",  # unit/describe/test_geotable.py
        "data/kernels.py",  # unit/data/test_preparation.py
        "encode/export.py",  # integration/test_store_commands.py
        "io/store/contents.py",
        "io/store/maps.py",  # unit/io/store/test_reader.py
        "io/dataset/tile_extents.py",
        "demo/area.py",  # unit/demo/test_inputs.py
        "demo/job.py",
        "geocode/options.py",  # unit/geocode/test_stage.py
        "tile/sentinel1/grd/choices.py",  # unit/tile/sentinel1/grd/test_tile_pass.py
        "tile/sentinel1/grd/ground.py",  # unit/tile/sentinel1/grd/test_range_doppler.py
        "rules/cover.py",  # constants; unit/tile/test_scene_classes.py
        "rules/seasons.py",  # unit/rules/test_alignment.py
        "data/tile_images.py",  # integration/test_tile_prediction.py
        "learn/inference/map_files.py",
        "learn/inference/tile_prediction.py",
        "pictures/tile_map.py",
        "verify/findings.py",  # unit/verify/test_published.py
        "verify/patch_check.py",  # unit/verify/test_dataset.py and test_store.py
        "verify/rules.py",
        "verify/tables.py",  # unit/verify/test_published.py
        "net/requests.py",  # unit/acquire/test_transfer.py
        "encode/archived_names.py",  # unit/encode/test_archives.py
        "encode/archived_part.py",
        "encode/archive_run.py",
        "encode/archive_notes.py",
        "encode/unsorted.py",
        "io/archives/reading.py",
        "io/archives/source.py",
        "io/store/sizes.py",  # unit/get/test_wanted.py
        "acquire/folder.py",
        "encode/bigearthnet.py",  # unit/encode/test_engine.py
        "encode/finished.py",
        "encode/reading.py",
        "encode/specification.py",
        "construct/build.py",
        "construct/land_cover/finding.py",  # unit/construct/land_cover/test_rasters.py
        "construct/land_cover/source.py",
        "correct/l2a_product.py",  # unit/correct/sixs/test_engine.py
        "construct/output/tile_output.py",
        "tile/sentinel1/partners.py",
        "tile/patches.py",  # unit/construct/test_tile.py
        "io/projection.py",  # unit/rules/test_country.py and test_reference_maps.py
        "work/processes.py",  # integration/test_accidents.py
        "work/quiet_start.py",  # integration/test_signals.py
        "pipeline/sequence.py",  # integration/test_pipeline.py
        "construct/stage.py",  # integration/test_build.py
        "encode/stage.py",  # integration/test_datasets.py
        "work/progress.py",  # unit/encode, integration/test_pipeline.py
        "learn/tasks/patch_task.py",  # unit/learn/tasks/test_tasks.py
        "net/connections.py",  # unit/net/test_remote_file.py
        "net/responses.py",
        "io/store/kinds.py",  # unit/io/store/test_remote.py
        "io/store/remote_pages.py",
        "io/store/remote_cache.py",  # unit/io/store/test_remote_map.py
        "io/store/tree_walk.py",
        "io/store/tree_pages.py",  # the same, and test_keys.py
        "work/context.py",  # integration/test_pipeline.py and test_kills.py
        "explore/explored.py",  # integration/test_explore.py
        "explore/options.py",
        "explore/outlines.py",
        "explore/stage.py",
        "explore/values.py",  # unit/explore/test_server.py and test_export.py
        "get/options.py",  # unit/get/test_selection.py
        "get/report.py",  # unit/get/test_folder.py
        "get/stage.py",  # integration/test_get.py and test_get_accidents.py
        "get/estimate.py",
        "io/l2a_product.py",  # unit/io/safe/test_l2a.py and unit/io/stac/test_products.py
        "acquire/stac/options.py",  # unit/acquire/stac/test_search.py
        "compare/grounds.py",  # unit/compare/test_leakage.py
        "compare/report.py",  # integration/test_versions.py
        "compare/versions.py",
        "pictures/class_sheet.py",
        "pictures/comparison.py",
        "pictures/figure_data.py",
        "pictures/overview.py",
        "pictures/reference_maps.py",
        "pictures/saving.py",
        "pictures/splits.py",
        "release/claims.py",  # integration/test_release.py
        "release/data.py",
        "release/files.py",
        "release/form.py",
        "release/proof.py",
        "release/report.py",
        "release/stage.py",
        "release/text.py",
        "learn/training/options.py",  # unit/cli/test_from_model.py
        "learn/training/callbacks.py",  # unit/learn/test_training.py
        "learn/inference/evaluation.py",  # integration/test_main_job.py and test_evaluation.py
        "learn/inference/outputs.py",
        "learn/models/tensor_files.py",  # unit/learn/models/test_weights.py
        "learn/inference/prediction.py",
        "learn/training/run_directory.py",
        "learn/training/module.py",  # unit/learn/training/test_loop.py
        "learn/tasks/task.py",
        "learn/tasks/classification.py",  # unit/learn/tasks/test_losses.py and integration/test_evaluation.py
        "audit/matching.py",  # integration/test_audit_faults.py: faults planted into real patches
        "audit/orientation.py",
        "audit/seen.py",
        "audit/checks/bands.py",
        "audit/checks/compared.py",
        "audit/checks/labels.py",
        "audit/checks/levels.py",
        "audit/checks/maps.py",
        "audit/checks/neighbours.py",
        "audit/checks/patches.py",
        "audit/checks/resampling.py",
        "audit/checks/splits.py",
        "audit/checks/table.py",
        "audit/checks/units.py",
        "audit/checks/values.py",
        "audit/options.py",  # integration/test_audit.py
        "audit/reference.py",
        "audit/run.py",
        "audit/subject.py",
        "audit/report.py",  # unit/audit/test_findings.py
        "audit/copies/band_names.py",  # unit/audit/copies/test_formats.py: all formats say the same
        "audit/copies/copy.py",
        "audit/copies/datasets.py",
        "audit/copies/geotiffs.py",
        "audit/copies/hdf5.py",
        "audit/copies/opening.py",
        "audit/copies/pairing.py",
        "audit/copies/stores.py",
        "audit/copies/tables.py",
        "audit/copies/taco.py",
        "learn/tasks/segmentation.py",
        "learn/backbones/row.py",  # unit/learn/backbones/test_inputs.py and test_table.py: a test for every row
        "learn/backbones/networks.py",
        "learn/backbones/own_rows.py",
        "learn/backbones/satlas.py",
        "learn/backbones/ssl4eo_s12.py",
        "learn/backbones/torchgeo_rows.py",
        "learn/backbones/terratorch_rows.py",
        "learn/backbones/model.py",  # unit/learn/backbones/test_encoder.py
        "learn/backbones/torchgeo_networks.py",
        "learn/backbones/torchvision_networks.py",
        "learn/models/pickle_conversion.py",  # unit/learn/models/test_backbone_weights.py
        "learn/retrieval/provenance.py",  # unit/learn/retrieval/test_features.py
        "learn/retrieval/sources.py",
        "core/published_models.py",  # its doctest
        "benchmark/options.py",  # unit/benchmark/test_probe.py
        "benchmark/samples.py",
        "benchmark/scoring.py",
        "benchmark/results.py",
        "benchmark/tables.py",  # unit/benchmark/test_leaderboard.py
        "benchmark/page.py",
        "benchmark/comparison.py",
        "benchmark/others.py",
        "benchmark/evaluated.py",  # integration/test_backbones.py
    }
    missing = set()
    for module in modules_in_the_tree() - tested_elsewhere:
        path = Path(module)
        if path.parts[0] == "cli":
            continue
        if not (ROOT / "tests" / "unit" / path.parent / f"test_{path.stem}.py").is_file():
            missing.add(module)
    assert not missing
