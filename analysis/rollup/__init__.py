"""Lines together: areas, sites and the plant's own groups.

`effectiveness` adds up times and OEE, for whoever asks (`show`) and for the rows that are stored; `together` makes these rows, of the rows
that the lines have in one window, `lines` keeps the lines' rows, and `sink` is what the stage writes to: it makes rows of areas and sites
anew whenever one of their lines has another.
"""
