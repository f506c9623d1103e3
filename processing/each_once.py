"""Numbers of windows, rows and pairs, each once."""

import numpy as np


def each_once(numbers: np.ndarray) -> np.ndarray:
    """Each of some whole numbers once, ascending.

    `np.unique` gives the same, by a hash table since numpy 2.3: of 300,000 numbers in 110 ms, where sorting takes 2.
    """
    if not len(numbers):
        return numbers
    ascending = np.sort(numbers)
    return ascending[np.concatenate([[True], ascending[1:] != ascending[:-1]])]
