"""Tests of the benchmarks: that they run, and that what they measure is right."""
