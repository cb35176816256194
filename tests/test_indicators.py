"""Every indicator equals a slow recomputation, and no published table gives a small group away."""

import csv
import io
import math
import re
import statistics
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from random import Random

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillbridge import tables
from skillbridge.errors import BadInput
from skillbridge.indicators import CROSSED, INDICATORS, NOT_COMPUTED, compute, plan_facts
from skillbridge.indicators import facts as f
from skillbridge.indicators.sdmx import DATAFLOW, DIMENSIONS, to_sdmx
from skillbridge.model import CEFR, RuleUse

Row = dict[str, object]


class World:
    """A random plan as plain rows, and as the facts made from its frames."""

    def __init__(self, seed: int, n: int = 60) -> None:
        random = Random(seed)
        start = date(2026, 2, 2)
        self.vacancies: list[Row] = [
            {
                "vacancy_id": f"v{i}",
                "employer_id": f"e{i % 5}",
                "destination": random.choice(["NZ", "US"]),
                "positions": random.randint(1, 6),
                "start": (first := start + timedelta(days=random.randint(0, 60))),
                "end": first + timedelta(days=random.randint(30, 200)),
                "hours_week": random.choice([None, 40.0, 48.5]),
                "wage": random.choice([None, 1500, 2250, 1999]),
                "currency": random.choice(["NZD", "USD"]),
                "languages": random.choice([None, "en:A2", "en:B1;fr:A1"]),
                "beds": random.choice([None, 3, 8]),
                "site_id": random.choice([None, "s1", "s2"]),
                "isco": random.choice(["9211", "6112"]),
                "sector": random.choice(["A", None]),
            }
            for i in range(12)
        ]
        self.workers: list[Row] = [
            {
                "worker_id": f"w{i}",
                "origin": random.choice(["WS", "TO", "MX"]),
                "region": [None, "North", "South"][i % 3],
                "sex": random.choice(["f", "m", "m", None]),
                "birth_year": random.choice([None, 1970, 1990, 2003]),
                "past": random.choice([None, "e1:2024", "e1:2023;e2:2024", ""]),
                "languages": random.choice([None, "en:A1", "en:B2;fr:A1"]),
            }
            for i in range(n)
        ]
        room = {str(job["vacancy_id"]): int(str(job["positions"])) for job in self.vacancies}
        self.edges = sorted((w, v) for w in range(n) for v in range(12) if random.random() < 0.15)
        self.placements: list[Row] = []
        taken = set()
        for w, v in self.edges:
            job = self.vacancies[v]
            if w not in taken and room[f"v{v}"] > 0 and random.random() < 0.7:
                taken.add(w)
                room[f"v{v}"] -= 1
                self.placements.append(
                    {
                        "worker_id": f"w{w}",
                        "vacancy_id": f"v{v}",
                        "employer_id": job["employer_id"],
                        "partnership": "p",
                        "start": job["start"],
                        "end": job["end"],
                        "score": random.randint(300, 1000),
                    }
                )
        self.rules = (
            RuleUse("p", "cap", "all", "visas", 40, 30, 2.5),
            RuleUse("p", "cap", "WS", "visas", 10, 10, 7.0),
            RuleUse("q", "share", "women", "placements", 0, -3, 0.0),
        )
        jobs = frame(self.vacancies, tables.VACANCIES)
        placements = frame(self.placements, tables.PLACEMENTS)
        left = [(job["vacancy_id"], job["positions"], room[str(job["vacancy_id"])]) for job in self.vacancies]
        self.left = {str(name): int(open_) for name, _, open_ in left if open_}
        unfilled = pl.DataFrame(
            {
                "vacancy_id": [name for name, _, open_ in left if open_],
                "positions": [total for _, total, open_ in left if open_],
                "filled": [int(str(total)) - open_ for _, total, open_ in left if open_],
                "reason": ["quota" if open_ > 1 else "no_worker" for _, _, open_ in left if open_],
            },
            schema={"vacancy_id": pl.String, "positions": pl.Int32, "filled": pl.Int32, "reason": pl.String},
        )
        placed = {str(row["worker_id"]) for row in self.placements}
        unplaced = pl.DataFrame(
            {"worker_id": (ids := [str(w["worker_id"]) for w in self.workers if w["worker_id"] not in placed])}
        ).with_columns(reason=pl.lit("outbid"))
        assert len(ids) == unplaced.height
        self.facts = plan_facts(
            frame(self.workers, tables.WORKERS),
            jobs,
            pl.DataFrame(
                {"worker": [w for w, _ in self.edges], "vacancy": [v for _, v in self.edges]},
                schema={"worker": pl.UInt32, "vacancy": pl.UInt32},
            ),
            placements,
            unfilled,
            unplaced,
            self.rules,
        )

    def joined(self) -> list[Row]:
        """Placements with the fields of their worker and their vacancy."""
        people = {str(row["worker_id"]): row for row in self.workers}
        jobs = {str(row["vacancy_id"]): row for row in self.vacancies}
        return [
            {
                **people[str(row["worker_id"])],
                **{k: v for k, v in jobs[str(row["vacancy_id"])].items() if k != "languages"},
                "asked": jobs[str(row["vacancy_id"])]["languages"],
                **row,
            }
            for row in self.placements
        ]


