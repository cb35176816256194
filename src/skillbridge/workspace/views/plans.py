"""Plans, placements, journeys, scenarios, indicators. See the package for how they hang together."""

from datetime import date
from typing import Annotated, Any, Literal

import msgspec

from skillbridge.journey import State
from skillbridge.workspace.views.base import Id, Line, Moment, Page, PartyName, Reason, Text, Version, View, doc
from skillbridge.workspace.views.matches import Pair


class PlanRequest(View, frozen=True):
    """A plan to make: whose workers, which vacancies, under which agreements, aiming at what."""

    partnerships: Annotated[
        list[Id], doc("Published partnerships to plan under.", ["nz-rse"], min_length=1, max_length=50)
    ]
    purpose: Annotated[Line, doc("What the plan is for; kept with the run.", "main season 2026/27")]
    parties: Annotated[
        list[PartyName] | None, doc("Sending units to draw from; all visible ones if left out.", ["unit-ws"])
    ] = None
    start_from: Annotated[date | None, doc("Only vacancies that start on or after this day.", "2026-09-01")] = None
    start_to: Annotated[date | None, doc("Only vacancies that start on or before this day.", "2027-03-31")] = None
    objective: Annotated[Id, doc("Named objective.", "default")] = "default"
    seed: Annotated[int, doc("Same inputs and seed, same plan.", 7, ge=0, le=2**31)] = 0
    as_of: Annotated[
        date | None, doc("Day on which vacancies count as applied for that do not say so themselves.", "2026-06-01")
    ] = None
    time_limit: Annotated[int, doc("Seconds the solver may take.", 60, ge=1, le=3_600)] = 60
    priority: Annotated[int, doc("Higher runs earlier.", 0, ge=-10, le=10)] = 0
    base_plan: Annotated[
        Id | None,
        doc(
            "Repair this plan with the least disruption instead of planning anew. Its placements that stay as they are "
            "stay where they are; the proposal holds the others.",
            "plan-1",
        ),
    ] = None
    changes: Annotated[
        str, doc("With base_plan: a change file (see docs on replanning).", "as_of = 2026-09-01", max_length=100_000)
    ] = ""


PlanState = Literal["queued", "running", "proposal", "approved", "rejected", "stopped", "failed"]


class PlanBody(msgspec.Struct, frozen=True):
    """Stored: a plan's request, state and record."""

    request: PlanRequest
    status: PlanState
    job_id: str
    started_by: str
    summary: dict[str, Any] | None = None
    folder: str | None = None
    decided_by: str | None = None
    reason: str = ""
    reviewed: dict[str, list[str]] = {}
    replaces: list[str] = []


class PlanView(View, frozen=True):
    """A plan and how it stands. A plan is a proposal until a named officer approves it."""

    plan_id: Annotated[str, doc("The plan.", "plan-1")]
    version: Version
    status: Annotated[PlanState, doc("How it stands.", "proposal")]
    request: Annotated[PlanRequest, doc("What was asked.")]
    job_id: Annotated[str, doc("The job that makes it.", "job-1")]
    started_by: Annotated[str, doc("Account that asked for it.", "account-0f3a")]
    decided_by: Annotated[str | None, doc("Account that approved or rejected it.", "account-77d0")]
    reason: Annotated[str, doc("Why it was decided so.", "sample looked at, no objections")]
    progress: Annotated[dict[str, Any], doc("Stage, share done, best so far.", {"stage": "solve", "share": 0.4})]
    summary: Annotated[
        dict[str, Any] | None,
        doc("The run: status, objective, bound, gap, counts, rules, manifest.", {"status": "optimal"}),
    ]
    sample: Annotated[list[str], doc("Placements one has to look at before approving the whole.", ["plan-1.4"])]
    replaces: Annotated[
        list[str],
        doc(
            "Placements of plans before that end when this one is approved: it moves or no longer has them.",
            ["plan-1.4"],
        ),
    ]
    created: Moment


class Plans(Page, frozen=True):
    """Plans, newest first."""

    items: Annotated[list[PlanView], doc("The plans of this page.")]


class Approval(View, frozen=True):
    """Approval of a whole plan."""

    reason: Reason


class Rejection(View, frozen=True):
    """Rejection of a whole plan."""

    reason: Reason


class Override(View, frozen=True):
    """An officer's own decision on one placement of a proposal."""

    placement_id: Annotated[Id, doc("The placement.", "plan-1.4")]
    to: Annotated[Literal["approved", "rejected"], doc("What becomes of it.", "rejected")]
    reason: Reason


class Explanation(View, frozen=True):
    """Why a worker was placed or not, or a vacancy filled or not, in the words of whoever asks."""

    plan_id: Annotated[str, doc("The plan.", "plan-1")]
    subject: Annotated[str, doc("Worker or vacancy.", "w-1042")]
    reason: Annotated[str, doc("Code of the outcome or of the reason.", "placed")]
    text: Annotated[str, doc("The explanation in plain words.", "Placed with v-9: best legal fit.")]
    details: Annotated[
        dict[str, Any], doc("The same as data; empty for workers and employers.", {"score": 742, "price": 0.0})
    ]


