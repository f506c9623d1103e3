"""Ways to ask for productivity that `fieldline productivity` does not offer yet.

total_factor    output index over input index, period by period
factors         a product of factors, and what each adds to its change
composite       indicators of unlike units made one score
line            throughput, cycle, takt and the bottleneck of a line

Undefined results are NaN; a bad parameter raises ValueError.
"""
