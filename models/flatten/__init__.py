"""Fitted scikit-learn estimators as arrays that compiled scoring reads: one file a family.

Of trees, private arrays of scikit-learn are read, so its version is pinned; see docs/decisions.md.
"""
