"""What a season brings and costs equals a slow recomputation, and figures from beside the plan are refused by line."""

import math
import statistics
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from random import Random

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillbridge import model, plan_folder, tables
from skillbridge.errors import BadInput, BadInputs
from skillbridge.indicators import compute
from skillbridge.indicators.accounts import ACCOUNTS, accounts_of
from skillbridge.indicators.context import COLUMNS, Context, Figure, read_context
from skillbridge.partnerships.partnership import Partnership, parse
from skillbridge.plan_folder import PlanFolder
from skillbridge.rates import load_rates
from skillbridge.taxonomies import pack

Row = dict[str, object]
RATES = load_rates()
PER_USD, MINOR = RATES.per_usd, RATES.minor_digits


RULES = """
[[rules]]
id = "cap"
type = "quota"
count = "visas"
period = { kind = "year" }
per = ["origin"]
max = 12
[[rules]]
id = "lead"
type = "timing"
lead_time = "P30D"
[[rules]]
id = "guard"
type = "brain_drain"
mode = "cap"
occ = ["53"]
percent = 50
period = { kind = "year" }
stock = [{ origin = "WS", active = 40, returned = 1, trained = 2 }]
[[rules]]
id = "seats"
type = "training"
tracks = ["home", "away"]
track = "home"
seats = 9
pass_rate = 0.8
"""


def agreement(rules: str = RULES) -> Partnership:
    """An agreement of two origins with a yearly cap, a lead time, a stock of carers and seats for home and away."""
    head = """
id = "p"
title = "An agreement"
kind = "bilateral_agreement"
owner = "joint"
destination = ["NZ", "KR"]
origins = ["WS", "TO"]
parties = ["NZ", "WS"]
version = "1"
valid_from = 2020-01-01
"""
    return parse(head + rules, "p", scenario=True)