def frame(rows: list[Row], schema: dict[str, pl.DataType]) -> pl.DataFrame:
    names = {name for row in rows for name in row}
    return tables.conform(pl.DataFrame(rows, schema={name: schema[name] for name in schema if name in names}), schema)


def seasons(row: Row) -> int:
    return len(str(row["past"]).split(";")) if row["past"] else 0


def days(row: Row) -> tuple[date, date]:
    first, last = row["start"], row["end"]
    assert isinstance(first, date)
    assert isinstance(last, date)
    return first, last


def weeks(row: Row) -> float:
    first, last = days(row)
    return ((last - first).days + 1) / 7


def number(value: object) -> float:
    return float(str(value))


def share(rows: list[Row], counts: Callable[[Row], bool]) -> float | None:
    return sum(map(counts, rows)) / len(rows) if rows else None


def gap(row: Row) -> int:
    held = dict(part.split(":") for part in str(row["languages"] or "").split(";") if part)
    short = [0]
    for part in str(row["asked"]).split(";"):
        tongue, level = part.split(":")
        short.append(CEFR.index(level) - (CEFR.index(held[tongue]) if tongue in held else -1))
    return max(short)


def slow(world: World) -> dict[str, float | None]:
    rows = world.joined()
    heads = Counter(str(row["vacancy_id"]) for row in rows)
    positions = sum(int(number(job["positions"])) for job in world.vacancies)
    timed = [job for job in world.vacancies if job["hours_week"] is not None]
    eligible = {w for w, _ in world.edges}
    placed = {str(row["worker_id"]) for row in rows}
    known = [row for row in rows if row["sex"]]
    asked = [row for row in rows if row["asked"]]
    back = [row for row in rows if seasons(row)]

    def rate(sex: str) -> float | None:
        pool = [w for i, w in enumerate(world.workers) if i in eligible and w["sex"] == sex]
        return share(pool, lambda w: w["worker_id"] in placed)

    women, men = rate("f"), rate("m")
    origins: dict[object, int] = {w["origin"]: 0 for i, w in enumerate(world.workers) if i in eligible}
    for row in rows:
        origins[row["origin"]] += 1
    counts = sorted(origins.values())
    pairs = sum(abs(a - b) for a in counts for b in counts)
    sites: dict[object, list[Row]] = defaultdict(list)
    for row in rows:
        if row["beds"]:
            sites[row["site_id"] or row["vacancy_id"]].append(row)
    loads = [
        max(sum(r["start"] <= day <= r["end"] for r in inside) for day in {r["start"] for r in inside})  # type: ignore[operator]
        / max(number(r["beds"]) for r in inside)
        for inside in sites.values()
    ]

    def top_two(key: Callable[[Row], object], among: list[Row]) -> float | None:
        return sum(n for _, n in Counter(map(key, among)).most_common(2)) / len(among) if among else None

    hours = {id(job): number(job["hours_week"]) * weeks(job) for job in timed}
    return {
        "fill_rate": len(rows) / positions,
        "fill_rate_hours": sum(hours[id(j)] * heads[str(j["vacancy_id"])] for j in timed)
        / sum(hours[id(j)] * number(j["positions"]) for j in timed),
        "open_positions": positions - len(rows),
        "placement_rate": len(rows) / len(world.workers),
        "quota_utilisation": 40 / 50,
        "cap_value": 7.0,
        "match_quality": statistics.fmean(number(r["score"]) / 1000 for r in rows) if rows else None,
        "low_match_share": share(rows, lambda r: number(r["score"]) < 500),
        "language_gap": statistics.fmean(map(gap, asked)) if asked else None,
        "women_share": share(known, lambda r: r["sex"] == "f"),
        "women_selection_ratio": women / men if women is not None and men else None,
        "returning_share": share(rows, lambda r: seasons(r) > 0),
        "new_entrant_share": share(rows, lambda r: seasons(r) == 0),
        "same_employer_share": share(
            back, lambda r: any(p.split(":")[0] == r["employer_id"] for p in str(r["past"]).split(";"))
        ),
        "seasons_per_person": statistics.fmean(seasons(r) + 1 for r in rows) if rows else None,
        "top_two_origins": top_two(lambda r: r["origin"], rows),
        "top_two_employers": top_two(lambda r: r["employer_id"], rows),
        "top_two_regions": top_two(lambda r: (r["origin"], r["region"]), [r for r in rows if r["region"]]),
        "gini_origins": pairs / (2 * len(counts) * sum(counts)) if sum(counts) else None,
        "housing_load": max(loads) if loads else None,
    }


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_every_indicator_equals_a_slow_recomputation(seed: int) -> None:
    world = World(seed)
    fast = compute(world.facts, threshold=1)
    for name, expected in slow(world).items():
        value = fast.filter(pl.col("indicator") == name)["value"].to_list()
        assert value == ([pytest.approx(expected)] if expected is not None else [None]), name


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_money_is_never_mixed_over_currencies(seed: int) -> None:
    world = World(seed)
    rows = world.joined()
    fast = compute(world.facts, only=["median_wage", "season_earnings"], threshold=1)
    measures: dict[str, Callable[[Row], float]] = {
        "median_wage": lambda r: number(r["wage"]) / 100,
        "season_earnings": lambda r: number(r["wage"]) * number(r["hours_week"]) * weeks(r) / 100,
    }
    for name, worth in measures.items():
        needed = ("wage",) if name == "median_wage" else ("wage", "hours_week")
        by: dict[str, list[float]] = defaultdict(list)
        for row in rows:
            if all(row[field] is not None for field in needed):
                by[str(row["currency"])].append(worth(row))
        got = dict(fast.filter(pl.col("indicator") == name).select("currency", "value").rows())
        assert got == {currency: pytest.approx(statistics.median(values)) for currency, values in by.items()}


