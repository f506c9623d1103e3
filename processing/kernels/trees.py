"""Ensembles of trees: forests, boosted trees, isolation forests.

A row goes through all trees together, one level after the other: no step waits for the one before it, as it would in one tree after the
other. Two children stand side by side and a leaf leads to itself, so a step is a comparison and an addition and never a branch that the
processor guesses wrong. Trees stand in the order of falling depth, so that those that are done are left out.

What a split can ask beside `x > threshold` is made a column of its own before: a feature whose missing values go left, or right, and
whether its value is one of the categories that go right.
"""

from typing import NamedTuple

import numpy as np

from processing.kernels.jit import FLOATS, FLOATS2, FLOATS3, INTS, NOTHING, context, inline, kernel, record, records
from processing.kernels.links import apply

LARGEST = np.finfo(np.float64).max
"""What an infinite value counts as, for infinity is what a missing one does."""

NODE = np.dtype([("threshold", "f8"), ("column", "i4"), ("left", "i4")], align=True)
"""left : number of the left child, the right one is the next; its own of a leaf, whose threshold is inf."""

TREE = record(
    ("root", "i8"),  # of the k-th deepest tree
    ("depth", "i8"),
    ("place", "i8"),  # where, in that order, the k-th tree stands that was fitted: its values are added as it was
    ("output", "i8"),  # first of the outputs that this one's values are added to
)

COLUMN = record(
    ("feature", "i8"),
    ("missing", "f8"),  # what a missing value counts as: -inf goes left, inf goes right
    ("first", "i8"),  # categories, where it has any: the column is then 1 for a category that goes right, else 0
    ("end", "i8"),
)

CATEGORY = record(("value", "f8"), ("side", "f8"))
"""Sorted by value within a column; a value that is none of them is missing."""

HOW = record(
    ("divisor", "f8"),  # of the sum
    ("link", "i8"),
    ("is_float32", "i8"),  # 1: features are rounded to float32 first, as they were in training
    ("takes_missing", "i8"),  # 0: a row with a missing value has no score
)


class Forest(NamedTuple):
    """Trees and what is made of their leaves. values : float64[nodes, width], base : float64[outputs], the sum's first term."""

    nodes: np.ndarray
    trees: np.ndarray
    columns: np.ndarray
    categories: np.ndarray
    values: np.ndarray
    base: np.ndarray
    how: np.ndarray


class Walk(NamedTuple):
    """What a row needs on its way. columns : float64[columns], its values; at : int64[trees], the node in each tree."""

    columns: np.ndarray
    at: np.ndarray


_FOREST = context(
    Forest, records(NODE), records(TREE), records(COLUMN), records(CATEGORY), FLOATS2, FLOATS, records(HOW)
)
_WALK = context(Walk, FLOATS, INTS)


@inline
def side_of(value, forest, column):
    """Of a category, by bisection."""
    low, high = column.first, column.end
    while low < high:
        middle = (low + high) // 2
        if forest.categories[middle].value < value:
            low = middle + 1
        else:
            high = middle
    if low < column.end and forest.categories[low].value == value:
        return forest.categories[low].side
    return 0.0 if column.missing < 0.0 else 1.0


@inline
def fill(rows, r, forest, walk):
    """The row's columns; False where a value is missing that must not be."""
    how = forest.how[0]
    for c in range(forest.columns.size):
        column = forest.columns[c]
        value = rows[r, column.feature]
        if how.is_float32 == 1:
            value = np.float64(np.float32(value))
        if np.isnan(value):
            if how.takes_missing == 0:
                return False
            walk.columns[c] = column.missing
        elif column.first < column.end:
            walk.columns[c] = side_of(value, forest, column)
        else:
            walk.columns[c] = min(value, LARGEST)
    return True


@inline
def descend(forest, walk):
    """From all roots to the leaves."""
    going, depth = forest.trees.size, 0
    for k in range(going):
        walk.at[k] = forest.trees[k].root
    while going > 0:
        for k in range(going):
            node = forest.nodes[walk.at[k]]
            walk.at[k] = node.left + (walk.columns[node.column] > node.threshold)
        depth += 1
        while going > 0 and forest.trees[going - 1].depth <= depth:
            going -= 1


@kernel(NOTHING, FLOATS2, _FOREST, _WALK, FLOATS2)
def score(rows, forest, walk, out):
    """rows : float64[n, inputs], out : float64[n, outputs], output; NaN where a value is missing that must not be."""
    how, width = forest.how[0], forest.values.shape[1]
    for r in range(rows.shape[0]):
        if not fill(rows, r, forest, walk):
            out[r, :] = np.nan
            continue
        descend(forest, walk)
        for o in range(forest.base.size):
            out[r, o] = forest.base[o]
        for k in range(forest.trees.size):
            tree = forest.trees[k]
            leaf = walk.at[tree.place]
            for o in range(width):
                out[r, tree.output + o] += forest.values[leaf, o]
        for o in range(forest.base.size):
            out[r, o] /= how.divisor
        apply(how.link, out, r)


@kernel(NOTHING, FLOATS2, _FOREST, _WALK, FLOATS3)
def explain(rows, forest, walk, out):
    """What each feature adds to the sum before its link, along the way from root to leaf; out : float64[n, inputs, outputs], output.

    A node's value is the mean of the training rows that came by, so a split adds what the mean changes by, to the feature that it asks
    for (Saabas 2014; Palczewska et al. 2013, "Interpreting random forest models using a feature contribution method",
    arXiv:1312.1121). NaN where there is no score.
    """
    how, width = forest.how[0], forest.values.shape[1]
    for r in range(rows.shape[0]):
        out[r, :, :] = 0.0
        if not fill(rows, r, forest, walk):
            out[r, :, :] = np.nan
            continue
        for k in range(forest.trees.size):
            first = forest.trees[k].output
            node = forest.trees[forest.trees[k].place].root
            while forest.nodes[node].left != node:
                split = forest.nodes[node]
                below = split.left + (walk.columns[split.column] > split.threshold)
                feature = forest.columns[split.column].feature
                for o in range(width):
                    out[r, feature, first + o] += (forest.values[below, o] - forest.values[node, o]) / how.divisor
                node = below
