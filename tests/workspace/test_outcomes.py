"""A worker hears what decided plans brought, with the reason, and of proposals nothing."""

import msgspec
import pytest

from skillbridge import access, words
from skillbridge.errors import Refused
from skillbridge.jobs import Runner
from skillbridge.workspace import people, planning, plans
from skillbridge.workspace.outcomes import OutcomesQuery, outcomes
from skillbridge.workspace.views import Approval, NewWorker, PlanRequest
from tests.workspace.world import World, worker


@pytest.mark.parametrize("lang", words.LANGUAGES)
def test_only_what_was_decided_is_told_with_its_reason(world: World, lang: str) -> None:
    asked = msgspec.convert({"lang": lang}, OutcomesQuery)
    ws, officer = world.ws, world.actors["ministry_officer"]
    people.create_worker(ws, world.actors["origin_unit"], NewWorker(worker("w-nurse", occupation="nurse", isco="2221")))
    plan_id = plans.start_plan(ws, officer, PlanRequest(["nz-test"], "harvest", seed=1)).plan_id
    runner = Runner(ws, "test")
    while runner.step():
        pass
    told = [outcomes(ws, officer, name, asked).items for name in ("w-1", "w-nurse")]
    assert all(plan_id not in {one.plan_id for one in items} for items in told)
    for placement in plans.read_plan(ws, officer, plan_id).sample:
        plans.review_placement(ws, officer, plan_id, placement)
    plans.approve_plan(ws, officer, plan_id, Approval("looked at"), version=None)
    ((mine,), (nurse,)) = (
        [one for one in outcomes(ws, officer, name, asked).items if one.plan_id == plan_id]
        for name in ("w-1", "w-nurse")
    )
    assert (mine.reason, mine.text) == ("placed", words.say(lang, "reason.placed"))
    assert mine.placement_id
    assert nurse.placement_id is None
    assert words.say(lang, f"reason.{nurse.reason}") in nurse.text
    assert (planning.folder_of(ws, plan_id) / "unplaced.csv").is_file()


def test_nobody_hears_of_another(world: World) -> None:
    with pytest.raises(Refused, match="there is no worker"):
        outcomes(world.ws, world.actors["worker"], "w-2", OutcomesQuery())
    with pytest.raises(Refused):
        outcomes(world.ws, world.actors["employer"], "w-1", OutcomesQuery())
    assert access.POLICY["plans.explain"]["worker"] == "own"