class World:
    """A random plan as plain rows and as a folder, with random figures from beside it."""

    def __init__(self, seed: int, n: int = 60) -> None:
        random = Random(seed)
        start = date(2026, 2, 2)
        self.vacancies: list[Row] = [
            {
                "vacancy_id": f"v{i}",
                "employer_id": f"e{i % 5}",
                "destination": (to := random.choice(["NZ", "KR"])),
                "positions": 6,
                "start": (first := start + timedelta(days=random.randint(0, 60))),
                "end": first + timedelta(days=random.randint(10, 200)),
                "hours_week": random.choice([None, 40.0, 48.5]),
                "wage": random.choice([None, 1500, 2250, 12_000]),
                "currency": "NZD" if to == "NZ" else "KRW",
                "isco": random.choice(["9211", "6112", "5321", None]),
                "applied_on": random.choice([None, first - timedelta(days=random.randint(5, 90))]),
                "facts": random.choice(
                    [None, "worker_pays_recruitment:0", "worker_pays_airfare:300;track:home", "worker_pays_any:1250.5"]
                ),
            }
            for i in range(12)
        ]
        self.workers: list[Row] = [
            {
                "worker_id": f"w{i}",
                "origin": random.choice(["WS", "TO"]),
                "isco": random.choice(["5321", "9211", "53", None]),
                "facts": random.choice([None, "track:home", "track:away"]),
            }
            for i in range(n)
        ]
        self.pairs = [(w, random.randrange(12)) for w in range(n) if random.random() < 0.7]
        self.figures = self._figures(random)
        self.agreement = agreement()
        self.folder = self._folder()

    def _figures(self, random: Random) -> list[Figure]:
        def made(item: str, value: float, currency: str = "", payer: str = "", **where: str) -> Figure:
            return Figure(item, payer, where, value, currency, "assumed")

        pool = [
            made("home_pay", 450.0, "WST", origin="WS"),
            made("home_pay", 600.0, "WST", origin="WS", isco="53"),
            made("home_pay", 900.0, "TOP", origin="TO"),
            made("living", 250.0, "NZD", destination="NZ"),
            made("living", 200_000.0, "KRW", destination="KR"),
            made("deductions", 0.2),
            made("deductions", 0.1, origin="TO", destination="NZ"),
            made("remitted", 0.35),
            made("remitted", 0.5, origin="WS"),
            made("airfare", 800.0, "NZD", "worker", destination="NZ"),
            made("visa", 60.0, "USD", "worker"),
            made("recruitment", 100.0, "USD", "worker", origin="TO"),
            made("airfare", 700.0, "NZD", "employer"),
            made("administration", 150.0, "USD", "public", partnership="p"),
            made("ppp", 1.8, "WST", origin="WS"),
            made("ppp", 1.5, "NZD", destination="NZ"),
            made("ppp", 800.0, "KRW", destination="KR"),
            made("processing", 45.0, destination="KR"),
            made("stock", 500.0, origin="TO", isco="53"),
            made("returned", 4.0, origin="TO", isco="53"),
            made("stock", 70.0, origin="WS", isco="92"),
        ]
        return [one for one in pool if random.random() < 0.8]

    def _folder(self) -> PlanFolder:
        workers, vacancies = frame(self.workers, tables.WORKERS), frame(self.vacancies, tables.VACANCIES)
        edges = pl.DataFrame(
            {
                "worker": [w for w, _ in self.pairs],
                "vacancy": [v for _, v in self.pairs],
                "start": [self.vacancies[v]["start"] for _, v in self.pairs],
                "end": [self.vacancies[v]["end"] for _, v in self.pairs],
                "pathway": [0] * len(self.pairs),
                "score": [700] * len(self.pairs),
            },
            schema=tables.EDGES,
        )
        placements = edges.select(
            worker_id=workers["worker_id"].gather(edges["worker"]),
            vacancy_id=vacancies["vacancy_id"].gather(edges["vacancy"]),
            employer_id=vacancies["employer_id"].gather(edges["vacancy"]),
            partnership=pl.lit("p"),
            start="start",
            end="end",
            score="score",
        )
        counts = model.Counts(len(self.workers), 12, 72, edges.height, edges.height)
        manifest = model.Manifest("0.1.0", 1, "default", None, {})
        return PlanFolder(
            plan=model.Plan(
                status="feasible", method="prices", objective=1, bound=1.0, gap=0.0, seconds=0.0, cpu_seconds=0.0,
                peak_rss_mb=0.0, counts=counts, rules=(), refused={}, manifest=manifest, notes=(),
            ),
            workers=workers,
            vacancies=vacancies,
            edges=edges,
            partnerships=(self.agreement,),
            taxonomy=pack.load("core"),
            settings={},
            placements=placements,
            unfilled=pl.DataFrame(schema=plan_folder.UNFILLED),
            unplaced=pl.DataFrame(schema=plan_folder.UNPLACED),
            certificate=pl.DataFrame(schema=plan_folder.CERTIFICATE),
        )  # fmt: skip

    @property
    def context(self) -> Context:
        return Context(tuple(sorted(self.figures, key=lambda one: one.rank, reverse=True)))

    def find(self, item: str, row: Row, payer: str = "") -> Figure | None:
        """The figure with most filled fields that means the row, the longest occupation among as many."""
        meant = [
            one
            for one in self.figures
            if (one.item, one.payer) == (item, payer)
            and all(
                str(row[name] or "").startswith(code) if name == "isco" else row[name] == code
                for name, code in one.where.items()
            )
        ]
        return max(meant, key=lambda one: (len(one.where), len(one.where.get("isco", ""))), default=None)

    def joined(self) -> list[Row]:
        return [
            self.vacancies[v] | {"partnership": "p", "origin": self.workers[w]["origin"], "worker": self.workers[w]}
            for w, v in self.pairs
        ]


def frame(rows: list[Row], schema: dict[str, pl.DataType]) -> pl.DataFrame:
    return tables.conform(pl.DataFrame(rows, schema={name: schema[name] for name in schema if name in rows[0]}), schema)


