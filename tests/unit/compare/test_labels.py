import pyarrow as pa
import pytest

from reben.compare.labels import ClassChange, label_changes
from reben.core.classes import CLC2018
from reben.core.errors import LegendError

ROWS = pa.table(
    {
        "labels": [["Pastures"], ["Pastures", "Urban fabric"], ["Marine waters"], ["Mixed forest"]],
        "country": ["Austria", "Austria", None, "Serbia"],
    }
)


def test_labels_that_were_kept_added_and_removed():
    earlier = {
        "a": ("Pastures", "Airports"),  # v1 names an area that forms no class
        "b": ("Pastures",),
        "c": ("Discontinuous urban fabric", "Continuous urban fabric"),
    }
    found = label_changes(earlier, ["a", "b", "c", None], ROWS, CLC2018)
    assert found is not None
    assert (found.patches, found.unchanged) == (3, 1)
    assert found.without_class == {"Airports": 1}
    assert found.classes["Pastures"] == ClassChange(kept=2, added=0, removed=0)
    assert found.classes["Urban fabric"] == ClassChange(kept=0, added=1, removed=1)
    assert found.classes["Marine waters"] == ClassChange(kept=0, added=1, removed=0)
    assert list(found.countries) == ["Austria", "unknown"]
    assert found.countries["Austria"] == {
        "Pastures": ClassChange(kept=2, added=0, removed=0),
        "Urban fabric": ClassChange(kept=0, added=1, removed=0),
    }


def test_nothing_in_common_and_unknown_labels():
    assert label_changes({"z": ("Pastures",)}, ["a", None, None, None], ROWS, CLC2018) is None
    with pytest.raises(LegendError, match="'Moon'"):
        label_changes({"a": ("Moon",)}, ["a", None, None, None], ROWS, CLC2018)
