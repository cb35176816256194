"""Changes do what they say, and refuse to name what is not there."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from skillbridge import changes
from skillbridge.changes import Inputs, apply, read_changes
from skillbridge.errors import BadInput, BadInputs
from tests.worlds import season


def inputs() -> Inputs:
    request = season()
    return Inputs(request.workers, request.vacancies, tuple(request.partnerships))


def first(column: str) -> str:
    frame = inputs().workers if column == "worker_id" else inputs().vacancies
    return str(frame[column][0])


def test_a_withdrawn_worker_and_a_cancelled_vacancy_are_gone() -> None:
    after = apply(
        inputs(), [changes.Withdraw(worker_id=first("worker_id")), changes.Cancel(vacancy_id=first("vacancy_id"))]
    )
    assert first("worker_id") not in after.workers["worker_id"].to_list()
    assert first("vacancy_id") not in after.vacancies["vacancy_id"].to_list()


def test_moving_and_resizing_touch_one_vacancy_only() -> None:
    vacancy = first("vacancy_id")
    day = inputs().vacancies["start"][0]
    after = apply(
        inputs(),
        [changes.Move(vacancy_id=vacancy, end=date(2027, 1, 31)), changes.Resize(vacancy_id=vacancy, positions=3)],
    )
    row = after.vacancies.filter(pl.col("vacancy_id") == vacancy).row(0, named=True)
    assert (row["start"], row["end"], row["positions"]) == (day, date(2027, 1, 31), 3)
    assert after.vacancies[1:].equals(inputs().vacancies[1:])


def test_a_shock_shrinks_what_fits_and_drops_what_is_left_with_nothing() -> None:
    after = apply(inputs(), [changes.Shrink(share=0.5, destination="NZ")])
    before = inputs().vacancies
    expected = before.with_columns(
        positions=pl.when(pl.col("destination") == "NZ").then(pl.col("positions") // 2).otherwise("positions")
    ).filter(pl.col("positions") > 0)
    assert after.vacancies["positions"].to_list() == expected["positions"].to_list()


def test_a_suspended_corridor_gets_a_cap_of_zero() -> None:
    after = apply(inputs(), [changes.Suspend(origin="MX", destination="CA")])
    by_id = {one.id: one for one in after.partnerships}
    assert [rule.id for rule in by_id["ca-sawp"].rules][-1] == "suspended-mx-ca"
    assert by_id["nz-rse"] == inputs().partnerships[0]


def test_a_rule_takes_other_values_and_is_checked_like_a_file() -> None:
    quota = next(rule for rule in inputs().partnerships[0].rules if rule.__struct_config__.tag == "quota")
    after = apply(inputs(), [changes.ChangeRule(partnership="nz-rse", rule=quota.id, set={"max": 7})])
    assert getattr(next(rule for rule in after.partnerships[0].rules if rule.id == quota.id), "max", None) == 7
    with pytest.raises(BadInput, match="max"):
        apply(inputs(), [changes.ChangeRule(partnership="nz-rse", rule=quota.id, set={"max": -7})])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (changes.Withdraw(worker_id="nobody"), r"change\[0\].worker_id: no 'nobody' in the plan"),
        (changes.Cancel(vacancy_id="none"), r"change\[0\].vacancy_id: no 'none'"),
        (changes.Suspend(), r"neither origin nor destination"),
        (changes.Suspend(origin="DE"), r"no partnership serves DE to \*"),
        (changes.Shrink(share=0.5, destination="FR"), r"no vacancy fits"),
        (changes.ChangeRule(partnership="xx", rule="cap", set={"max": 1}), r"no 'xx' in the plan"),
        (changes.ChangeRule(partnership="nz-rse", rule="xx", set={"max": 1}), r"no 'xx' in nz-rse"),
        (
            changes.ChangeRule(partnership="nz-rse", rule="cap", set={"strictness": "soft"}),
            r"cannot make a rule advisory",
        ),
    ],
)
def test_a_change_that_names_nothing_is_refused_with_its_place(change: changes.Change, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        apply(inputs(), [change])


def test_all_refusals_are_told_at_once() -> None:
    with pytest.raises(BadInputs) as caught:
        apply(inputs(), [changes.Withdraw(worker_id="a"), changes.Cancel(vacancy_id="b")])
    assert len(caught.value.problems) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("as_of = 2026-01-01\n[[change]]\nkind = 'vanish'\n", r"change\[0\].kind: 'vanish'"),
        ("[[change]]\nkind = 'cancel'\nvacancy_id = 'x'\n", "as_of"),
        ("as_of = 2026-01-01\n[[change]]\nkind = 'cancel'\nvacancy = 'x'\n", r"change\[0\]"),
        ("as_of = ", "not a change file"),
    ],
)
def test_a_mistyped_change_file_is_refused_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "changes.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadInput, match=message):
        read_changes(path)
