"""Benchmarks: each prints its rates and ratios; the ratios hold from machine to machine."""
