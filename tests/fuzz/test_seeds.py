"""What fuzzing found worth keeping, tried again, and some of it changed at random."""

from __future__ import annotations

import random

import pytest

from tests.fuzz.corpus import read_seeds
from tests.fuzz.targets import TARGETS


@pytest.mark.parametrize("name", TARGETS)
def test_what_fuzzing_kept(name, tiny_dir, tmp_path):
    seeds = read_seeds(name)
    assert len(seeds) > 10
    target = TARGETS[name](tiny_dir, tmp_path)
    dice = random.Random(name)
    for seed in seeds:
        target(seed)
        target(_changed(seed, dice))


def _changed(content: bytes, dice: random.Random) -> bytes:
    place = dice.randint(0, len(content))
    return content[:place] + dice.randbytes(dice.randint(0, 4)) + content[place + dice.randint(0, 4) :]
