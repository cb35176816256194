"""The random instances of the placement benchmark, under the name that the speed benchmarks use."""

from skillbridge.benchmark.grid import DESTINATIONS, ORIGINS, random_problem

__all__ = ["DESTINATIONS", "ORIGINS", "random_problem"]
