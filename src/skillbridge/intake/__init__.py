"""Real files in: one reader a format, each with a report on every value it changed or refused."""

from skillbridge.intake.oflc import read_h2a, read_h2b
from skillbridge.intake.report import Entry, Intake, IntakeReport

__all__ = ["Entry", "Intake", "IntakeReport", "read_h2a", "read_h2b"]
