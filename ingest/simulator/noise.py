"""Noise that is a function of a key and a time, so that any moment of a simulated plant can be computed on its own.

Numbers come from the finaliser of SplitMix64 (Steele, Lea and Flood, Fast splittable pseudorandom number generators,
OOPSLA 2014, doi:10.1145/2660193.2660195): the same on every machine and with every version of numpy.
"""

import hashlib

import numpy as np

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)


def noise_key(seed: int, *names: object) -> int:
    """A 64-bit key for one stream of noise."""
    text = "\x1f".join([str(seed), *map(str, names)])
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


def uniform(key: int, index: np.ndarray) -> np.ndarray:
    """Independent numbers in [0, 1), one for each whole number of `index` (int64[n])."""
    with np.errstate(over="ignore"):  # wrapping is what the generator is made of
        word = index.astype(np.uint64) * _GOLDEN + np.uint64(key)
        word = (word ^ (word >> np.uint64(30))) * _MIX_1
        word = (word ^ (word >> np.uint64(27))) * _MIX_2
        word ^= word >> np.uint64(31)
    return (word >> np.uint64(11)).astype(np.float64) * 2.0**-53


def draw(key: int, index: int) -> float:
    """One number in [0, 1)."""
    return float(uniform(key, np.array([index], np.int64))[0])


def white(key: int, index: np.ndarray) -> np.ndarray:
    """Independent numbers in [−1, 1)."""
    return 2.0 * uniform(key, index) - 1.0


def drifting(key: int, times_ns: np.ndarray, period_s: float) -> np.ndarray:
    """A continuous curve in [−1, 1): a new value every `period_s`, straight lines between."""
    position = times_ns / (period_s * 1e9)
    cell = np.floor(position).astype(np.int64)
    share = position - cell
    return white(key, cell) * (1.0 - share) + white(key, cell + 1) * share
