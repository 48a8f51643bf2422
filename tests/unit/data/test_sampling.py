from itertools import pairwise

import pytest

from reben.data.sampling import ShuffledIndices


def test_every_patch_comes_once():
    assert sorted(index.patch for index in ShuffledIndices(50, seed=1)) == list(range(50))


def test_order_and_flips_depend_on_seed_and_epoch_only():
    one, same, other = ShuffledIndices(50, seed=1), ShuffledIndices(50, seed=1), ShuffledIndices(50, seed=2)
    assert list(one) == list(one) == list(same) != list(other)
    one.set_epoch(3)
    assert list(one) != list(same)
    same.set_epoch(3)
    assert list(one) == list(same)


def test_about_half_of_the_patches_are_flipped_either_way():
    indices = list(ShuffledIndices(2000, seed=1))
    for share in (sum(d.horizontal for d in indices), sum(d.vertical for d in indices)):
        assert share / 2000 == pytest.approx(0.5, abs=0.05)
    both = sum(d.horizontal and d.vertical for d in indices) / 2000
    assert both == pytest.approx(0.25, abs=0.05)


def test_flips_can_be_switched_off():
    assert not any(index.horizontal or index.vertical for index in ShuffledIndices(50, seed=1, flip=False))


@pytest.mark.parametrize(("patches", "block"), [(10_000, 16), (1000, 7), (5, 100), (1, 1)])
def test_blocks_hold_every_patch_once_too(patches: int, block: int):
    indices = ShuffledIndices(patches, seed=1, block=block)
    order = [index.patch for index in indices]
    assert sorted(order) == list(range(patches))
    assert order == [index.patch for index in indices]


def test_blocks_keep_neighbours_near_each_other_and_mix_them():
    order = [index.patch for index in ShuffledIndices(20_000, seed=1, block=16)]
    window = order[: 64 * 16]
    assert len({patch // 16 for patch in window}) == 64  # whole blocks: 64 places on the disk instead of 1024
    assert max(window) - min(window) > 10_000  # from all over the data set
    steps = [abs(one - other) for one, other in pairwise(order)]
    assert sum(step < 16 for step in steps) / len(steps) < 0.1  # and well mixed
