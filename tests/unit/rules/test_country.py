from pathlib import Path

import numpy as np
import pytest
import shapely

from reben.core.errors import CountryError
from reben.rules.country import REBEN_COUNTRIES, Countries, embedded_countries, nearest_country, read_countries

UTM_33 = "EPSG:32633"


def square(left: float, bottom: float) -> shapely.Geometry:
    return shapely.box(left, bottom, left + 1200, bottom + 1200)


def test_all_countries_are_embedded():
    countries = embedded_countries()
    assert len(countries.names) == 177
    assert list(countries.names) == sorted(countries.names)
    assert set(REBEN_COUNTRIES) < set(countries.names)
    assert countries.only(REBEN_COUNTRIES).names == REBEN_COUNTRIES


@pytest.mark.parametrize(
    ("longitude", "latitude", "zone", "country"),
    [
        (16.4, 48.2, 32633, "Austria"),
        (-8.6, 40.2, 32629, "Portugal"),
        (25.3, 54.7, 32635, "Lithuania"),
        (-58.4, -34.6, 32721, "Argentina"),
        (178.0, -17.8, 32760, "Fiji"),
        (-175.2, -21.1, 32701, "Fiji"),
    ],
)
def test_patches_all_over_the_world(longitude: float, latitude: float, zone: int, country: str):
    import pyproj  # noqa: PLC0415 - for this test only

    easting, northing = pyproj.Transformer.from_crs(4326, zone, always_xy=True).transform(longitude, latitude)
    assert nearest_country(embedded_countries(), np.array([square(easting, northing)]), f"EPSG:{zone}") == [country]


def test_on_a_border_the_alphabetically_first_is_taken():
    world = Countries(("Arcadia", "Utopia"), np.array([shapely.box(14, 40, 15, 50), shapely.box(15, 40, 16, 50)]))
    both, second = square(500_000 - 600, 5_000_000), square(503_000, 5_000_000)
    assert nearest_country(world, np.array([both, second]), UTM_33) == ["Arcadia", "Utopia"]


def test_a_patch_at_sea_belongs_to_the_nearest_coast():
    world = Countries(("Far", "Near"), np.array([shapely.box(10, 40, 11, 50), shapely.box(15.5, 40, 16, 50)]))
    assert nearest_country(world, np.array([square(500_000, 5_000_000)]), UTM_33) == ["Near"]


def test_unknown_and_no_countries():
    with pytest.raises(CountryError, match="no country 'Atlantis'") as caught:
        embedded_countries().only(["Austria", "Atlantis"])
    assert "Austria" in caught.value.hint
    with pytest.raises(CountryError, match="no country to choose from"):
        nearest_country(embedded_countries().only([]), np.array([square(0, 0)]), UTM_33)


def test_a_file_of_countries(shared_data: Path):
    path = shared_data / "natural_earth" / "ne_110m_admin_0_countries.geojson"
    countries = read_countries(path)
    assert len(countries.names) == 177
    patch = np.array([square(600_000, 5_340_000)])
    assert (
        nearest_country(countries, patch, UTM_33) == nearest_country(embedded_countries(), patch, UTM_33) == ["Austria"]
    )


def test_files_that_cannot_be_used(tmp_path: Path):
    with pytest.raises(CountryError, match="cannot be read"):
        read_countries(tmp_path / "nowhere.gpkg")
    path = tmp_path / "places.geojson"
    path.write_text(
        '{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"x": 1}, '
        '"geometry": {"type": "Point", "coordinates": [0, 0]}}]}'
    )
    with pytest.raises(CountryError, match="column name, admin or country; found CRS EPSG:4326, columns x"):
        read_countries(path)


@pytest.mark.parametrize(
    ("geometry", "name"),
    [
        ("null", "Nowhere"),
        ('{"type": "Point", "coordinates": [0, 0]}', "Nowhere"),
        ('{"type": "LineString", "coordinates": [[0, 0], [1, 1]]}', "Nowhere"),
        ('{"type": "Polygon", "coordinates": []}', "Nowhere"),
        ('{"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]}', ""),
    ],
)
def test_a_country_without_ground_or_name(tmp_path: Path, geometry: str, name: str):
    path = tmp_path / "countries.geojson"
    whole = '{"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]}'
    features = (
        f'{{"type": "Feature", "properties": {{"name": "{label}"}}, "geometry": {extent}}}'
        for label, extent in (("Somewhere", whole), (name, geometry))
    )
    path.write_text(f'{{"type": "FeatureCollection", "features": [{", ".join(features)}]}}')
    with pytest.raises(CountryError, match=f"country '{name}' has .*; expected a name and a polygon"):
        read_countries(path)


def test_coordinates_that_are_no_places(tmp_path: Path):
    path = tmp_path / "countries.geojson"
    path.write_text(
        '{"type": "FeatureCollection", "crs": {"type": "name", "properties": {"name": "EPSG:3035"}}, "features": '
        '[{"type": "Feature", "properties": {"name": "Far"}, "geometry": {"type": "Polygon", "coordinates": '
        "[[[1e30, 0], [2e30, 0], [2e30, 1e30], [1e30, 0]]]}}]}"
    )
    with pytest.raises(CountryError, match="not places on the Earth"):
        read_countries(path)
