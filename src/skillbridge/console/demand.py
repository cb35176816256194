"""Pages on demand and bulk work: vacancies, imports with their reports, jobs."""

from typing import Any

from msgspec.structs import replace

from skillbridge.console.forms import ROWS, amount, money, query, struct, version
from skillbridge.console.site import HOME, Answer, Gone, Sent, Shown, Visit, attached
from skillbridge.errors import BadInput
from skillbridge.model import Vacancy
from skillbridge.workspace import demand, new_id, work
from skillbridge.workspace import views as v

KINDS: tuple[work.Kind, ...] = ("workers", "vacancies")

_EDITED = (
    "destination", "region", "occupation", "isco", "positions", "start", "end", "hours_week", "currency",
    "experience_months",
)  # fmt: skip
"""Fields of a vacancy that the form shows; the others stay as they are."""


def vacancies(visit: Visit) -> Answer:
    """Vacancies, with filters."""
    page = demand.list_vacancies(visit.ws, visit.who, query(visit, demand.VacanciesQuery, limit=ROWS))
    return Shown("vacancies.html", {"page": page})


def vacancy_form(visit: Visit) -> Answer:
    """The form for a new vacancy."""
    found = demand.list_employers(visit.ws, visit.who, demand.EmployersQuery(limit=200))
    employers = None if found.next else found.items  # more than a list should hold: the name is typed
    return Shown("vacancy_form.html", {"employers": employers, "fresh": new_id("vacancy")})


def post_vacancy(visit: Visit) -> Answer:
    """Post a vacancy."""
    names = (
        "vacancy_id", "employer_id", "destination", "region", "occupation", "isco", "positions", "start", "end",
        "hours_week", "currency", "experience_months",
    )  # fmt: skip
    wage = money(visit, "wage", visit.given("currency"))
    made = demand.create_vacancy(visit.ws, visit.who, struct(visit, Vacancy, names, wage=wage))
    return Gone(f"{HOME}/vacancies/{made.vacancy.vacancy_id}")


def vacancy(visit: Visit) -> Answer:
    """A vacancy as it stands, with the form to change it for those who may."""
    found = demand.read_vacancy(visit.ws, visit.who, visit.ids[0])
    one = found.vacancy
    shown = {name: getattr(one, name) for name in _EDITED} | {"wage": amount(one.wage, one.currency)}
    filled = {name: "" if value is None else str(value) for name, value in shown.items()}
    return Shown("vacancy.html", {"found": found, "one": one, "filled": filled})


def change_vacancy(visit: Visit) -> Answer:
    """Change, pause or withdraw a vacancy, at the version that the page showed."""
    before = demand.read_vacancy(visit.ws, visit.who, visit.ids[0]).vacancy
    wage = money(visit, "wage", visit.given("currency"))
    fresh = struct(visit, Vacancy, _EDITED, vacancy_id=before.vacancy_id, employer_id=before.employer_id, wage=wage)
    changed = replace(before, wage=wage, **{name: getattr(fresh, name) for name in _EDITED})
    body = struct(visit, v.VacancyChange, ["status"], vacancy=changed)
    demand.update_vacancy(visit.ws, visit.who, visit.ids[0], body, version=version(visit))
    return Gone(f"{HOME}/vacancies/{visit.ids[0]}")


def jobs(visit: Visit) -> Answer:
    """Background work, newest first, with the form to import for those who may."""
    page = work.list_jobs(visit.ws, visit.who, query(visit, work.JobsQuery, limit=ROWS))
    kinds = [kind for kind in KINDS if visit.may(f"imports.{kind}")]
    exports = [kind for kind in KINDS if visit.may(f"exports.{kind}")]
    return Shown("jobs.html", {"page": page, "kinds": kinds, "exports": exports})


def export(visit: Visit) -> Answer:
    """Every worker or vacancy that the visitor may see, as a file."""
    kind = next(one for one in KINDS if visit.path.endswith(f"/{one}"))
    asked = query(visit, work.ExportQuery)
    media = "text/csv" if asked.format == "csv" else "application/x-ndjson"
    return Sent(work.export(visit.ws, visit.who, kind, asked), attached(f"{kind}.{asked.format}"), media)


def start_import(visit: Visit) -> Answer:
    """Queue the import of an uploaded file."""
    upload = visit.files.get("file")
    kind = next((one for one in KINDS if one == visit.given("kind")), None)
    if kind is None:
        raise BadInput("$.kind", repr(visit.given("kind")), " or ".join(KINDS))
    if upload is None:
        raise BadInput("$.file", "no file", "a CSV or NDJSON file")
    asked = struct(visit, work.ImportQuery, ["format", "party", "dataset"])
    try:
        job = work.start_import(visit.ws, visit.who, kind, upload, asked)
    except BadInput as error:
        raise BadInput("$.file" if error.where == "$" else error.where, error.what, error.expected) from None
    return Gone(f"{HOME}/jobs/{job.job_id}")


def job(visit: Visit) -> Answer:
    """A job: how far it is, and what an import took, left alone and refused."""
    found = work.read_job(visit.ws, visit.who, visit.ids[0], query(visit, work.JobQuery, lang=visit.language.code))
    state: dict[str, Any] = found.result or found.progress
    moving = found.state in {"queued", "running"}
    problems = state.get("problems", ())
    return Shown("job.html", {"job": found, "state": state, "problems": problems}, refresh=3 if moving else 0)


def cancel_job(visit: Visit) -> Answer:
    """Stop a job."""
    work.cancel_job(visit.ws, visit.who, visit.ids[0])
    return Gone(f"{HOME}/jobs/{visit.ids[0]}")
