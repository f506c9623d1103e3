"""Ingest: MQTT messages in, readings and dead letters on the log."""
