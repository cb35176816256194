"""What compiling costs at the size of a national season, counted in processor seconds."""

import time
from datetime import date, timedelta

import numpy as np
import polars as pl

from skillbridge import tables
from skillbridge.partnerships.admission import REFUSED, admission
from skillbridge.partnerships.partnership import library, load
from skillbridge.partnerships.rows import compile_rows

WORKERS, VACANCIES, DEGREE = 100_000, 8_000, 10
JOBS = {
    "us-h2a": ("US", "USD"), "us-h2b": ("US", "USD"), "nz-rse": ("NZ", "NZD"), "ca-sawp": ("CA", "CAD"),
    "gb-seasonal": ("GB", "GBP"), "au-palm-short": ("AU", "AUD"), "kr-eps": ("KR", "KRW"), "es-gecco": ("ES", "EUR"),
    "de-seasonal": ("DE", "EUR"), "it-flussi": ("IT", "EUR"), "jp-ssw1": ("JP", "JPY"), "fr-seasonal": ("FR", "EUR"),
}  # fmt: skip


def test_a_million_candidates_under_all_agreements_take_under_five_seconds() -> None:
    random = np.random.default_rng(0)
    partnerships = [load(name) for name in library()]
    assert len(partnerships) >= 16
    number = {one.id: n for n, one in enumerate(partnerships)}

    def pick(values: list[object], n: int) -> pl.Series:
        return pl.Series(values)[random.integers(0, len(values), n)]

    people = pl.DataFrame(
        {
            "worker_id": [f"w{n}" for n in range(WORKERS)],
            "origin": pick(["MX", "JM", "FJ", "WS", "TO", "KG", "MA", "PH", "NP", "GE", "MD", "HN", "VN"], WORKERS),
            "birth_year": random.integers(1960, 2010, WORKERS),
            "isco": pick(["9211", "6111", "2221", "5131"], WORKERS),
            "experience_months": random.integers(0, 99, WORKERS),
            "past": pick([None, "e1:2025", "e2:2024;e3:2025", "e4:2025-03-01/2025-09-30"], WORKERS),
        }
    )
    workers = tables.conform(people, tables.WORKERS)
    names = list(JOBS)
    scheme = random.integers(0, len(names), VACANCIES)
    start = [date(2026, 1, 5) + timedelta(days=int(n)) for n in random.integers(0, 300, VACANCIES)]
    jobs = pl.DataFrame(
        {
            "vacancy_id": [f"v{n}" for n in range(VACANCIES)],
            "employer_id": [f"e{n}" for n in random.integers(0, 3000, VACANCIES)],
            "destination": [JOBS[names[n]][0] for n in scheme],
            "currency": [JOBS[names[n]][1] for n in scheme],
            "partnership": [names[n] for n in scheme],
            "isco": "9211",
            "sector": pick(["0113", "0122", "1010", "5510"], VACANCIES),
            "positions": random.integers(1, 60, VACANCIES),
            "beds": random.integers(20, 60, VACANCIES),
            "wage": random.integers(1300, 3500, VACANCIES),
            "hours_week": 40.0,
            "start": start,
            "end": [day + timedelta(days=150) for day in start],
        }
    )
    vacancies = tables.conform(jobs, tables.VACANCIES)
    vacancy = random.integers(0, VACANCIES, WORKERS * DEGREE)
    edges = pl.DataFrame(
        {
            "worker": np.repeat(np.arange(WORKERS, dtype=np.uint32), DEGREE),
            "vacancy": vacancy.astype(np.uint32),
            "start": vacancies["start"][vacancy],
            "end": vacancies["end"][vacancy],
            "pathway": np.array([number[name] for name in names], dtype=np.uint8)[scheme[vacancy]],
            "score": np.full(len(vacancy), 500, dtype=np.uint16),
        }
    )
    begun = time.process_time()
    found = admission(workers, vacancies, partnerships)
    rows = compile_rows(edges, workers, vacancies, partnerships)
    spent = time.process_time() - begun
    assert 0.01 < (found.pathway != REFUSED).mean() < 0.99
    assert len(rows.cell) == 1_000_000
    assert len(rows.refs) > 1_000
    assert spent < 5, spent
