"""Sparkplug B (Eclipse Sparkplug 3.0): topics, protobuf payloads, values, and what a host watches of an edge node's session."""
