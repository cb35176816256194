"""A plan's folder reads back as it was written, is written whole or not at all, and shows what was altered."""

import shutil
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from skillbridge import model, plan_folder, tables
from skillbridge.errors import BadInput, Corrupt
from skillbridge.partnerships.partnership import Partnership
from skillbridge.plan_folder import PlanFolder
from skillbridge.taxonomies import pack
from tests.worlds import planned

SETTINGS = {"objective.toml": 'name = "x"\n', "matching.toml": 'name = "y"\n', "rates.csv": "currency\n"}


def small(text: str = "=cmd()") -> PlanFolder:
    core = pack.load("core")
    workers = tables.conform(pl.DataFrame({"worker_id": ["w1", text], "origin": ["WS", "TO"]}), tables.WORKERS)
    vacancies = tables.conform(
        pl.DataFrame(
            {
                "vacancy_id": ["v1"],
                "employer_id": ["e1"],
                "destination": ["NZ"],
                "positions": [2],
                "start": [date(2026, 1, 1)],
                "end": [date(2026, 6, 30)],
            }
        ),
        tables.VACANCIES,
    )
    edges = tables.conform(
        pl.DataFrame({"worker": [1], "vacancy": [0], "start": [date(2026, 1, 1)], "end": [date(2026, 6, 30)]}),
        tables.EDGES,
    ).with_columns(pathway=pl.lit(0, pl.UInt8), score=pl.lit(700, pl.UInt16))
    placements = tables.conform(
        pl.DataFrame(
            {"worker_id": [text], "vacancy_id": ["v1"], "employer_id": ["e1"], "partnership": ["x"]}
        ).with_columns(start=date(2026, 1, 1), end=date(2026, 6, 30), score=700),
        tables.PLACEMENTS,
    )
    plan = model.Plan(
        status="optimal",
        method="exact",
        objective=1700,
        bound=1700.0,
        gap=0.0,
        seconds=0.1,
        cpu_seconds=0.1,
        peak_rss_mb=100.0,
        counts=model.Counts(2, 1, 2, 1, 1),
        rules=(),
        refused={},
        manifest=model.Manifest("0.1.0", 0, "x", None, {}),
    )
    agreements = tuple(
        Partnership(
            id=name, title=name, kind="mou", owner="joint", version="1", destination=("NZ",), origins=("WS", "TO")
        )
        for name in ("z-last", "a-first")
    )
    return PlanFolder(
        plan=plan,
        workers=workers,
        vacancies=vacancies,
        edges=edges,
        partnerships=agreements,
        taxonomy=core,
        settings=SETTINGS,
        placements=placements,
        unfilled=pl.DataFrame({"vacancy_id": ["v1"], "reason": ["no_worker"]}).pipe(
            tables.conform, plan_folder.UNFILLED
        ),
        unplaced=pl.DataFrame({"worker_id": ["w1"], "reason": ["window"]}).pipe(tables.conform, plan_folder.UNPLACED),
        certificate=plan_folder.certificate(vacancies["vacancy_id"], [0.1], ["x/y: z"], [1 / 3]),
        extra={"report.html": "<p>é</p>"},
    )


def test_a_folder_reads_back_as_it_was_written(tmp_path: Path) -> None:
    written = plan_folder.write(small(), tmp_path / "out")
    again = plan_folder.read(tmp_path / "out")
    assert again.plan == written.plan
    assert again.partnerships == written.partnerships, "the order of agreements numbers the pathways of edges"
    assert again.settings == SETTINGS
    for name in ("workers", "vacancies", "edges", "placements", "unfilled", "unplaced", "certificate"):
        assert_frame_equal(getattr(again, name), getattr(written, name))
    assert_frame_equal(again.taxonomy.relations, written.taxonomy.relations)
    assert plan_folder.altered_files(tmp_path / "out", again.plan) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out"]


def test_the_same_plan_gives_the_same_files(tmp_path: Path) -> None:
    first = plan_folder.write(small(), tmp_path / "a").plan.manifest.hashes
    assert plan_folder.write(small(), tmp_path / "b").plan.manifest.hashes == first
    assert set(first) >= {
        "placements.csv",
        "inputs/workers.parquet",
        "inputs/partnerships/00-z-last.toml",
        "report.html",
    }


