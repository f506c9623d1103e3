"""Benchmarks: what `make bench` measures, each on real servers of this machine's loopback (`python -m benchmarks --list`)."""
