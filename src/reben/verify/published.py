"""Hold published metadata tables against the rules of the paper: names, order, split, country."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import shapely

from reben.io.dataset.metadata import read_metadata
from reben.io.v1_geometries import V1Geometries, read_v1_geometries
from reben.rules.country import REBEN_COUNTRIES, Countries, embedded_countries, nearest_country
from reben.verify.findings import Check, Finding
from reben.verify.rules import DatasetRules
from reben.verify.tables import check_table


def verify_published(paths: Sequence[Path], *, v1_geometries: Path | None = None) -> list[Check]:
    """Recompute what follows from the rules, for every row.

    Args:
        paths: metadata tables of reBEN.
        v1_geometries: directory of v1 footprints; the country of rows whose footprint is there is recomputed.

    Raises:
        MetadataError: if a table or a file of footprints cannot be used at all.
    """
    read_metadata(paths)  # columns, types, labels, splits, and no patch twice, not even in two tables
    regions = [] if v1_geometries is None else read_v1_geometries(v1_geometries)
    countries = embedded_countries().only(REBEN_COUNTRIES)
    checks = []
    for path in paths:
        table = read_metadata(path)
        checks += check_table(path, table, DatasetRules())
        checks += [_check_country(path, table, region, countries) for region in regions]
    return checks


def _check_country(path: Path, table: pa.Table, region: V1Geometries, countries: Countries) -> Check:
    places = pc.index_in(table["s2v1_name"].combine_chunks(), region.names)
    rows = pc.indices_nonzero(places.is_valid()).to_numpy()
    check = Check(f"the country is the nearest of the ten ({region.crs})", len(rows))
    if len(rows):
        footprints = region.footprints.take(places.take(rows)).to_numpy(zero_copy_only=False)
        expected = nearest_country(countries, shapely.from_wkb(footprints), region.crs)
        check.add(_different_countries(path, table, rows.tolist(), expected))
    return check


def _different_countries(path: Path, table: pa.Table, rows: list[int], expected: list[str]) -> Iterator[Finding]:
    found = table["country"].take(rows).to_pylist()
    for row, one, other in zip(rows, found, expected, strict=True):
        if one != other:
            yield Finding(f"{path}, row {row}", f"{table['patch_id'][row]} is in {one}; expected {other}")
