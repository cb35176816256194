"""Small worlds for the tests of rules: a few workers and vacancies, and what placing them means."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from skillbridge import tables
from skillbridge.partnerships.admission import REFUSED, admission
from skillbridge.partnerships.judge import judge
from skillbridge.partnerships.partnership import Partnership, parse
from skillbridge.partnerships.rows import Rows, compile_rows


def workers(*rows: dict[str, Any]) -> pl.DataFrame:
    """tables.WORKERS of these rows; each is 30 years old, from TO, a fruit picker, unless it says otherwise."""
    usual = {"origin": "TO", "birth_year": 1995, "isco": "9211", "experience_months": 24}
    full = [{"worker_id": f"w{n}"} | usual | row for n, row in enumerate(rows)]
    return tables.conform(pl.DataFrame(full, infer_schema_length=None), tables.WORKERS)


def vacancies(*rows: dict[str, Any]) -> pl.DataFrame:
    """tables.VACANCIES of these rows; each is a picker's job in NZ, March to August 2026, unless it says otherwise."""
    usual = {
        "employer_id": "e0", "destination": "NZ", "isco": "9211", "sector": "0122", "positions": 1, "wage": 3000,
        "currency": "NZD", "hours_week": 40.0, "start": date(2026, 3, 1), "end": date(2026, 8, 31),
    }  # fmt: skip
    full = [{"vacancy_id": f"v{n}"} | usual | row for n, row in enumerate(rows)]
    return tables.conform(pl.DataFrame(full, infer_schema_length=None), tables.VACANCIES)


def agreement(rules: str = "", envelope: str = "", destination: str = "NZ") -> Partnership:
    """An invented agreement with these rules, written in TOML."""
    head = f"""
id = "xx-test"
title = "Invented"
kind = "bilateral_agreement"
owner = "joint"
destination = ["{destination}"]
version = "1"
"""
    return parse(head + envelope + "\n" + rules, "test.toml")


def placements(
    people: pl.DataFrame, jobs: pl.DataFrame, pairs: Sequence[tuple[int, int]], pathway: str = "xx-test"
) -> pl.DataFrame:
    """tables.PLACEMENTS of (worker row, vacancy row), for the vacancy's own dates."""
    who = people[[w for w, _ in pairs]]
    what = jobs[[v for _, v in pairs]]
    frame = what.select("vacancy_id", "employer_id", "start", "end").with_columns(
        worker_id=who["worker_id"], partnership=pl.lit(pathway), score=pl.lit(500)
    )
    return tables.conform(frame, tables.PLACEMENTS)


def broken(
    people: pl.DataFrame,
    jobs: pl.DataFrame,
    pairs: Sequence[tuple[int, int]],
    partnership: Partnership,
    *more: Partnership,
) -> list[tuple[str, str]]:
    """(rule, code) of every violation the judge finds."""
    found = judge(placements(people, jobs, pairs, partnership.id), people, jobs, [partnership, *more])
    return [(violation.rule, violation.code) for violation in found]


def admitted(people: pl.DataFrame, jobs: pl.DataFrame, *partnerships: Partnership) -> np.ndarray:
    """bool [workers, vacancies]: what admission, with the pair rules, lets through."""
    found = admission(people, jobs, partnerships)
    n, m = len(people), len(jobs)
    left, right = np.repeat(np.arange(n), m), np.tile(np.arange(m), n)
    answer = found.pairs(left, right, jobs["start"].to_numpy()[right], jobs["end"].to_numpy()[right])
    by_class = found.pathway[found.worker_class[left], found.vacancy_class[right]] != REFUSED
    assert not (answer[~by_class] == 0).any()
    through: np.ndarray = (answer == 0).reshape(n, m)
    return through


def all_edges(people: pl.DataFrame, jobs: pl.DataFrame) -> pl.DataFrame:
    """Every pair as an edge of pathway 0, for the vacancy's own dates."""
    n, m = len(people), len(jobs)
    right = np.tile(np.arange(m), n)
    return pl.DataFrame(
        {
            "worker": np.repeat(np.arange(n), m).astype(np.uint32),
            "vacancy": right.astype(np.uint32),
            "start": jobs["start"][right],
            "end": jobs["end"][right],
            "pathway": np.zeros(n * m, dtype=np.uint8),
            "score": np.full(n * m, 500, dtype=np.uint16),
        }
    )


def rows_kept(rows: Rows, edges: pl.DataFrame, chosen: np.ndarray, *, soft: bool = False) -> bool:
    """Whether the chosen edges (positions) keep every hard row (every row, with `soft`)."""
    per_cell = np.bincount(rows.cell[chosen], minlength=rows.n_cells)
    per_vacancy = np.bincount(edges["vacancy"].to_numpy()[chosen], minlength=rows.vacancy_rows.shape[0])
    used = rows.cell_rows.T @ per_cell + rows.vacancy_rows.T @ per_vacancy
    asked = np.array([soft or ref.penalty is None for ref in rows.refs], dtype=np.bool_)
    return bool((used <= rows.limit)[asked].all())


def compiled(people: pl.DataFrame, jobs: pl.DataFrame, *partnerships: Partnership) -> tuple[Rows, pl.DataFrame]:
    """(rows, edges) over every pair."""
    edges = all_edges(people, jobs)
    return compile_rows(edges, people, jobs, partnerships), edges
