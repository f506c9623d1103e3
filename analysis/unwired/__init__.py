"""Finished analyses that no verb reaches yet.

Each is tested against published cases. They wait here for metrics of one's own, which are to wire them: what a verb comes to import
moves up into `analysis`, with its tests. Only tests and benchmarks import this package.
"""
