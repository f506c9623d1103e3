"""The timeline: gives operators a line's rows in event-time order, whatever the order of arrival.

What is kept: `tables` (arrays and pools), `store` (a ring of the newest rows), `residency` (which windows are in memory), `flags`.
Names and what held: `registry`, `events`, `context`, `schedule`, `charts`, `calendar`, `timing`.
Rows in: `engine` (the live edge), `arrivals`, `intake`, `runner`. Late rows: `reprocessing`, `merging`, `rerun`, `late_cuts`, `readback`.
Metrics out: `windows`, `order_windows`, `expiry`.
"""