class Slow:
    """One placement's money, item by item."""

    def __init__(self, world: World, row: Row) -> None:
        self.world, self.row = world, row
        self.currency = str(row["currency"])
        first, last = row["start"], row["end"]
        assert isinstance(first, date)
        assert isinstance(last, date)
        self.days = (last - first).days + 1
        self.months = self.days / (365.25 / 12)
        paid = None if row["wage"] is None else int(str(row["wage"])) / 10.0 ** MINOR[self.currency]
        hours = None if row["hours_week"] is None else float(str(row["hours_week"]))
        self.month = None if paid is None or hours is None else paid * hours * 52 / 12
        self.season = None if paid is None or hours is None else paid * hours * self.days / 7
        self.kept = self.plain("deductions")

    def plain(self, item: str) -> float | None:
        one = self.world.find(item, self.row)
        return None if one is None else one.value

    def dollars(self, item: str, payer: str = "") -> float | None:
        one = self.world.find(item, self.row, payer)
        return None if one is None else one.value / PER_USD[one.currency]

    @property
    def borne(self) -> dict[str, float]:
        """The worker's costs in the vacancy's currency."""
        said = dict(part.split(":") for part in str(self.row["facts"] or "").split(";") if part)
        told = {k.removeprefix("worker_pays_"): float(v) for k, v in said.items() if k.startswith("worker_pays_")}
        if "any" in told:
            return {"any": told["any"]}
        known = {
            item: amount * PER_USD[self.currency]
            for item in ("airfare", "visa", "recruitment")
            if (amount := self.dollars(item, "worker")) is not None
        }
        return known | told

    @property
    def net_month(self) -> float | None:
        return None if self.month is None or self.kept is None else self.month * (1 - self.kept)

    @property
    def rci(self) -> float | None:
        if not self.borne or self.month is None or self.season is None:
            return None
        return sum(self.borne.values()) / min(self.month, self.season)

    @property
    def net_gain(self) -> float | None:
        living = self.dollars("living")
        if self.season is None or self.kept is None or not self.borne or living is None:
            return None
        extra = living * PER_USD[self.currency] * self.months
        return self.season * (1 - self.kept) - sum(self.borne.values()) - extra

    @property
    def cost(self) -> float | None:
        others = [self.dollars("airfare", "employer"), self.dollars("administration", "public")]
        known = [one for one in others if one is not None]
        return sum(self.borne.values()) / PER_USD[self.currency] + sum(known) if self.borne and known else None

    @property
    def sent(self) -> float | None:
        share = self.plain("remitted")
        if self.net_month is None or share is None:
            return None
        return self.net_month / PER_USD[self.currency] * self.months * share

    @property
    def slack(self) -> int | None:
        first, applied, processing = self.row["start"], self.row["applied_on"], self.plain("processing")
        if not isinstance(first, date) or not isinstance(applied, date):
            return None
        return (first - applied).days - (30 if processing is None else int(processing))


def known(values: list[float | None]) -> list[float]:
    return [one for one in values if one is not None]


