"""Families of models: one file each, ending in `COMPONENT`, a `Family`.

Found by `fieldline.components`; other distributions add theirs by the entry point group `fieldline.model_families`.
"""
