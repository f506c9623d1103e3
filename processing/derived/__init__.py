"""Derived metrics: functions of windows, made of what operators read out of the same windows.

`metric.py` makes an operator of one; `of_plant.py` those that a plant file states (`entries.py`), once `plant_faults.py` finds nothing
wrong with them. It keeps nothing of its own, and is read out anew whenever a window that it is made of changes, so it is right under late
rows, corrections and crashes as these are.
"""
