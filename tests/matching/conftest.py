"""Small random worlds: every column filled from few values, an admission of random classes, a small taxonomy."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest

from skillbridge.matching.pairs import REFUSED
from skillbridge.matching.policy import load_policy
from skillbridge.matching.yardstick import Yardstick
from skillbridge.model import ISCO
from skillbridge.rates import Rates
from skillbridge.tables import VACANCIES, WORKERS, conform

CODES = ("9211", "9213", "6111", "6112", "5120", "92", "7212")
RATES = Rates("test", {"USD": 1.0, "NZD": 1.7, "KRW": 1400.0}, {"USD": 2, "NZD": 2, "KRW": 0}, {})


def yardstick() -> Yardstick:
    """Seven occupations, thirty skills; 5120 has no skills known and 7212 no neighbours."""
    skills = {
        ISCO + code: (
            tuple(f"s{(3 * number + k) % 30:02d}" for k in range(4)),
            tuple(f"s{(3 * number + 9 + k) % 30:02d}" for k in range(3)),
        )
        for number, code in enumerate(CODES)
        if code != "5120"
    }
    near = {(a, b): 700 if a[0] == b[0] else 300 for a in CODES for b in CODES if a != b and "7212" not in (a, b)}
    near["6111", "5120"] = 100
    return Yardstick(load_policy(), RATES, skills, near)


@dataclass(frozen=True, eq=False)
class RandomAdmission:
    """Classes by row content, a random table over them, and a rule on dates that refuses some pairs."""

    worker_class: npt.NDArray[np.int32]
    vacancy_class: npt.NDArray[np.int32]
    pathway: npt.NDArray[np.uint8]
    reason: npt.NDArray[np.uint16]
    late_from: npt.NDArray[np.int64]
    reasons: tuple[Any, ...] = field(
        default=tuple(
            SimpleNamespace(partnership="xx-test", rule=rule, code=rule, text=f"refused by {rule}")
            for rule in ("origin", "age", "late")
        )
    )

    def pairs(
        self, worker: npt.NDArray[np.int32], vacancy: npt.NDArray[np.int32], start: Any, end: Any
    ) -> npt.NDArray[np.uint16]:
        """Refuses a pair that starts after the day of the worker's class."""
        late = start.astype(np.int64) > self.late_from[self.worker_class[worker]]
        return np.where(late, 3, 0).astype(np.uint16)


@dataclass(frozen=True, eq=False)
class World:
    workers: pl.DataFrame
    vacancies: pl.DataFrame
    admission: RandomAdmission
    yardstick: Yardstick


def world(n_workers: int, n_vacancies: int, seed: int, *, late: bool = True) -> World:
    """A random world; `late` keeps the rule on dates."""
    rng = np.random.default_rng(seed)

    def one(*values: Any) -> Any:
        return values[int(rng.integers(len(values)))]

    def some(values: list[str], most: int) -> str | None:
        chosen = list(rng.permutation(values)[: int(rng.integers(most + 1))])
        return ";".join(chosen) or None

    def day(low: int, high: int) -> date:
        return date(2026, 1, 1) + timedelta(days=int(rng.integers(low, high)))

    skills = [f"s{k:02d}" for k in range(30)]
    employers = [f"e{k}" for k in range(6)]
    isco = (*CODES, None)
    workers = []
    for number in range(n_workers):
        code = one(*isco)
        workers.append(
            {
                "worker_id": f"w{number:04d}",
                "origin": one("MX", "GT", "PH"),
                "birth_year": int(rng.integers(1960, 2008)),
                "sex": one("f", "m", "x"),
                "concept": ISCO + code if code and rng.random() < 0.5 else None,
                "isco": code,
                "experience_months": one(0, 2, 7, 30, 120, None),
                "skills": some(skills, 5),
                "languages": one(None, "en:B1", "en:A2;es:C2", "es:C2;fr:B2"),
                "education": one(None, 0, 2, 3, 6),
                "licences": one(None, "driving:B", "driving:B;forklift"),
                "available_from": one(None, day(0, 200)),
                "available_to": one(None, day(150, 500)),
                "wage_floor": one(None, 900, 1500),
                "currency": one("USD", "USD", "NZD", "ZZZ"),
                "preferences": some(["NZ:3", "US:5", "!KR", "employer-e1:4", "!employer-e2", "XX:1", "!US"], 3),
                "past": some(["e0:2024", "e1:2023", "e3:2024-05-01/2024-09-30:NZ:nz-rse", "e9:2020"], 2),
                "waiting_since": one(None, day(-900, -10)),
                "consent": one(True, True, True, None, False),
            }
        )
    vacancies = []
    for number in range(n_vacancies):
        code = one(*isco)
        start = day(0, 250)
        vacancies.append(
            {
                "vacancy_id": f"v{number:04d}",
                "employer_id": one(*employers),
                "destination": one("NZ", "US", "KR"),
                "concept": ISCO + code if code and rng.random() < 0.7 else None,
                "isco": code,
                "skills": some(skills, 4) if rng.random() < 0.4 else None,
                "positions": int(rng.integers(1, 9)),
                "start": start,
                "end": start + timedelta(days=int(rng.integers(20, 250))),
                "hours_week": one(None, 38.0, 44.0),
                "wage": one(None, 950, 1200, 1600, 2300, 12000),
                "currency": one("USD", "NZD", "KRW"),
                "languages": one(None, None, None, "en:A1", "en:A2;fr:A1"),
                "experience_months": one(0, 0, 3, 24, None),
                "education": one(None, None, None, 2),
                "licences": one(None, None, None, "forklift"),
                "named_workers": one(
                    None, None, f"w{int(rng.integers(n_workers)):04d};w{int(rng.integers(n_workers)):04d}"
                ),
            }
        )
    a, b = 4, 5
    refused = rng.random((a, b)) < 0.25
    return World(
        conform(pl.DataFrame(workers, schema_overrides=_types(WORKERS), infer_schema_length=None), WORKERS),
        conform(pl.DataFrame(vacancies, schema_overrides=_types(VACANCIES), infer_schema_length=None), VACANCIES),
        RandomAdmission(
            rng.integers(0, a, n_workers).astype(np.int32),
            rng.integers(0, b, n_vacancies).astype(np.int32),
            np.where(refused, REFUSED, rng.integers(0, 3, (a, b))).astype(np.uint8),
            rng.integers(0, 2, (a, b)).astype(np.uint16),
            np.where(rng.random(a) < 0.5, 20_560, 10**6) if late else np.full(a, 10**6),
        ),
        yardstick(),
    )


def _types(schema: dict[str, pl.DataType]) -> Any:
    return schema


@pytest.fixture
def random_world() -> Callable[..., World]:
    """`random_world(n_workers, n_vacancies, seed, late=True)`."""
    return world