@settings(max_examples=150, deadline=None)
@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\x00\r"), min_size=1), min_size=1))
def test_no_cell_starts_a_formula_and_every_text_comes_back(texts: list[str]) -> None:
    frame = pl.DataFrame({"text": texts}, schema={"text": pl.String})
    path = Path("/dev/shm" if Path("/dev/shm").is_dir() else ".") / "skillbridge-test-guard.csv"
    try:
        plan_folder.write_csv(frame, path)
        shown = pl.read_csv(path, infer_schema=False)["text"].to_list()
        assert not [cell for cell in shown if cell[:1] in set("=+-@\t")]
        assert plan_folder.read_csv(path, {"text": pl.String()})["text"].to_list() == texts
    finally:
        path.unlink(missing_ok=True)


def test_an_older_plan_is_replaced_and_nothing_else_is(tmp_path: Path) -> None:
    plan_folder.write(small(), tmp_path / "out")
    (tmp_path / "out" / "note.txt").write_text("mine")
    plan_folder.write(small("w2"), tmp_path / "out")
    assert plan_folder.read(tmp_path / "out").placements["worker_id"].to_list() == ["w2"]
    other = tmp_path / "photos"
    other.mkdir()
    (other / "cat.png").write_bytes(b"x")
    with pytest.raises(BadInput, match="not a plan"):
        plan_folder.write(small(), other)
    assert [path.name for path in other.iterdir()] == ["cat.png"]


def test_a_write_that_fails_leaves_no_folder_behind(tmp_path: Path) -> None:
    broken = small()
    object.__setattr__(broken, "settings", {})
    with pytest.raises(KeyError):
        plan_folder.write(broken, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_every_altered_added_or_removed_file_is_named(tmp_path: Path) -> None:
    root = tmp_path / "out"
    plan = plan_folder.write(small(), root).plan
    for name in plan.manifest.hashes:
        copy = tmp_path / "copy"
        shutil.copytree(root, copy)
        with (copy / name).open("ab") as file:
            file.write(b" ")
        assert plan_folder.altered_files(copy, plan) == [f"{name}: changed since the plan was written"]
        (copy / name).unlink()
        assert plan_folder.altered_files(copy, plan) == [f"{name}: missing"]
        shutil.rmtree(copy)
    (root / "inputs" / "partnerships" / "99-mine.toml").write_text("")
    assert plan_folder.altered_files(root, plan) == ["inputs/partnerships/99-mine.toml: not in the manifest"]


def test_what_is_no_plan_is_refused_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"no plan\.json"):
        plan_folder.read(tmp_path)
    root = tmp_path / "out"
    plan_folder.write(small(), root)
    (root / "certificate.parquet").write_bytes(b"not parquet")
    with pytest.raises(Corrupt, match=r"certificate\.parquet"):
        plan_folder.read(root)
    (root / "placements.csv").write_text("worker_id\nw1\n")
    with pytest.raises(BadInput, match=r"placements\.csv"):
        plan_folder.read(root)
    (root / "plan.json").write_text('{"status": "splendid"}')
    with pytest.raises(BadInput, match=r"plan\.json"):
        plan_folder.read(root)


def test_rows_with_the_same_words_keep_keys_of_their_own() -> None:
    keys = plan_folder.row_keys([("p", "cap", "all"), ("p", "cap", "all"), ("q", "cap", "all")])
    assert keys == ["p/cap: all", "p/cap: all #2", "q/cap: all"]


def test_one_worker_s_reason_is_read_without_the_whole_folder(tmp_path: Path) -> None:
    outcome = planned()
    plan_folder.write(outcome.folder, tmp_path / "plan")
    unplaced = outcome.folder.unplaced.row(0, named=True)
    placed = outcome.folder.placements["worker_id"][0]
    assert plan_folder.why_unplaced(tmp_path / "plan", unplaced["worker_id"]) == unplaced["reason"]
    assert plan_folder.why_unplaced(tmp_path / "plan", placed) is None
    with pytest.raises(BadInput, match="missing"):
        plan_folder.why_unplaced(tmp_path, placed)
