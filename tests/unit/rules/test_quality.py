from pathlib import Path

import pytest

from reben.io.safe.l2a import open_product
from reben.rules.quality import DECISIVE_INDICATORS, quality_failures

PASSED = dict.fromkeys((*DECISIVE_INDICATORS, "FORMAT_CORRECTNESS"), "PASSED")


@pytest.mark.parametrize("indicator", DECISIVE_INDICATORS)
@pytest.mark.parametrize("verdict", ["FAILED", ""])
def test_each_decisive_indicator_must_be_passed(indicator: str, verdict: str):
    assert quality_failures(PASSED | {indicator: verdict}) == [f"{indicator} is {verdict}"]


def test_a_missing_indicator_is_a_failure():
    assert quality_failures({}) == [f"{indicator} is missing" for indicator in DECISIVE_INDICATORS]


def test_format_correctness_is_no_reason():
    assert not quality_failures(PASSED | {"FORMAT_CORRECTNESS": "FAILED"})


def test_all_real_products_pass(shared_data: Path):
    products = [open_product(file.parent) for file in (shared_data / "s2_metadata").rglob("MTD_MSIL2A.xml")]
    assert len(products) >= 13
    assert not [product.path for product in products if quality_failures(product.quality)]
    assert any(product.quality["FORMAT_CORRECTNESS"] == "FAILED" for product in products)