def slow(world: World) -> dict[str, float | None]:
    rows = world.joined()
    each = [Slow(world, row) for row in rows]
    home = [
        (one.net_month / PER_USD[one.currency], pay)
        for one in each
        if one.net_month is not None and (pay := one.dollars("home_pay")) is not None
    ]
    equal = []
    for one in each:
        here_paid = world.find("home_pay", one.row)
        there = next(
            (f for f in world.figures if f.item == "ppp" and f.where == {"destination": one.row["destination"]}), None
        )
        here = next((f for f in world.figures if f.item == "ppp" and f.where == {"origin": one.row["origin"]}), None)
        if one.net_month is not None and here_paid and there and here:
            equal.append((one.net_month / there.value, here_paid.value / here.value))
    rci, fees = known([one.rci for one in each]), [one.borne for one in each]
    stated = [paid.get("recruitment", paid.get("any")) for paid in fees]
    fee = known(stated)
    costs, sent, slack = (known([getattr(one, name) for one in each]) for name in ("cost", "sent", "slack"))
    out = active = 0.0
    stocks = [(f.where["origin"], f.where["isco"], f) for f in world.figures if f.item == "stock"]
    for origin, isco, stock in stocks:
        gone = sum(r["origin"] == origin and str(r["worker"]["isco"] or "").startswith(isco) for r in rows)  # type: ignore[index]
        back = sum(f.value for f in world.figures if f.item == "returned" and f.where == stock.where)
        out, active = out + gone - back, active + stock.value
    out += sum(r["origin"] == "WS" and str(r["worker"]["isco"] or "").startswith("53") for r in rows) - 3  # type: ignore[index]
    active += 40
    away = sum(track(row) != "home" for row in rows)

    def premium(pairs: list[tuple[float, float]]) -> float | None:
        return statistics.median(a for a, _ in pairs) / statistics.median(b for _, b in pairs) if pairs else None

    def of(values: list[float], measure: Callable[[list[float]], float]) -> float | None:
        return measure(values) if values else None

    return {
        "wage_premium": premium(home),
        "wage_premium_ppp": premium(equal),
        "rci_seasonal": of(rci, statistics.fmean),
        "rci_median": of(rci, statistics.median),
        "rci_above_one": of([one > 1 for one in rci], statistics.fmean),
        "fee_compliance": of([one == 0 for one in fee], statistics.fmean),
        "cost_per_placement": of(costs, statistics.fmean),
        "remittances": of(sent, math.fsum),
        "lead_time_slack": of(slack, statistics.median),
        "brain_drain_index": out / active,
        "training_ratio": 7 / away if away else None,
        "quota_exhaustion": used_up(rows),
    }


def track(row: Row) -> str | None:
    """What the vacancy says, else the worker."""
    for facts in (row["facts"], row["worker"]["facts"]):  # type: ignore[index]
        for part in str(facts or "").split(";"):
            if part.startswith("track:"):
                return part.removeprefix("track:")
    return None


def used_up(rows: list[Row]) -> float | None:
    """Days to the first use-up of the agreement's 12 visas an origin, its guard of 23 of WS and its 7 seats."""
    starts = [row["start"] for row in rows]
    first = min(starts)  # type: ignore[type-var]
    places = [([r for r in rows if r["origin"] == origin], 12) for origin in ("WS", "TO")]
    carers = [
        r
        for r in rows
        if r["origin"] == "WS" and any(str(isco or "").startswith("53") for isco in (r["worker"]["isco"], r["isco"]))  # type: ignore[index]
    ]
    found = []
    at_home = [r for r in rows if track(r) != "away"]  # who says none counts in both
    for users, limit in [*places, (carers, 23), (at_home, 7)]:
        on = sorted((row["start"] - first).days for row in users)  # type: ignore[operator]
        if len(on) < 5:
            continue
        weekly = len(on) / max(1.0, (on[-1] - min(0, on[0]) + 1) / 7)
        found.append(on[limit - 1] if len(on) >= limit else on[-1] + 7 * (limit - len(on)) / weekly)
    return min((days for days in found if days <= 366), default=None)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_every_figure_of_accounts_equals_a_slow_recomputation(seed: int) -> None:
    world = World(seed)
    fast = compute(accounts_of(world.folder, world.context, RATES), among=ACCOUNTS, threshold=1)
    expected = slow(world)
    assert set(expected) == set(ACCOUNTS) - {"net_gain"}
    for name, value in expected.items():
        got = fast.filter(pl.col("indicator") == name)["value"].to_list()
        assert got in ([pytest.approx(value)] if value is not None else [None], []), name
        assert got or value is None, name


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_the_net_gain_is_told_by_currency_and_by_group(seed: int) -> None:
    world = World(seed)
    accounts = accounts_of(world.folder, world.context, RATES)
    table = compute(accounts, [(), ("origin",)], among=ACCOUNTS, only=["net_gain"], threshold=1)
    gains: dict[tuple[str | None, str], list[float]] = {}
    for row in world.joined():
        one = Slow(world, row)
        if one.net_gain is not None:
            for origin in (None, str(row["origin"])):
                gains.setdefault((origin, one.currency), []).append(one.net_gain)
    got = {(origin, currency): value for origin, currency, value in table.select("origin", "currency", "value").rows()}
    assert got == {key: pytest.approx(statistics.median(values)) for key, values in gains.items()}


