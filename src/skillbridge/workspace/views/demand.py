"""Employers and vacancies. See the package for how they hang together."""

from typing import Annotated, Literal

import msgspec

from skillbridge.model import Employer, Vacancy
from skillbridge.workspace.views.base import Page, Version, View, doc


class EmployerView(View, frozen=True):
    """An employer."""

    version: Version
    employer: Annotated[Employer, doc("The employer.")]


class Employers(Page, frozen=True):
    """Employers in order of entry."""

    items: Annotated[list[EmployerView], doc("The employers of this page.")]


VacancyStatus = Literal["open", "paused", "filled", "withdrawn"]


class VacancyBody(msgspec.Struct, frozen=True):
    """Stored: a vacancy and how it stands."""

    vacancy: Vacancy
    status: VacancyStatus = "open"


class VacancyChange(View, frozen=True):
    """The whole new vacancy."""

    vacancy: Annotated[Vacancy, doc("The vacancy; its vacancy_id must be the one in the path.")]
    status: Annotated[VacancyStatus, doc("Whether plans may fill it.", "open")] = "open"


class VacancyView(View, frozen=True):
    """A vacancy and how it stands."""

    version: Version
    status: Annotated[VacancyStatus, doc("Whether plans may fill it.", "open")]
    vacancy: Annotated[Vacancy, doc("The demand.")]
    placed: Annotated[int, doc("Heads placed and not ended.", 12)]


class Vacancies(Page, frozen=True):
    """Vacancies in order of entry."""

    items: Annotated[list[VacancyView], doc("The vacancies of this page.")]
