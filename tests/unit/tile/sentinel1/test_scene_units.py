import pytest

from reben.tile.sentinel1.scene_units import is_filtered, is_gamma_nought, remarks, units_in


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Sigma0_VV_db", {"db"}),
        ("S1B__IW___D_20180101T050000_VH_NR_Orb_Cal_ML_TF_TC_dB_GRD", {"db"}),
        ("decibel", {"db"}),
        ("S1A_IW_20180504T104507_DVP_RTC10_G_gduned_0A1B_VV", {"db"}),
        ("S1A_IW_20180504T104507_DVP_RTC10_G_gpuned_0A1B_VV", {"linear"}),
        ("S1A_IW_20180504T104507_DVP_RTC10_G_saufem_0A1B", {"amplitude"}),
        ("linear power", {"linear"}),
        ("Intensity_VV", {"linear"}),
        ("Amplitude_VV", {"amplitude"}),
        ("S1A_IW_GRDH_1SDV_20170613T165043_VV", set()),
        ("adbc_VV", set()),
        ("", set()),
    ],
)
def test_units_that_names_mention(text: str, expected: set[str]):
    assert units_in(text) == expected


@pytest.mark.parametrize(
    ("text", "gamma", "filtered"),
    [
        ("Gamma0_VV_db", True, False),
        ("S1A_IW_GRDH_1SDV_20220703T043413_20220703T043438_043931_053E87_rtc", True, False),
        ("S1A_IW_20180504T104507_DVP_RTC10_G_gpuned_0A1B_VV", True, False),
        ("S1A_IW_20180504T104507_DVP_RTC10_G_spufed_0A1B_VV", False, True),  # RTC with sigma nought
        ("S1A_NR_Orb_Cal_Spk_TC", False, True),
        ("Sigma0_VV", False, False),
        ("S1A__IW___A_20150309T173017_VV_grd_mli_geo_norm_db", False, False),
    ],
)
def test_what_else_names_say(text: str, gamma: bool, filtered: bool):
    assert (is_gamma_nought(text), is_filtered(text)) == (gamma, filtered)


def test_remarks_count_and_name_scenes():
    scenes = [(f"scene{number}", [f"scene{number}_VV", "Gamma0_VV"]) for number in range(7)]
    (said,) = remarks([*scenes, ("other", ["Sigma0_VH"])])
    assert "scene0, scene1, scene2, scene3, scene4 and 2 more are gamma nought" in said
    assert "0.6 to 1.6 dB" in said
    assert remarks([("other", ["Sigma0_VH"])]) == ()
    (said,) = remarks([("one", ["one_Spk"])])
    assert "one are speckle-filtered" in said
