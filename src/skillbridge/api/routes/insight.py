"""Indicators and scenarios."""

OPERATIONS: tuple[()] = ()
