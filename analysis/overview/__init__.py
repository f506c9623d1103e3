"""A window of a machine, line, area or site as data: where time went, why, a control chart, energy a good unit."""
