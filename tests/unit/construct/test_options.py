from pathlib import Path

import pytest
from pydantic import ValidationError

from reben.construct.options import BuildOptions
from reben.core.bands import PATCH_SIZE_M
from reben.rules.labels import MIN_LABELLED


def test_defaults_are_the_rules_of_the_paper():
    options = BuildOptions(clc=Path("clc.gpkg"))
    assert (options.patch_size, options.min_labelled, options.p, options.q) == (PATCH_SIZE_M, MIN_LABELLED, 0.25, 0.25)
    assert not options.keeps_unpaired
    assert not options.skips_errors


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"patch_size": 30}, "greater than or equal to 60"),
        ({"min_labelled": 1}, "less than 1"),
        ({"p": float("nan")}, "finite"),
        ({"format": "zarr"}, "'geotiff' or 'store'"),
        ({"s1_unit": "bel"}, "'db' or 'linear'"),
        ({"workers": 0}, "greater than or equal to 1"),
        ({"land_cover": "clc.gpkg"}, "not permitted"),
    ],
)
def test_what_is_out_of_range(given: dict[str, object], message: str):
    with pytest.raises(ValidationError, match=message):
        BuildOptions.model_validate({"clc": "clc.gpkg"} | given)


def test_land_cover_is_required():
    with pytest.raises(ValidationError, match="Field required"):
        BuildOptions.model_validate({})
