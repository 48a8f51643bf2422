import json
from pathlib import Path

import pytest

from reben.core.errors import CorrectionError
from reben.correct.report import REPORT_FILE, CorrectionRecord, read_sixs_record

OLD_REPORT = {
    "engine": "6S tables, reben 0.9", "product": "b.SAFE", "from": "a.SAFE", "tables": "1",
    "spectral responses": "S2A",
    "aerosol": {"optical thickness at 550 nm": 0.1, "source": "default", "cells": 0, "reason": "no land"},
    "water vapour": {"g/cm2": 2.0, "from": 1.0, "to": 3.0, "source": "image", "cells": 4},
    "ozone": {"Dobson units": 330.0, "source": "default", "cells": 0},
    "altitude": {"mean (m)": 5.0, "from (m)": 1.0, "to (m)": 9.0, "source": "dem.tif", "cells": 8},
    "fallbacks": [], "compared with": ["CRC-32"], "classes": {"water": 1.0}, "seconds": {"decode": 1.5},
    "peak memory of the worker (bytes)": 7,
}  # fmt: skip
"""As the first format had it."""


def test_reports_of_the_first_format_are_still_read(tmp_path: Path):
    assert read_sixs_record(tmp_path, hint="") is None
    light = {"light from neighbouring ground": {"range (m)": 1000, "share": {"B02": 0.1}}}
    (tmp_path / REPORT_FILE).write_text(json.dumps(OLD_REPORT | light))
    record = read_sixs_record(tmp_path, hint="")
    assert record is not None
    assert (record.format_version, record.source, record.peak_memory_bytes) == (1, "a.SAFE", 7)
    assert (record.water_vapour.smallest_g_cm2, record.altitude.highest_m, record.ozone.column_du) == (1, 9, 330)
    assert record.adjacency is not None
    assert record.adjacency.range_m == 1_000
    (tmp_path / REPORT_FILE).write_text(json.dumps(OLD_REPORT))  # of the versions before that
    without = read_sixs_record(tmp_path, hint="")
    assert without is not None
    assert without.adjacency is None


def test_a_report_that_is_none(tmp_path: Path):
    (tmp_path / REPORT_FILE).write_text('{"engine": "6S"}')
    with pytest.raises(CorrectionError, match="product: Field required") as caught:
        read_sixs_record(tmp_path, hint="remove it")
    assert caught.value.hint == "remove it"


def test_what_is_not_known_is_not_written():
    record = CorrectionRecord(engine="x 1", product="b", source="a", compared_with=())
    assert "peak_memory_bytes" not in record.as_json()
    assert record.as_json()["format_version"] == 2