class Outcome(View, frozen=True):
    """What one approved plan brought one worker."""

    plan_id: Annotated[str, doc("The plan.", "plan-1")]
    purpose: Annotated[str, doc("What it was made for.", "season 2026")]
    decided: Annotated[Moment, doc("When it was approved or last changed.", "2026-03-01T09:00:00+00:00")]
    reason: Annotated[str, doc("`placed`, or the code of why not.", "outbid")]
    text: Annotated[str, doc("The same in words.", "Without a place: vacancy full, others fit better.")]
    placement_id: Annotated[str | None, doc("The placement, if there is one.", "plan-1.4")] = None


class Outcomes(View, frozen=True):
    """What approved plans brought one worker, newest first."""

    items: Annotated[list[Outcome], doc("The outcomes.")]


class OpenPlace(Pair, frozen=True):
    """A legal pair beside a plan."""

    gain: Annotated[int, doc("Points that the plan's objective would change by.", 742)]
    terms: Annotated[dict[str, int], doc("Change of each term of the objective, in its own unit.", {"placed": 1})]
    free: Annotated[bool, doc("Whether it can be taken at once.", True)]
    blocked_by: Annotated[str | None, doc("What stands in the way: `full` or the rule.", "full")]


class Insertion(View, frozen=True):
    """Where one worker or one vacancy could still go, free places first, each by falling gain."""

    plan_id: Annotated[str, doc("The plan.", "plan-1")]
    subject: Annotated[str, doc("Worker or vacancy.", "w-1042")]
    items: Annotated[list[OpenPlace], doc("The places.")]


_SKILL = "http://data.europa.eu/esco/skill/b590d4e8-7c62-4b5b-9a5c-fbb3d1b7f6b0"
SkillName = Annotated[str, msgspec.Meta(pattern="^[^;\\x00-\\x20\\x85\\xa0][^;\\x00-\\x1f]{0,199}$")]


class JourneyEvent(View, frozen=True):
    """A step of a placement's life."""

    to: Annotated[State, doc("The state to move to.", "departed")]
    on: Annotated[date | None, doc("The day it happened; today if left out.", "2026-10-28")] = None
    reason: Annotated[Text, doc("Why; owed for exits.", "family")] = ""
    skills: Annotated[
        tuple[SkillName, ...],
        doc(
            "Skills that the season used or taught, confirmed by this step: concept URIs or texts.",
            [_SKILL],
            max_length=50,
        ),
    ] = ()


class PlacementBody(msgspec.Struct, frozen=True):
    """Stored: a placement of a plan and its state."""

    plan_id: str
    worker_id: str
    vacancy_id: str
    employer_id: str
    partnership: str
    start: date
    end: date
    score: int
    state: State = "proposed"
    worker_party: str | None = None


class PlacementView(View, frozen=True):
    """A placement and where it stands in its journey."""

    placement_id: Annotated[str, doc("The placement.", "plan-1.4")]
    version: Version
    plan_id: Annotated[str, doc("The plan it comes from.", "plan-1")]
    worker_id: Annotated[str, doc("The worker's pseudonym.", "w-1042")]
    vacancy_id: Annotated[str, doc("The vacancy.", "v-9")]
    employer_id: Annotated[str, doc("The employer.", "employer-17")]
    partnership: Annotated[str, doc("The pathway.", "nz-rse")]
    start: Annotated[date, doc("First day.", "2026-11-01")]
    end: Annotated[date, doc("Last day.", "2027-04-30")]
    score: Annotated[int, doc("Thousandths; in steps of 50 for roles to whom parts of it are not shown.", 742)]
    state: Annotated[State, doc("Where it stands.", "departed")]
    next_states: Annotated[list[str], doc("Where the caller may move it.", ["arrived"])]


class Placements(Page, frozen=True):
    """Placements in order of creation."""

    items: Annotated[list[PlacementView], doc("The placements of this page.")]


class EventBody(msgspec.Struct, frozen=True):
    """Stored: a step of a journey."""

    placement_id: str
    worker_id: str
    source: str
    to: str
    on: date
    by: str
    role: str
    reason: str = ""
    skills: list[str] = []


class EventView(View, frozen=True):
    """A step of a placement's journey."""

    event_id: Annotated[str, doc("The event.", "event-5")]
    placement_id: Annotated[str, doc("The placement.", "plan-1.4")]
    source: Annotated[str, doc("State before.", "visa_granted")]
    to: Annotated[str, doc("State after.", "departed")]
    on: Annotated[date, doc("The day it happened.", "2026-10-28")]
    role: Annotated[str, doc("Role that reported it.", "origin_unit")]
    reason: Annotated[str, doc("Why; empty where it is not for the role that asks.", "family")]
    skills: Annotated[list[str], doc("Skills confirmed by the step.", [_SKILL])]


class Events(View, frozen=True):
    """A placement's journey so far."""

    items: Annotated[list[EventView], doc("The steps, oldest first.")]


