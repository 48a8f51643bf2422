"""Write the embedded table of countries: names and outlines of Natural Earth's admin 0 layer, 1:110 m (public domain).

The outlines are those that the pyogrio package ships among its fixtures. Run once: python tools/make_countries.py
"""

from importlib.resources import files
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pyogrio import raw

TARGET = Path(__file__).parents[1] / "src" / "reben" / "rules" / "countries.parquet"

_, _, outlines, (names,) = raw.read(
    str(files("pyogrio") / "tests/fixtures/naturalearth_lowres/naturalearth_lowres.shp"), columns=["name"]
)
table = pa.table({"name": pa.array(names, pa.string()), "geometry": pa.array(outlines, pa.binary())})
pq.write_table(table.sort_by("name"), TARGET, compression="zstd", compression_level=19)
print(TARGET, table.num_rows, "countries")
