"""What names and tags of a Sentinel-1 raster say of its values: unit, gamma or sigma nought, filtered or not.

Sources: ASF HyP3, "RTC product guide" (naming); names of SNAP, pyroSAR and STAC catalogues.
"""

import re
from collections.abc import Iterable

from reben.core.backscatter import Unit
from reben.core.wording import first_of

_HYP3 = re.compile(r"_(?P<kind>[gs])(?P<scale>[pda])[uw](?P<filter>[nf])[ec][dm]_")
"""Of HyP3: gamma or sigma nought; power, decibels or amplitude; mask; not filtered or filtered; ..."""
_HYP3_SCALES = {"d": "db", "p": "linear", "a": "amplitude"}


AMPLITUDE = "amplitude"
"""What names may say that is not a unit of backscatter."""


def _words(*words: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![a-z])({'|'.join(words)})(?![a-z])", re.IGNORECASE)


_UNITS = {
    Unit.db.value: _words("db", "decibels?"),
    Unit.linear.value: _words("lin", "linear", "power", "intensity"),
    AMPLITUDE: _words("amp", "amplitude"),
}
_GAMMA = _words("gamma", "gamma_?(0|nought|naught)", "rtc")
_FILTERED = _words("spk", "filtered", "despeckled", "lee")


def units_in(text: str) -> set[str]:
    """Units that a name or tag mentions: `db`, `linear`, `amplitude`.

    >>> units_in("S1A__IW___A_20150309T173017_VV_grd_mli_geo_norm_db")
    {'db'}
    >>> units_in("S1A_IW_20180504T104507_DVP_RTC10_G_gpuned_0A1B_VV")
    {'linear'}
    >>> units_in("S1A_IW_GRDH_1SDV_20170613T165043_VV")
    set()
    """
    hyp3 = _HYP3.search(f"{text}_")
    if hyp3:
        return {_HYP3_SCALES[hyp3["scale"]]}
    return {name for name, word in _UNITS.items() if word.search(text)}


def is_gamma_nought(text: str) -> bool:
    """Whether a name says that backscatter is normalised by the illuminated area, not by ground area.

    >>> is_gamma_nought("Gamma0_VV_db")
    True
    >>> is_gamma_nought("Sigma0_VV_db")
    False
    """
    hyp3 = _HYP3.search(f"{text}_")
    return hyp3["kind"] == "g" if hyp3 else bool(_GAMMA.search(text))


def is_filtered(text: str) -> bool:
    """Whether a name says that speckle was filtered."""
    hyp3 = _HYP3.search(f"{text}_")
    return hyp3["filter"] == "f" if hyp3 else bool(_FILTERED.search(text))


def remarks(scenes: Iterable[tuple[str, Iterable[str]]]) -> tuple[str, ...]:
    """What users should know of their scenes, by their names.

    Args:
        scenes: name of each, and all texts that say something of it.
    """
    texts = {name: list(said) for name, said in scenes}
    gamma = [name for name, said in texts.items() if any(map(is_gamma_nought, said))]
    filtered = [name for name, said in texts.items() if any(map(is_filtered, said))]
    found = []
    if gamma:
        found.append(
            f"Sentinel-1 scenes {first_of(gamma)} are gamma nought by name; reBEN has sigma nought, which is 0.6 to "
            "1.6 dB lower on flat ground"
        )
    if filtered:
        found.append(f"Sentinel-1 scenes {first_of(filtered)} are speckle-filtered by name; reBEN is unfiltered")
    return tuple(found)
