"""Measurements, each a command of its own: `python -m benchmarks.NAME`. Results go to `.work/`, never into a test."""
