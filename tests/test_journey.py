"""The life of a placement: what may follow what, by whom."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillbridge.errors import Refused
from skillbridge.journey import FINAL, SHOWN_TO_EMPLOYER, STATES, TRANSITIONS, move, next_states

ROLES = ("ministry_admin", "ministry_officer", "origin_unit", "employer", "recruiter", "analyst", "auditor", "worker")


def test_the_main_way_leads_from_proposed_to_reintegrated() -> None:
    way = [
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
    ]
    for source, target in itertools.pairwise(way):
        assert move(source, target, "ministry_officer").target == target


def test_an_employer_cannot_approve_its_own_placement() -> None:
    with pytest.raises(Refused) as refusal:
        move("proposed", "approved", "employer")
    assert refusal.value.code == "forbidden"


def test_a_worker_may_turn_down_a_proposal_which_the_employer_never_sees() -> None:
    assert move("proposed", "turned_down", "worker", "family").target == "turned_down"
    assert "turned_down" in FINAL
    assert not {"proposed", "turned_down", "rejected"} & SHOWN_TO_EMPLOYER


def test_a_worker_may_withdraw_until_departure_with_a_reason() -> None:
    for state in ("approved", "offered", "contract_signed", "visa_granted"):
        assert move(state, "withdrawn", "worker", "family").target == "withdrawn"
        with pytest.raises(Refused) as refusal:
            move(state, "withdrawn", "worker", " ")
        assert refusal.value.code == "reason_required"


def test_a_step_that_does_not_exist_names_the_ones_that_do() -> None:
    with pytest.raises(Refused, match="it may become: approved, rejected, turned_down") as refusal:
        move("proposed", "returned", "ministry_admin")
    assert refusal.value.code == "conflict"


def test_readers_move_nothing() -> None:
    for state in STATES:
        assert next_states(state, "analyst") == next_states(state, "auditor") == ()


def test_every_state_is_reached_and_every_final_state_is_an_exit() -> None:
    reached = {"proposed"}
    for _ in STATES:
        reached |= {step.target for step in TRANSITIONS if step.source in reached}
    assert reached == set(STATES)
    assert {"reintegrated", "declined", "withdrawn", "cancelled", "stayed_lawfully", "deceased"} <= FINAL


@given(st.sampled_from(STATES), st.sampled_from(STATES), st.sampled_from(ROLES))
def test_what_is_offered_is_exactly_what_is_allowed(state: str, target: str, role: str) -> None:
    if target in next_states(state, role):
        assert move(state, target, role, "because").source == state
    else:
        with pytest.raises(Refused):
            move(state, target, role, "because")
