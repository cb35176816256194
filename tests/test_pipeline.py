"""The whole flow on small synthetic seasons: legal, accounted for, repeatable."""

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from skillbridge import plan_folder
from skillbridge.check import check_folder
from skillbridge.errors import BadInput
from skillbridge.matching.candidates import Candidates, candidates
from skillbridge.pipeline import Step, place
from skillbridge.taxonomies import pack
from skillbridge.understanding import understand
from tests.worlds import planned, season


def test_a_plan_is_accepted_by_the_independent_check(tmp_path: Path) -> None:
    plan_folder.write(planned().folder, tmp_path / "plan")
    report = check_folder(tmp_path / "plan", full=True)
    assert report.accepted, report.findings
    assert report.counts.placed > 30


def test_everyone_is_placed_or_told_why() -> None:
    folder = planned().folder
    placed, told = set(folder.placements["worker_id"]), set(folder.unplaced["worker_id"])
    assert placed | told == set(folder.workers["worker_id"])
    assert not placed & told
    assert folder.unplaced["reason"].null_count() == 0


def test_every_open_position_has_a_reason() -> None:
    folder = planned().folder
    filled = dict(folder.placements["vacancy_id"].value_counts().iter_rows())
    open_ = {
        vacancy
        for vacancy, positions in folder.vacancies.select("vacancy_id", "positions").iter_rows()
        if filled.get(vacancy, 0) < positions
    }
    assert set(folder.unfilled["vacancy_id"]) == open_


def test_the_same_request_gives_the_same_plan() -> None:
    again = place(season())
    assert_frame_equal(again.folder.placements, planned().folder.placements)
    assert again.plan == planned().plan


def test_sex_origin_and_age_change_no_score() -> None:
    """Within what an agreement admits, the same people with other sexes and ages have the same scores."""
    request = season()
    other = request.workers.with_columns(
        sex=pl.when(pl.col("sex") == "f").then(pl.lit("m")).otherwise(pl.lit("f")), birth_year=pl.lit(1990, pl.Int16)
    )
    scores = []
    for workers in (request.workers.with_columns(birth_year=pl.lit(1980, pl.Int16)), other):
        edges = place(replace(request, workers=workers, time_limit=0.0)).candidates.edges
        scores.append(edges.select("worker", "vacancy", "score"))
    assert_frame_equal(scores[0], scores[1])


def test_a_season_where_nobody_can_be_placed_still_ends_with_reasons() -> None:
    request = season()
    nobody = request.workers.with_columns(origin=pl.lit("DE"))
    outcome = place(replace(request, workers=nobody))
    assert outcome.plan.counts.placed == 0
    assert outcome.folder.unplaced.height == nobody.height
    assert outcome.folder.unplaced["reason"].null_count() == 0


def test_a_stopped_run_keeps_a_legal_plan(tmp_path: Path) -> None:
    outcome = place(season(), stop=lambda: True)
    assert outcome.plan.status == "stopped"
    plan_folder.write(outcome.folder, tmp_path / "plan")
    assert check_folder(tmp_path / "plan").accepted


def test_progress_names_the_stages_in_order() -> None:
    steps: list[Step] = []
    place(season(), progress=steps.append, stop=lambda: True)
    stages = list(dict.fromkeys(step.stage.split(":")[0] for step in steps))
    assert stages == ["understand", "candidates", "rules", "solve", "reasons"]


@pytest.mark.parametrize("what", ["workers", "vacancies"])
def test_an_empty_table_is_refused_by_name(what: str) -> None:
    request = season()
    empty = replace(request, **{what: getattr(request, what).head(0)})
    with pytest.raises(BadInput, match=f"{what}: no rows"):
        place(empty)


def test_a_text_that_means_nothing_stays_without_a_concept() -> None:
    frame = season().workers.head(2).with_columns(occupation=pl.Series(["strawberry picker", "zzqx 99"]))
    found = understand(
        frame.with_columns(isco=pl.lit(None, pl.String), concept=pl.lit(None, pl.String)), pack.load("core")
    )
    assert found["isco"][0] is not None
    assert found["isco"][0].startswith("92")
    assert found["isco"][1] is None


def test_a_given_concept_is_not_second_guessed() -> None:
    frame = season().workers.head(1).with_columns(occupation=pl.lit("nurse"), isco=pl.lit("9211"))
    assert understand(frame, pack.load("core"))["isco"].to_list() == ["9211"]


def test_skills_in_words_meet_across_languages_and_what_is_not_understood_stays() -> None:
    grapes = "urn:skillbridge:skill:harvest-grapes"
    written = ["harvest grapes; собирать виноград;xyzzy qq", "قطف العنب", None, grapes]
    frame = pl.DataFrame(
        {"occupation": ["x"] * 4, "concept": [None] * 4, "isco": ["9211"] * 4, "skills": written},
        schema_overrides={"concept": pl.String},
    )
    assert understand(frame, pack.load("core"))["skills"].to_list() == [f"{grapes};xyzzy qq", grapes, None, grapes]


def test_who_waits_is_asked_again_about_what_is_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the lists of candidates forget a third of the vacancies, these are filled all the same."""
    found, asked = candidates, []

    def forgetful(*frames: object, **options: object) -> Candidates:
        asked.append(found(*frames, **options))  # type: ignore[arg-type]
        kept = asked[0].edges.filter(pl.col("vacancy") % 3 > 0)
        return replace(asked[0], edges=kept) if len(asked) == 1 else asked[1]

    monkeypatch.setattr("skillbridge.pipeline.candidates", forgetful)
    outcome = place(replace(season(), limit=16))
    assert len(asked) == 2
    edges = outcome.candidates.edges
    assert edges.select("worker", "vacancy").is_unique().all()
    taken = edges["vacancy"].gather(outcome.solution.chosen[outcome.solution.chosen >= 0])
    assert (taken % 3 == 0).any()
    plan_folder.write(outcome.folder, tmp_path / "plan")
    report = check_folder(tmp_path / "plan", full=True)
    assert {finding.what.partition(" ")[2] for finding in report.findings} == {"of the edges derived are not there"}
    asked.clear()
    monkeypatch.setattr("skillbridge.pipeline._wider", lambda *_: None)
    assert outcome.plan.counts.placed > place(replace(season(), limit=16)).plan.counts.placed