def test_won_and_dinars_are_told_in_whole_units() -> None:
    world = World(4)
    paid = {"KRW": 10_320.0, "KWD": 1.875, "NZD": 23.5}
    minor = {"KRW": 10_320, "KWD": 1_875, "NZD": 2_350}
    codes = list(paid)
    for number_, job in enumerate(world.vacancies):
        job |= {"currency": codes[number_ % 3], "wage": minor[codes[number_ % 3]], "hours_week": 40.0}
    facts = f.plan_facts(
        frame(world.workers, tables.WORKERS),
        frame(world.vacancies, tables.VACANCIES),
        pl.DataFrame(schema={"worker": pl.UInt32, "vacancy": pl.UInt32}),
        frame(world.placements, tables.PLACEMENTS),
        world.facts.unfilled,
        world.facts.unplaced,
        (),
    )
    table = compute(facts, only=["median_wage"], threshold=1)
    assert dict(table.select("currency", "value").rows()) == paid


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_slices_add_up_to_the_whole(seed: int) -> None:
    world = World(seed)
    for name in ("placement_rate", "women_share", "returning_share", "low_match_share"):
        indicator = INDICATORS[name]
        whole = indicator.measure(world.facts, [])
        for dimension in indicator.dimensions:
            parts = indicator.measure(world.facts, [dimension])
            assert parts["events"].sum() == whole["events"].sum(), (name, dimension)
            assert parts["count"].sum() == whole["count"].sum(), (name, dimension)


def test_selection_ratios_compare_with_the_most_placed_group() -> None:
    world = World(4, n=300)
    table = compute(world.facts, [("sex",)], only=["selection_ratio"], threshold=1)
    eligible = {w for w, _ in world.edges}
    placed = {row["worker_id"] for row in world.placements}
    rates = {
        sex: share(
            [w for i, w in enumerate(world.workers) if i in eligible and w["sex"] == sex],
            lambda w: w["worker_id"] in placed,
        )
        for sex in ("f", "m")
    }
    best = max(rate for rate in rates.values() if rate is not None)
    got = dict(table.select("sex", "value").rows())
    assert got == {sex: pytest.approx((rate or 0) / best) for sex, rate in rates.items()}
    flags = dict(table.select("sex", "flag").rows())
    assert flags == {sex: value < 0.8 for sex, value in got.items()}


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(["origin", "sex", "age_band", "month"]))
def test_no_published_share_counts_fewer_people_than_the_threshold(seed: int, dimension: str) -> None:
    world = World(seed)
    names = [
        name
        for name in ("women_share", "returning_share", "placement_rate")
        if dimension in INDICATORS[name].dimensions
    ]
    table = compute(world.facts, [(dimension,)], only=names, threshold=5)
    for name, value, count in table.filter(~pl.col("suppressed"))["indicator", "value", "count"].rows():
        if value is not None:
            events = round(value * count)
            assert count >= 5, name
            assert events == 0 or events >= 5, name
            assert events == count or count - events >= 5, name
    for name in names:
        hidden = table.filter((pl.col("indicator") == name) & pl.col("suppressed"))
        assert hidden.height != 1 or table.filter(pl.col("indicator") == name).height == 1