def test_few_people_are_hidden_and_nothing_stated_is_told_of_nobody() -> None:
    world = World(3)
    table = compute(accounts_of(world.folder, world.context, RATES), [(), ("isco",)], among=ACCOUNTS)
    assert not table.filter((pl.col("count") > 0) & (pl.col("count") < 5) & pl.col("value").is_not_null()).height
    nothing = [row | {"facts": None, "applied_on": None} for row in world.vacancies]
    world.vacancies, world.figures = nothing, []
    world.agreement = agreement("")
    bare = compute(accounts_of(world._folder(), Context(), RATES), among=ACCOUNTS)
    assert bare["value"].null_count() == bare.height


def written(path: Path, *lines: str) -> Path:
    path.write_text("\n".join([",".join(COLUMNS), *lines]) + "\n", encoding="utf-8")
    return path


def test_the_most_special_figure_holds(tmp_path: Path) -> None:
    file = written(
        tmp_path / "c.csv",
        "deductions,,,,,,0.1,,assumed",
        "deductions,,,NZ,,,0.2,,tax table",
        "deductions,,WS,NZ,,,0.3,,tax table",
        "home_pay,,WS,,,9,450,WST,survey",
        "home_pay,,WS,,,9211,500,WST,survey",
    )
    found = read_context(file, RATES)
    about = {"origin": "WS", "destination": "NZ", "partnership": "p", "isco": "9211"}
    told = [found.find("deductions", about | changed) for changed in ({}, {"origin": "TO"}, {"destination": "KR"})]
    assert [one.value for one in told if one] == [0.3, 0.2, 0.1]
    pay = [found.find("home_pay", about | {"isco": isco}) for isco in ("9211", "9212", "6112")]
    assert [one and one.value for one in pay] == [500, 450, None]


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("bonus,,,,,,5,,assumed", "line 2: item: 'bonus'"),
        ("airfare,,,,,,5,USD,assumed", "line 2: payer: ''"),
        ("deductions,worker,,,,,0.1,,assumed", "payer: 'worker'; expected none for deductions"),
        ("deductions,,,,,,1.5,,assumed", "value: 1.5; expected 0 to 1"),
        ("deductions,,,,,,-0.5,,assumed", "value: -0.5"),
        ("living,,,,,,nan,USD,assumed", "value: nan"),
        ("living,,,,,,ten,USD,assumed", "value: 'ten'; expected a number"),
        ("living,,,,,,10,XXX,assumed", "currency: 'XXX'"),
        ("deductions,,,,,,0.1,USD,assumed", "currency: 'USD'; expected none"),
        ("living,,ZZ,,,,10,USD,assumed", "origin: 'ZZ'"),
        ("living,,,,,92x,10,USD,assumed", "isco: '92x'"),
        ("living,,,,,,10,USD,", "basis: missing"),
        ("stock,,,,,53,10,,assumed", "origin: missing"),
        ("stock,,WS,NZ,,53,10,,assumed", "destination, partnership: given"),
        ("stock,,WS,,,53,0,,assumed", "value: 0; expected above 0"),
        ("stock,,WS,,,53,1.5,,assumed", "value: 1.5; expected a whole number"),
        ("ppp,,WS,NZ,,,1,NZD,assumed", "origin, destination: both or neither"),
    ],
)
def test_a_figure_that_cannot_be_used_is_refused_by_line_and_column(tmp_path: Path, line: str, fault: str) -> None:
    with pytest.raises(BadInputs) as caught:
        read_context(written(tmp_path / "c.csv", line), RATES)
    assert fault in str(caught.value)


def test_a_figure_given_twice_and_another_table_are_refused(tmp_path: Path) -> None:
    line = "living,,,NZ,,,10,USD,assumed"
    with pytest.raises(BadInputs, match="line 3: says what line 2 says"):
        read_context(written(tmp_path / "c.csv", line, line), RATES)
    (tmp_path / "d.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(BadInput, match="columns item"):
        read_context(tmp_path / "d.csv", RATES)
