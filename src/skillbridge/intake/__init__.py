"""Real files in: one reader a format, each with a report on every value it changed or refused."""

from skillbridge.intake.concordance import read_crosswalks
from skillbridge.intake.headers import Choices
from skillbridge.intake.lmia import read_lmia
from skillbridge.intake.oflc import read_h2a, read_h2b
from skillbridge.intake.postings import read_hrxml, read_jobposting
from skillbridge.intake.profiles import read_europass, read_jsonresume
from skillbridge.intake.report import Entry, Intake, IntakeReport
from skillbridge.intake.vacancies import read_vacancies
from skillbridge.intake.workers import read_workers

__all__ = [
    "Choices",
    "Entry",
    "Intake",
    "IntakeReport",
    "read_crosswalks",
    "read_europass",
    "read_h2a",
    "read_h2b",
    "read_hrxml",
    "read_jobposting",
    "read_jsonresume",
    "read_lmia",
    "read_vacancies",
    "read_workers",
]