def test_no_published_spread_or_ratio_tells_of_fewer_people_than_the_threshold() -> None:
    names, shown = ("gini_origins", "top_two_origins", "top_two_employers", "women_selection_ratio"), 0
    for seed in range(12):
        world = World(seed)
        for name in names:
            parts = INDICATORS[name].measure(world.facts, [])
            (figure,) = compute(world.facts, only=[name], threshold=5).iter_rows(named=True)
            shown += not figure["suppressed"]
            if (parts["least"][0] or 5) < 5:
                assert figure["suppressed"], (seed, name)
                assert figure["value"] is None
    assert shown


def test_an_unknown_dimension_or_indicator_is_refused_by_name() -> None:
    world = World(1)
    with pytest.raises(BadInput, match="shoe_size"):
        compute(world.facts, [("shoe_size",)])
    with pytest.raises(BadInput, match="happiness"):
        compute(world.facts, only=["happiness"])


def test_presence_counts_who_is_there_each_week() -> None:
    world = World(3)
    table = f.presence_by_week(world.facts, "destination")
    rows = [(r["destination"], *days(r)) for r in world.joined()]
    for week, series, heads in table.rows():
        sunday = week + timedelta(days=6)
        assert heads == sum(to == series and first <= sunday and last >= week for to, first, last in rows)
    assert table["week"].dt.weekday().unique().to_list() == [1]


def test_reasons_add_up_to_positions_and_to_workers() -> None:
    world = World(5)
    assert f.fill_reasons(world.facts)["heads"].sum() == sum(number(job["positions"]) for job in world.vacancies)
    assert f.worker_reasons(world.facts)["heads"].sum() == len(world.workers)


def test_a_plan_with_no_placement_still_has_indicators() -> None:
    world = World(6)
    empty = f.plan_facts(
        frame(world.workers, tables.WORKERS),
        frame(world.vacancies, tables.VACANCIES),
        pl.DataFrame(schema={"worker": pl.UInt32, "vacancy": pl.UInt32}),
        pl.DataFrame(schema=tables.PLACEMENTS),
        world.facts.unfilled,
        world.facts.unplaced,
        (),
    )
    table = compute(empty, [(), ("origin",), ("sex",)])
    assert table.filter(pl.col("indicator") == "fill_rate")["value"].to_list() == [0.0]
    assert f.presence_by_week(empty).is_empty()
    assert f.corridors(empty).is_empty()


IDENTIFIER = r"[A-Za-z0-9_@$\-]+"
"""An SDMX identifier."""
STRUCTURE = rf"[A-Za-z][A-Za-z0-9_.\-]*:{IDENTIFIER}\(\d+\.\d+(\.\d+)?\)"
"""AGENCY:ID(VERSION)."""


def sdmx_faults(text: str) -> list[str]:
    """What breaks the rules of an SDMX-CSV 2.0 data message with one value a component, row by row."""
    header, *rows = list(csv.reader(io.StringIO(text, newline="")))
    faults = [] if header[:3] == ["STRUCTURE", "STRUCTURE_ID", "ACTION"] else [f"header begins {header[:3]}"]
    faults += [f"column {name!r}" for name in header if not re.fullmatch(IDENTIFIER, name)]
    if len(set(header)) != len(header):
        faults.append("a column is there twice")
    if not set(DIMENSIONS) <= set(header):
        faults.append("a dimension has no column")
        return faults
    order = [header.index(name) for name in (*DIMENSIONS, "OBS_VALUE", "OBS_STATUS")]
    if order != sorted(order):
        faults.append("not dimensions, then the measure, then attributes")
    keys = set()
    for number, row in enumerate(rows, 2):
        if len(row) != len(header):
            faults.append(f"row {number} has {len(row)} fields")
            continue
        one = dict(zip(header, row, strict=True))
        coded = {name: one[name] for name in (*DIMENSIONS, "OBS_STATUS", "CONF_STATUS", "UNIT_MEASURE", "KIND")}
        rules = {
            "structure type": one["STRUCTURE"] in ("dataflow", "datastructure", "dataprovision"),
            "structure": re.fullmatch(
                rf"[A-Za-z][A-Za-z0-9_.\-]*:{IDENTIFIER}\(\d+\.\d+(\.\d+)?\)", one["STRUCTURE_ID"]
            ),
            "action": one["ACTION"] in ("I", "A", "R", "D"),
            "code": all(re.fullmatch(IDENTIFIER, code) for code in coded.values()),
            "period": re.fullmatch(r"\d{4}(-\d{2}){0,2}", one["TIME_PERIOD"]),
            "value": not one["OBS_VALUE"] or math.isfinite(float(one["OBS_VALUE"])),
            "status": (one["OBS_STATUS"] == "A") == bool(one["OBS_VALUE"]) and one["OBS_STATUS"] in ("A", "Q", "M"),
            "confidential": (one["OBS_STATUS"] == "Q") == (one["CONF_STATUS"] == "C"),
            "key twice": (key := tuple(one[name] for name in DIMENSIONS)) not in keys,
        }
        keys.add(key)
        faults += [f"row {number}: {rule}" for rule, holds in rules.items() if not holds]
    return faults


