"""Whether a product is good enough: the quality indicators that ESA's processor or sen2cor wrote into its metadata.

Source: reBEN paper, section II.A; the published data leave out every tile with a failed general, geometric, radiometric
or sensor indicator (6 of 125). A failed format correctness is no reason.
"""

from collections.abc import Mapping

DECISIVE_INDICATORS = ("GENERAL_QUALITY", "GEOMETRIC_QUALITY", "RADIOMETRIC_QUALITY", "SENSOR_QUALITY")


def quality_failures(quality: Mapping[str, str] | None) -> list[str]:
    """Why a product must be left out; empty if it may stay, or nothing is known of it.

    Args:
        quality: verdict per indicator, as `L2aProduct.quality` has it.

    >>> quality_failures(dict.fromkeys(DECISIVE_INDICATORS, "PASSED") | {"FORMAT_CORRECTNESS": "FAILED"})
    []
    >>> quality_failures(dict.fromkeys(DECISIVE_INDICATORS, "PASSED") | {"SENSOR_QUALITY": "FAILED"})
    ['SENSOR_QUALITY is FAILED']
    """
    if quality is None:
        return []
    verdicts = {indicator: quality.get(indicator, "missing") for indicator in DECISIVE_INDICATORS}
    return [f"{indicator} is {verdict}" for indicator, verdict in verdicts.items() if verdict != "PASSED"]
