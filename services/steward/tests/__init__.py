"""Tests of the steward service."""
