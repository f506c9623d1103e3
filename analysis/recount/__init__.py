"""Figures worked out once more from raw rows, by plain loops over lists: what `fieldline explain` holds the pipeline's own against.

Nothing here shares code with the kernels; the rules are those that the operators' docstrings state. It is slow, and meant to be read.
"""
