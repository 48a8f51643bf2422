from pathlib import Path

import pytest

from reben.core.errors import MetadataError
from reben.io.dataset.statistics import read_statistics


@pytest.mark.parametrize(
    "content",
    ["{}", "[]", '{"bands": {"B02": {}}}', "no json", '{"bands": 3}']
    + [
        f'{{"bands": {{"B02": {{"mean": {mean}, "std": {std}}}}}}}'
        for mean, std in (("NaN", 1), (1, "NaN"), ("1e999", 1), ('"nan"', 1), (1, '"inf"'), (1, 0), (1, -1))
    ],
)
def test_other_files_are_refused(tmp_path: Path, content: str):
    path = tmp_path / "statistics.json"
    path.write_text(content)
    with pytest.raises(MetadataError, match=r"is not a file of statistics|cannot be read as JSON") as caught:
        read_statistics(path)
    assert "reben stats" in caught.value.hint
