"""Metrics of the plant's own that are made of windows of several lines, or of areas, sites and groups (`fieldline/across.py`).

`needs` says which rows of the stream they are made of, `cells` finds these among those that are kept, `rows` computes, and `making` is
what the stage's sink (`analysis/rollup/sink.py`) calls: rows are made anew whenever one that they are made of is another.
"""
