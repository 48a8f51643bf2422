import pytest

from reben.data.sampling import ShuffledDraws


def test_every_patch_comes_once():
    assert sorted(draw.patch for draw in ShuffledDraws(50, seed=1)) == list(range(50))


def test_order_and_flips_depend_on_seed_and_epoch_only():
    one, same, other = ShuffledDraws(50, seed=1), ShuffledDraws(50, seed=1), ShuffledDraws(50, seed=2)
    assert list(one) == list(one) == list(same) != list(other)
    one.set_epoch(3)
    assert list(one) != list(same)
    same.set_epoch(3)
    assert list(one) == list(same)


def test_about_half_of_the_patches_are_flipped_either_way():
    draws = list(ShuffledDraws(2000, seed=1))
    for share in (sum(d.horizontal for d in draws), sum(d.vertical for d in draws)):
        assert share / 2000 == pytest.approx(0.5, abs=0.05)
    both = sum(d.horizontal and d.vertical for d in draws) / 2000
    assert both == pytest.approx(0.25, abs=0.05)


def test_flips_can_be_switched_off():
    assert not any(draw.horizontal or draw.vertical for draw in ShuffledDraws(50, seed=1, flip=False))
