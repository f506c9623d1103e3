"""Figures worked out once more from raw rows, by plain loops over lists: what `fieldline explain` compares the pipeline's own with.

Nothing here shares code with the kernels; the rules are those that the operators' docstrings state. It is slow, and meant to be read.
"""
