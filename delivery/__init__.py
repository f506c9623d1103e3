"""Delivery: metric rows from the log into InfluxDB or the local store, and queries that read both alike."""
