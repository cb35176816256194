"""The life of a placement: its states, who may move it on, and when a reason is owed. A pure state machine."""

from typing import Literal, get_args

import msgspec

from skillbridge.errors import Refused

State = Literal[
    "proposed",
    "approved",
    "offered",
    "contract_signed",
    "visa_granted",
    "departed",
    "arrived",
    "working",
    "season_ended",
    "returned",
    "reintegrated",
    "rejected",
    "turned_down",
    "declined",
    "withdrawn",
    "refused_visa",
    "cancelled",
    "ended_early",
    "changed_employer",
    "stayed_lawfully",
    "overstayed",
    "deceased",
]
STATES: tuple[str, ...] = get_args(State)

OFFICERS = frozenset({"ministry_admin", "ministry_officer"})
ORIGIN = OFFICERS | {"origin_unit"}
EMPLOYER = OFFICERS | {"employer"}
SENDING = ORIGIN | {"recruiter"}
ANYONE_NEAR = ORIGIN | {"employer"}
WORKER = ORIGIN | {"worker"}


class Transition(msgspec.Struct, frozen=True):
    """One allowed step: from `source` to `target`, by the roles in `by`; `reason` says whether words are owed."""

    source: str
    target: str
    by: frozenset[str]
    reason: bool = False


def _steps(source: str, **targets: frozenset[str]) -> list[Transition]:
    return [Transition(source, target, by, target in _OWES_REASON) for target, by in targets.items()]


_OWES_REASON = {
    "rejected",
    "turned_down",
    "declined",
    "withdrawn",
    "cancelled",
    "ended_early",
    "changed_employer",
    "overstayed",
    "deceased",
}

TRANSITIONS: tuple[Transition, ...] = tuple(
    step
    for steps in (
        _steps("proposed", approved=OFFICERS, rejected=OFFICERS, turned_down=WORKER),
        _steps("approved", offered=EMPLOYER, cancelled=EMPLOYER, withdrawn=WORKER),
        _steps("offered", contract_signed=WORKER, declined=WORKER, cancelled=EMPLOYER, withdrawn=WORKER),
        _steps("contract_signed", visa_granted=OFFICERS, refused_visa=OFFICERS, cancelled=EMPLOYER, withdrawn=WORKER),
        _steps("visa_granted", departed=SENDING, cancelled=EMPLOYER, withdrawn=WORKER),
        _steps("departed", arrived=ANYONE_NEAR, cancelled=OFFICERS, deceased=OFFICERS),
        _steps("arrived", working=EMPLOYER, ended_early=ANYONE_NEAR, deceased=OFFICERS),
        _steps(
            "working",
            season_ended=EMPLOYER,
            ended_early=ANYONE_NEAR | {"worker"},
            changed_employer=OFFICERS,
            deceased=OFFICERS,
        ),
        _steps("season_ended", returned=ORIGIN, stayed_lawfully=OFFICERS, overstayed=OFFICERS, deceased=OFFICERS),
        _steps(
            "ended_early", returned=ORIGIN, changed_employer=OFFICERS, stayed_lawfully=OFFICERS, overstayed=OFFICERS
        ),
        _steps("overstayed", returned=ORIGIN, stayed_lawfully=OFFICERS),
        _steps("changed_employer", returned=ORIGIN, stayed_lawfully=OFFICERS, overstayed=OFFICERS),
        _steps("returned", reintegrated=ORIGIN),
        # An appeal that is upheld re-opens the case.
        _steps("rejected", proposed=OFFICERS),
    )
    for step in steps
)

_BY_STEP = {(step.source, step.target): step for step in TRANSITIONS}
FINAL: frozenset[str] = frozenset(STATES) - {step.source for step in TRANSITIONS} - {"rejected"}
"""States without a way on."""

ABROAD = frozenset({"departed", "arrived", "working", "season_ended", "ended_early", "changed_employer", "overstayed"})
"""States in which the person is, or may be, in the country of destination."""

SHOWN_TO_EMPLOYER: frozenset[str] = frozenset(STATES) - {"proposed", "rejected", "turned_down"}
"""An employer never sees who was merely proposed, was rejected, or turned the proposal down before it was approved."""


def next_states(state: str, role: str) -> tuple[str, ...]:
    """Where `role` may move a placement in `state`, in the order of the journey."""
    return tuple(step.target for step in TRANSITIONS if step.source == state and role in step.by)


def move(state: str, target: str, role: str, reason: str = "") -> Transition:
    """The allowed step from `state` to `target` by `role`.

    Raises `Refused`: `conflict` if the step does not exist, `forbidden` if it is another role's, `reason_required` if
    it must be explained and `reason` is blank.
    """
    step = _BY_STEP.get((state, target))
    if step is None:
        allowed = sorted({known.target for known in TRANSITIONS if known.source == state})
        raise Refused(
            "conflict",
            f"a placement that is {state} cannot become {target}; it may become: {', '.join(allowed) or 'nothing'}",
        )
    if role not in step.by:
        raise Refused("forbidden", f"{role} may not move a placement from {state} to {target}")
    if step.reason and not reason.strip():
        raise Refused("reason_required", f"moving a placement to {target} must be explained")
    return step