class Certificate(View, frozen=True):
    """The certificate of a season: an Open Badge 3.0, for the worker to keep and show."""

    signed: Annotated[bool, doc("Whether it carries a proof that others can verify.", True)]
    issuer: Annotated[str, doc("Who issued it; verifiers name it as trusted.", "did:key:z6MkrJVnaZkeFzdQyMZu1cgj")]
    credential: Annotated[
        dict[str, Any], doc("The credential, JSON-LD.", {"type": ["VerifiableCredential", "OpenBadgeCredential"]})
    ]


class SkillEvidence(View, frozen=True):
    """A skill of a season and on whose word."""

    skill: Annotated[str, doc("The skill: a concept URI or a text.", _SKILL)]
    label: Annotated[str, doc("Its name, where the taxonomy has it.", "prune plants")]
    basis: Annotated[
        Literal["confirmed", "job"], doc("Confirmed by a step, or asked for by a job worked to its end.", "confirmed")
    ]
    by: Annotated[str | None, doc("Role that confirmed it.", "employer")]
    on: Annotated[date | None, doc("The day of that step.", "2027-04-30")]


class SeasonView(View, frozen=True):
    """A worked season."""

    placement_id: Annotated[str, doc("The placement.", "plan-1.4")]
    partnership: Annotated[str, doc("The pathway.", "nz-rse")]
    destination: Annotated[str, doc("Where, ISO 3166-1.", "NZ")]
    occupation: Annotated[str, doc("The work, in the vacancy's words.", "fruit picker")]
    start: Annotated[date, doc("First day worked.", "2026-11-01")]
    end: Annotated[date, doc("Last day worked.", "2027-04-30")]
    months: Annotated[int, doc("Whole months worked.", 5)]
    completed: Annotated[bool, doc("Whether it was worked to its end.", True)]
    state: Annotated[State, doc("Where the placement stands now.", "returned")]
    skills: Annotated[list[SkillEvidence], doc("What was used or learnt.")]


class WorkerSeasons(View, frozen=True):
    """A worker's seasons."""

    items: Annotated[list[SeasonView], doc("Seasons in order of placement.")]


class ScenarioRequest(View, frozen=True):
    """A what-if: a stored plan made again under changes. It is compared, never applied."""

    name: Annotated[Line, doc("Name of the scenario.", "cap raised by 10 %")]
    plan_id: Annotated[Id, doc("The plan whose inputs are changed.", "plan-1")]
    changes: Annotated[
        str,
        doc(
            "A change file (see docs on replanning); empty: the plan as it is.",
            "as_of = 2026-09-01",
            max_length=100_000,
        ),
    ] = ""
    objective: Annotated[Id, doc("Named objective.", "default")] = "default"
    seed: Annotated[int, doc("Same inputs and seed, same result.", 7, ge=0, le=2**31)] = 0
    time_limit: Annotated[int, doc("Seconds the solver may take.", 60, ge=1, le=3_600)] = 60


class ScenarioBody(msgspec.Struct, frozen=True):
    """Stored: a scenario and its result."""

    request: ScenarioRequest
    status: Literal["queued", "running", "done", "stopped", "failed"]
    job_id: str
    started_by: str
    summary: dict[str, Any] | None = None


class ScenarioView(View, frozen=True):
    """A scenario and its result."""

    scenario_id: Annotated[str, doc("The scenario.", "scenario-1")]
    version: Version
    status: Annotated[Literal["queued", "running", "done", "stopped", "failed"], doc("How it stands.", "done")]
    request: Annotated[ScenarioRequest, doc("What was asked.")]
    job_id: Annotated[str, doc("The job that runs it.", "job-2")]
    summary: Annotated[dict[str, Any] | None, doc("Counts, objective and indicators.", {"placed": 120})]


class Scenarios(Page, frozen=True):
    """Scenarios, newest first."""

    items: Annotated[list[ScenarioView], doc("The scenarios of this page.")]


class Comparison(View, frozen=True):
    """Scenarios side by side, one line a figure."""

    scenarios: Annotated[list[str], doc("The scenarios, in columns.", ["scenario-1", "scenario-2"])]
    figures: Annotated[dict[str, list[float | None]], doc("Figure -> value per scenario.", {"placed": [120, 132]})]


class Indicator(View, frozen=True):
    """One figure of a table; null where a small count is protected."""

    indicator: Annotated[str, doc("Name.", "placements")]
    unit: Annotated[str, doc("Unit.", "people")]
    group: Annotated[dict[str, str], doc("Dimension -> value.", {"origin": "WS"})]
    value: Annotated[float | None, doc("The figure; null where suppressed.", 48)]
    suppressed: Annotated[bool, doc("Whether it was hidden to protect people.", False)]


class Indicators(View, frozen=True):
    """Figures with what they are made of."""

    items: Annotated[list[Indicator], doc("The figures.")]
    threshold: Annotated[int, doc("People: smaller counts are hidden.", 5)]
    note: Annotated[str, doc("What is computed, assumed or chosen.", "computed from stored placements")]