EVERY_SLICE = [(), *((name,) for name in f.DIMENSIONS), *(tuple(sorted(pair)) for pair in CROSSED)]


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000))
def test_every_slice_is_written_by_the_rules_of_sdmx_csv(seed: int) -> None:
    table = compute(World(seed).facts, EVERY_SLICE)
    text = to_sdmx(table, time_period="2026", prepared="2026-01-01").write_csv()
    assert sdmx_faults(text) == []
    assert text.count("\n") == table.height + 1


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("STRUCTURE,STRUCTURE_ID", "STRUCTURE_ID,STRUCTURE", "header begins"),
        ("dataflow,", "dataflaw,", "structure type"),
        ("(1.0)", "", "structure"),
        (",I,", ",X,", "action"),
        (",ORIGIN,", ",ORIGIN,ORIGIN,", "twice"),
        (",2026,", ",2026,17,", "fields"),
        (",_T,2026,", ",a b,2026,", "code"),
    ],
)
def test_what_breaks_the_rules_of_sdmx_csv_is_seen(old: str, new: str, fault: str) -> None:
    text = to_sdmx(compute(World(7).facts), time_period="2026", prepared="2026-01-01").write_csv()
    assert old in text
    assert any(fault in one for one in sdmx_faults(text.replace(old, new, 1)))


def test_a_library_reads_the_sdmx_csv_as_it_was_meant(tmp_path: Path) -> None:
    from pysdmx.io import read_sdmx
    from pysdmx.io.pd import PandasDataset

    table = compute(World(7).facts, EVERY_SLICE)
    out = to_sdmx(table, time_period="2026", prepared="2026-01-01")
    out.write_csv(tmp_path / "indicators.csv")
    message = read_sdmx(tmp_path / "indicators.csv", validate=False)
    (dataset,) = message.data or ()
    assert isinstance(dataset, PandasDataset)
    assert str(dataset.structure) == f"Dataflow={DATAFLOW}"
    assert list(dataset.data.columns) == out.columns[3:]
    read = [{name: str(value) for name, value in row.items()} for row in dataset.data.to_dict("records")]
    assert [tuple(row[name] for name in DIMENSIONS) for row in read] == out.select(DIMENSIONS).rows()
    shown = [(row["OBS_VALUE"], value) for row, value in zip(read, out["OBS_VALUE"], strict=True) if value is not None]
    assert all(float(text) == pytest.approx(value) for text, value in shown)


def test_ages_sexes_and_what_is_not_known_have_the_codes_of_sdmx() -> None:
    table = compute(World(7).facts, [(), ("sex",), ("age_band",)], only=["placement_rate"])
    out = to_sdmx(table, time_period="2026", prepared="2026-01-01")
    assert set(out["SEX"]) == {"_T", "F", "M", "_U"}
    assert set(out["AGE"]) == {"_T", "Y18T24", "Y35T44", "Y_GE55", "_U"}
    assert set(out["ORIGIN"]) == {"_T"}


def test_every_indicator_says_what_it_is_and_what_is_missing_is_listed() -> None:
    for indicator in INDICATORS.values():
        assert all((indicator.title, indicator.formula, indicator.unit, indicator.population, indicator.source))
        assert indicator.frameworks, indicator.id
    assert not set(NOT_COMPUTED) & set(INDICATORS)
    assert "not the official SDG 10.7.1" in NOT_COMPUTED["rci_seasonal"]
