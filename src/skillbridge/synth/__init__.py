"""Seeded, streaming generators of worker pools and demand: always synthetic, and to be called so wherever shown."""

from skillbridge.synth.demand import vacancies
from skillbridge.synth.pool import workers

__all__ = ["vacancies", "workers"]
