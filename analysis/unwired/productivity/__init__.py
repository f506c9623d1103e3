"""Ways to ask for productivity that `fieldline productivity` does not offer yet.

composite       indicators of unlike units made one score

Undefined results are NaN; a bad parameter raises ValueError.
"""
