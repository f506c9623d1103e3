"""Finished kernels and formulas that no verb and no stage reaches yet.

Each is tested against published cases, and most against a slow reference implementation. They wait here for metrics of one's own,
which are to wire them: what a verb or a stage comes to import moves up into `processing/kernels` or `processing/formulas`, with its tests.
Only tests and benchmarks import this package.
"""
