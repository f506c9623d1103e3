"""Productivity: what comes out of a plant for what goes in, by period and by unit; one module for each way of asking.

levels          output over one input, and over all of them in money
index_numbers   quantities and prices of two periods as one number each
growth          how much of the growth each input explains
frontier        data envelopment analysis: each unit against the best of them
malmquist       a unit's change split into catching up and moving the frontier
factors         a product of factors, and what each adds to its change: OEE's availability, performance and quality
line            throughput, cycle, takt and the bottleneck of a line
monthly_table   a table of periods, read and checked
composite       indicators of unlike units made one score
score           the units of such a table, scored and placed
monthly         all of it over such a table

Undefined results are NaN; a bad parameter raises ValueError.
"""
