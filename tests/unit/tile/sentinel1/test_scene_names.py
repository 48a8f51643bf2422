import pytest

from reben.tile.sentinel1.scene_names import EXAMPLE, polarisation, scene_id


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (EXAMPLE, "S1A_IW_GRDH_1SDV_20170613T165043"),
        ("S1C_IW_GRDH_1SDV_20250613T165043", "S1C_IW_GRDH_1SDV_20250613T165043"),
        (
            "S1B_EW_GRDM_1SDH_20180504T104507_20180504T104532_010770_013AEE_919F.SAFE",
            "S1B_EW_GRDM_1SDH_20180504T104507",
        ),
        (
            "Gamma0_S1A_IW_GRDH_1SDV_20170613T165043_20170613T165108_017014_01C5A5_E5F8_TC.tif",
            "S1A_IW_GRDH_1SDV_20170613T165043",
        ),
        ("S1A__IW___A_20150309T173017_VV_grd_mli_geo_norm_db.tif", "S1A_IW_GRDH_1SDV_20150309T173017"),
        ("S1B__IW___D_20180101T050000_VH_NR_Orb_Cal_ML_TF_TC_dB_GRD.tif", "S1B_IW_GRDH_1SDV_20180101T050000"),
        ("S1A_IW_20180504T104507_DVP_RTC10_G_gpuned_0A1B_VV.tif", "S1A_IW_GRDH_1SDV_20180504T104507"),
        ("S1A_IW_20180504T104507_DVR_RTC30_S_dpunem_0A1B", "S1A_IW_GRDH_1SDV_20180504T104507"),
    ],
)
def test_scene_ids_of_common_processors(name: str, expected: str):
    assert scene_id(name) == expected


@pytest.mark.parametrize(
    "name",
    [
        "scene_VV.tif",
        "S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP",
        "S1A_IW_GRDH_1SDV_20170613T1650431_VV.tif",  # a digit too many
        "S1A_IW_GRDH_1SDV_20170613_VV.tif",
        "S1A_IW_20180504T104507_SHP_RTC10_G_gpuned_0A1B_HH.tif",  # sent horizontally
        "",
    ],
)
def test_names_without_a_scene_id(name: str):
    assert scene_id(name) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("S1A_IW_GRDH_1SDV_20170613T165043_VV", "VV"),
        ("S1A_IW_GRDH_1SDV_20170613T165043_vh", "VH"),
        ("Gamma0_VH_db", "VH"),
        ("VV", "VV"),
        ("Sigma0-VV", "VV"),
        ("VV_VH", "VH"),
        ("S1A_IW_GRDH_1SDV_20170613T165043", None),
        ("S1A_IW_20180504T104507_DVP_RTC10_G_gpuned_0A1B_inc_map", None),
        ("localIncidenceAngle", None),
        ("VVH", None),
        ("HH", None),
        ("", None),
    ],
)
def test_polarisations_are_words_of_their_own(text: str, expected: str | None):
    assert polarisation(text) == expected
