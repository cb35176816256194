"""What a season brings and costs: pay against home, fees, costs, money sent home, lead times, loss of a profession.

`ACCOUNTS` lists the indicators as `INDICATORS` lists those of the plan alone; :func:`skillbridge.indicators.compute`
slices and protects both. They need what vacancies and agreements say besides (`worker_pays_...`, lead times, stocks),
or figures from beside the plan (:mod:`skillbridge.indicators.context`); without either a population is empty.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl
from scipy import sparse

from skillbridge.indicators import Indicator
from skillbridge.indicators.context import COSTS, Context
from skillbridge.indicators.facts import Facts, folder_facts
from skillbridge.indicators.measures import grouped, share
from skillbridge.partnerships.cases import number, parse_facts
from skillbridge.partnerships.dates import plus
from skillbridge.partnerships.partnership import Partnership
from skillbridge.partnerships.rows import compile_rows
from skillbridge.partnerships.rules.employers import TimingRule
from skillbridge.partnerships.rules.origins import BrainDrainRule, TrainingRule
from skillbridge.partnerships.rules.quota import QuotaRule
from skillbridge.plan_folder import PlanFolder
from skillbridge.privacy import THRESHOLD
from skillbridge.rates import Rates

DAYS_A_MONTH = 365.25 / 12
WEEKS_A_MONTH = 52 / 12
YEAR = 366
"""Days within which a place counts as used up."""
_PAYS = "worker_pays_"
_WORKER = ("origin", "sex", "age_band", "entry")
_BOTH = ("partnership", *_WORKER, "destination", "sector", "isco", "month")


@dataclass(frozen=True)
class Accounts:
    """`placements` of the facts with, where it is known (else null): `gross` and `net` pay of the season, `first` pay
    of its first month, `paid` by the worker, `living` costs more than at home, all in the vacancy's currency; in US
    dollars `net_month`, `home_month`, `cost` borne by all, `sent` home; `there_ppp` and `home_ppp`, the two pays a
    month in international dollars; `fee`, the worker's recruitment cost; `slack` in days.

    `stocks`: a row an origin and occupation, with `active`, `returned`, `trained` and `placed`. `tracks`: a row a
    placement of an agreement that trains for home too, with the people its seats `trained` for home. `caps`: a row
    a place of an agreement, with `days` from the first start of the season to when it is used up.
    """

    placements: pl.DataFrame
    stocks: pl.DataFrame
    tracks: pl.DataFrame
    caps: pl.DataFrame


def accounts_of(folder: PlanFolder, context: Context, rates: Rates) -> Accounts:
    """The accounts of a plan's folder."""
    found = folder_facts(folder)
    placements = _priced(found.placements, folder, context, rates)
    return Accounts(
        placements,
        _stocks(found, folder.partnerships, context),
        _tracks(found.placements, folder),
        _caps(folder),
    )


def _priced(placements: pl.DataFrame, folder: PlanFolder, context: Context, rates: Rates) -> pl.DataFrame:
    jobs = folder.vacancies.select("vacancy_id", "applied_on", job_facts="facts")
    joined = placements.join(jobs, on="vacancy_id", how="left", maintain_order="left")
    keys = ["origin", "destination", "partnership", "isco", "currency", "job_facts"]
    kinds = joined.select(keys).unique(maintain_order=True)
    told = pl.DataFrame([_told(row, context, rates) for row in kinds.iter_rows(named=True)], schema=_TOLD)
    both = joined.join(
        pl.concat([kinds, told], how="horizontal"), on=keys, how="left", nulls_equal=True, maintain_order="left"
    )
    days = (pl.col("end") - pl.col("start")).dt.total_days() + 1
    month = pl.col("pay") * pl.col("hours_week") * WEEKS_A_MONTH
    both = both.with_columns(
        months=days / DAYS_A_MONTH, gross_month=month, gross=pl.col("pay") * pl.col("hours_week") * pl.col("weeks")
    )
    kept = 1 - pl.col("deductions")
    both = both.with_columns(
        net=pl.col("gross") * kept,
        first=pl.min_horizontal("gross_month", "gross"),
        living=pl.col("living_month") * pl.col("months"),
        net_month=month * kept / pl.col("per_usd"),
    )
    return both.with_columns(
        there_ppp=month * kept / pl.col("prices_there"),
        sent=pl.col("net_month") * pl.col("months") * pl.col("remitted"),
        cost=(pl.col("paid") / pl.col("per_usd")) + pl.col("others_usd"),
        slack=_slack(both, folder.partnerships),
    )


_TOLD = dict.fromkeys(
    (
        "per_usd", "deductions", "remitted", "living_month", "paid", "fee", "others_usd", "home_month", "home_ppp",
        "prices_there", "processing",
    ),
    pl.Float64(),
)  # fmt: skip


def _told(about: dict[str, str], context: Context, rates: Rates) -> dict[str, float | None]:
    """What is known of placements alike, by the columns of _TOLD; money of the worker in the vacancy's currency."""
    per_usd = rates.per_usd.get(about["currency"] or "")

    def dollars(item: str, payer: str = "") -> float | None:
        one = context.find(item, about, payer)
        return None if one is None else one.value / rates.per_usd[one.currency]

    def own(item: str, payer: str = "") -> float | None:
        amount = dollars(item, payer)
        return None if amount is None or per_usd is None else amount * per_usd

    def plain(item: str) -> float | None:
        one = context.find(item, about)
        return None if one is None else one.value

    borne = _borne({name: known for name in COSTS if (known := own(name, "worker")) is not None}, about["job_facts"])
    others = [
        known for payer in ("employer", "public") for name in COSTS if (known := dollars(name, payer)) is not None
    ]
    home, there = (context.find("ppp", {side: about[side]}) for side in ("origin", "destination"))
    pay = context.find("home_pay", about)
    same = pay is not None and home is not None and pay.currency == home.currency
    return {
        "per_usd": per_usd,
        "deductions": plain("deductions"),
        "remitted": plain("remitted"),
        "living_month": own("living"),
        "paid": sum(borne.values()) if borne else None,
        "fee": borne.get("recruitment", borne.get("any")),
        "others_usd": sum(others) if others else None,
        "home_month": dollars("home_pay"),
        "home_ppp": pay.value / home.value if pay and home and same else None,
        "prices_there": there.value if there and there.currency == about["currency"] else None,
        "processing": plain("processing"),
    }


def _borne(known: dict[str, float], facts: str | None) -> dict[str, float]:
    """What the worker pays by item: what the vacancy says before what the context says; `any` is all of it."""
    said = {
        name.removeprefix(_PAYS): paid
        for name, text in parse_facts(facts).items()
        if name.startswith(_PAYS) and (paid := number(text)) is not None and paid >= 0
    }
    return {"any": said["any"]} if "any" in said else known | said


def _slack(placements: pl.DataFrame, partnerships: Sequence[Partnership]) -> pl.Series:
    """Days from the earliest start that the application allows (processing, else the longest lead time of the
    agreement) to the start; null where the vacancy does not say when it was applied for, or no time is known."""
    leads = {one.id: _leads(one) for one in partnerships}
    columns = placements.select("applied_on", "start", "partnership", "processing").rows()
    slack: list[int | None] = []
    for applied, start, partnership, processing in columns:
        lead = leads.get(partnership, [])
        if applied is None or (processing is None and not lead):
            slack.append(None)
        elif processing is not None:
            slack.append((start - applied).days - int(processing))
        else:
            slack.append((start - max(plus(applied, one) for one in lead)).days)
    return pl.Series("slack", slack, dtype=pl.Int64)


def _leads(one: Partnership) -> list[str]:
    return [rule.lead_time for rule in one.binding if isinstance(rule, TimingRule) and rule.lead_time]


_STOCKS = {
    "origin": pl.String(),
    "isco": pl.String(),
    "active": pl.Int64(),
    "returned": pl.Int64(),
    "trained": pl.Int64(),
    "placed": pl.Int64(),
}


def _stocks(found: Facts, partnerships: Sequence[Partnership], context: Context) -> pl.DataFrame:
    """Stocks of the context, then of the agreements; of those of one origin that share an occupation the first."""
    rows: list[tuple[str, tuple[str, ...], int, int, int]] = []

    def add(origin: str, prefixes: tuple[str, ...], *heads: int) -> None:
        shared = any(
            a.startswith(b) or b.startswith(a)
            for known, others, *_ in rows
            if known == origin
            for a in others
            for b in prefixes
        )
        if not shared:
            rows.append((origin, prefixes, heads[0], heads[1], heads[2]))

    for one in sorted(context.figures, key=lambda figure: figure.rank):
        if one.item == "stock":
            heads = [_heads(context, item, one.where) for item in ("returned", "trained")]
            add(one.where["origin"], (one.where.get("isco", ""),), int(one.value), *heads)
    for agreement in partnerships:
        for rule in agreement.binding:
            if isinstance(rule, BrainDrainRule):
                for stock in rule.stock:
                    if stock.active > 0:
                        add(stock.origin, rule.occ or ("",), stock.active, stock.returned, stock.trained)
    placed = found.placements.group_by("origin", pl.col("worker_isco").fill_null("")).len().rows()
    made = [
        (
            origin,
            ";".join(prefixes),
            active,
            returned,
            trained,
            sum(heads for home, isco, heads in placed if home == origin and isco.startswith(prefixes)),
        )
        for origin, prefixes, active, returned, trained in rows
    ]
    return pl.DataFrame(made, schema=_STOCKS, orient="row")


def _heads(context: Context, item: str, where: dict[str, str]) -> int:
    """The heads stated for exactly this origin and occupation; 0 where none are."""
    return next((int(one.value) for one in context.figures if one.item == item and one.where == where), 0)


def _tracks(placements: pl.DataFrame, folder: PlanFolder) -> pl.DataFrame:
    """partnership, away (whether the placement is of the away track), trained (for home, on all its rows alike)."""
    home = {
        one.id: sum(
            int(rule.seats * rule.pass_rate)
            for rule in one.binding
            if isinstance(rule, TrainingRule) and rule.track == "home" and rule.seats
        )
        for one in folder.partnerships
    }
    people = folder.workers.select("worker_id", own_facts="facts")
    jobs = folder.vacancies.select("vacancy_id", job_facts="facts")
    rows = (
        placements.filter(pl.col("partnership").is_in([name for name, seats in home.items() if seats]))
        .select("worker_id", "vacancy_id", "partnership")
        .join(people, on="worker_id", how="left", maintain_order="left")
        .join(jobs, on="vacancy_id", how="left", maintain_order="left")
    )
    told = [
        (parse_facts(job).get("track"), parse_facts(own).get("track"))
        for job, own in rows.select("job_facts", "own_facts").rows()
    ]
    return rows.select(
        "partnership",
        away=pl.Series([(job or own or "away") != "home" for job, own in told], dtype=pl.Boolean),
        trained=pl.col("partnership").replace_strict(home, return_dtype=pl.Int64, default=0),
    )


def _caps(folder: PlanFolder) -> pl.DataFrame:
    """partnership, days: of every place of an agreement that placements use over time, how long after the first start
    it is used up, at the mean weekly use where that is after the last start; places used by few people are left out."""
    schema = {"partnership": pl.String, "rule": pl.String, "row": pl.String, "days": pl.Float64, "limit": pl.Int64}
    if folder.placements.is_empty():
        return pl.DataFrame(schema=schema)
    named = folder.edges.select("worker", "vacancy", "start", "end", "pathway").with_columns(
        worker_id=folder.workers["worker_id"].gather(folder.edges["worker"]),
        vacancy_id=folder.vacancies["vacancy_id"].gather(folder.edges["vacancy"]),
    )
    keys = ["worker_id", "vacancy_id", "start", "end"]
    chosen = named.join(folder.placements.select(keys), on=keys, how="semi", maintain_order="left")
    rows = compile_rows(chosen, folder.workers, folder.vacancies, folder.partnerships)
    first = chosen["start"].min()
    assert isinstance(first, date)
    day = (chosen["start"] - first).dt.total_days().to_numpy()
    counted = set(_over_time(folder.partnerships))
    of_cells, of_vacancies = rows.cell_rows.tocsc(), rows.vacancy_rows.tocsc()
    vacancy = chosen["vacancy"].to_numpy()
    made = []
    for number_, ref in enumerate(rows.refs):
        limit = int(rows.limit[number_])
        if (ref.partnership, ref.rule) not in counted or limit <= 0:
            continue
        use = _column(of_cells, number_)[rows.cell] + _column(of_vacancies, number_)[vacancy]
        if use.min(initial=0) < 0 or use.sum() < THRESHOLD:
            continue
        made.append((ref.partnership, ref.rule, ref.label, _used_up(day, use, limit), limit))
    return pl.DataFrame(made, schema=schema, orient="row")


def _column(matrix: sparse.csc_array, number_: int) -> np.ndarray:
    return np.asarray(matrix[:, [number_]].toarray()).ravel()


def _over_time(partnerships: Sequence[Partnership]) -> Iterator[tuple[str, str]]:
    """Rules whose places, once taken, stay taken: not those that count who is present, nor rolling windows."""
    for one in partnerships:
        for rule in one.binding:
            if (
                (
                    isinstance(rule, QuotaRule)
                    and rule.count != "stock"
                    and not (rule.period and rule.period.kind == "rolling")
                )
                or (isinstance(rule, BrainDrainRule) and rule.mode == "cap")
                or isinstance(rule, TrainingRule)
            ):
                yield one.id, rule.id


def _used_up(day: np.ndarray, use: np.ndarray, limit: int) -> float:
    """Days from day 0 to the one on which `use` reaches the limit, or would at its mean a week."""
    days, at = np.unique(day, return_inverse=True)
    total = np.cumsum(np.bincount(at, weights=use))
    full = np.flatnonzero(total >= limit)
    if len(full):
        return float(days[full[0]])
    weekly = total[-1] / max(1.0, (days[-1] - days[0] + 1) / 7)
    return float(days[-1] + 7 * (limit - total[-1]) / weekly)


def wage_premium(found: Accounts, by: Sequence[str] = ()) -> pl.DataFrame:
    return _against_home(found, by, "net_month", "home_month")


def wage_premium_ppp(found: Accounts, by: Sequence[str] = ()) -> pl.DataFrame:
    return _against_home(found, by, "there_ppp", "home_ppp")


def _against_home(found: Accounts, by: Sequence[str], there: str, home: str) -> pl.DataFrame:
    known = found.placements.filter(pl.col(there).is_not_null() & (pl.col(home) > 0))
    value = pl.col(there).median() / pl.col(home).median()
    return grouped(known, by, value=value, count=pl.len().cast(pl.Int64))


def net_gain(found: Accounts, by: Sequence[str] = ()) -> pl.DataFrame:
    """By currency always."""
    gain = pl.col("net") - pl.col("paid") - pl.col("living")
    known = found.placements.with_columns(gain=gain).filter(pl.col("gain").is_not_null())
    by = [*by, *([] if "currency" in by else ["currency"])]
    return grouped(known, by, value=pl.col("gain").median(), count=pl.len().cast(pl.Int64))


def _rci(found: Accounts) -> pl.DataFrame:
    """Placements of which the worker's costs and the first pay are known, with their ratio."""
    return found.placements.filter(pl.col("paid").is_not_null() & (pl.col("first") > 0)).with_columns(
        rci=pl.col("paid") / pl.col("first")
    )


def rci_seasonal(found: Accounts, by: Sequence[str] = ()) -> pl.DataFrame:
    return grouped(_rci(found), by, value=pl.col("rci").mean(), count=pl.len().cast(pl.Int64))


def rci_median(found: Accounts, by: Sequence[str] = ()) -> pl.DataFrame:
    return grouped(_rci(found), by, value=pl.col("rci").median(), count=pl.len().cast(pl.Int64))


def rci_above_one(found: Accounts, by: Sequence[str] = ()) -> pl.DataFrame:
    return share(_rci(found), by, (pl.col("rci") > 1).sum(), pl.len())


def fee_compliance(found: Accounts, by: Sequence[str] = ()) -> pl.DataFrame:
    return share(found.placements.filter(pl.col("fee").is_not_null()), by, (pl.col("fee") == 0).sum(), pl.len())


def cost_per_placement(found: Accounts, by: Sequence[str] = ()) -> pl.DataFrame:
    known = found.placements.filter(pl.col("cost").is_not_null())
    return grouped(known, by, value=pl.col("cost").mean(), count=pl.len().cast(pl.Int64))


def remittances(found: Accounts, by: Sequence[str] = ()) -> pl.DataFrame:
    known = found.placements.filter(pl.col("sent").is_not_null())
    count = pl.len().cast(pl.Int64)
    return grouped(known, by, value=pl.when(pl.len() > 0).then(pl.col("sent").sum()), count=count)


def lead_time_slack(found: Accounts, by: Sequence[str] = ()) -> pl.DataFrame:
    known = found.placements.filter(pl.col("slack").is_not_null())
    return grouped(known, by, value=pl.col("slack").median(), count=pl.len().cast(pl.Int64))


def brain_drain_index(found: Accounts, by: Sequence[str] = ()) -> pl.DataFrame:
    out = (pl.col("placed") - pl.col("returned") - pl.col("trained")).sum()
    value = pl.when(pl.col("active").sum() > 0).then(out / pl.col("active").sum())
    return grouped(found.stocks, by, value=value, count=pl.col("placed").sum())


def training_ratio(found: Accounts, by: Sequence[str] = ()) -> pl.DataFrame:
    each = found.tracks.group_by("partnership").agg(pl.col("away").sum().cast(pl.Int64), pl.col("trained").first())
    value = pl.when(pl.col("away").sum() > 0).then(pl.col("trained").sum() / pl.col("away").sum())
    return grouped(each, by, value=value, count=pl.col("away").sum())


def quota_exhaustion(found: Accounts, by: Sequence[str] = ()) -> pl.DataFrame:
    """Null where none is used up within a year: a season's mean use says nothing of later ones."""
    days = pl.col("days").filter(pl.col("days") <= YEAR).min()
    return grouped(found.caps, by, value=days, count=pl.col("limit").sum())


_PLAN = "the plan's placements, workers and vacancies"
_BESIDE = f"{_PLAN}; figures from beside the plan"
_WELL_BEING = ("MiGOF O1", "MGI 4")
_PARTNERSHIPS = ("MiGOF P3", "MGI 3")
ACCOUNTS: dict[str, Indicator] = {
    one.id: one
    for one in (
        Indicator(
            "wage_premium",
            "Wage premium",
            "median net pay a month there / median pay a month at home in the same occupation",
            "times",
            "placements with stated pay and hours, deductions and pay at home",
            _BESIDE,
            _BOTH,
            wage_premium,
            kind="assumed",
            frameworks=("GCM 20", *_WELL_BEING),
            caution="at exchange rates",
        ),
        Indicator(
            "wage_premium_ppp",
            "Wage premium at purchasing power",
            "the same in international dollars",
            "times",
            "the same, with purchasing powers of both countries",
            _BESIDE,
            _BOTH,
            wage_premium_ppp,
            kind="assumed",
            frameworks=("GCM 20", *_WELL_BEING),
        ),
        Indicator(
            "net_gain",
            "Net gain a season",
            "median of gross pay - deductions - costs the worker pays - extra cost of living",
            "currency a season",
            "placements of which all four are known",
            _BESIDE,
            (*_BOTH, "currency"),
            net_gain,
            kind="assumed",
            frameworks=("SDG 8.8", "GCM 20", *_WELL_BEING),
            caution="offered hours in full",
        ),
        Indicator(
            "rci_seasonal",
            "Recruitment cost indicator, seasonal",
            "mean of costs the worker pays / pay of the first month",
            "months of pay",
            "placements with stated pay, hours and costs of the worker",
            _BESIDE,
            _BOTH,
            rci_seasonal,
            kind="assumed",
            frameworks=("SDG 10.7", "GCM 6", *_WELL_BEING),
            caution="not the official SDG 10.7.1, which leaves out workers who keep their usual residence",
        ),
        Indicator(
            "rci_median",
            "Recruitment cost indicator, seasonal, median",
            "median of the same",
            "months of pay",
            "the same",
            _BESIDE,
            _BOTH,
            rci_median,
            kind="assumed",
            frameworks=("SDG 10.7", "GCM 6", *_WELL_BEING),
            caution="not the official SDG 10.7.1",
        ),
        Indicator(
            "rci_above_one",
            "Costs above a month's pay",
            "placements with costs of the worker above the pay of the first month / placements",
            "share",
            "the same",
            _BESIDE,
            _BOTH,
            rci_above_one,
            kind="assumed",
            frameworks=("SDG 10.7", "GCM 6", *_WELL_BEING),
            caution="not the official SDG 10.7.1",
        ),
        Indicator(
            "fee_compliance",
            "Fee compliance",
            "placements without a recruitment cost for the worker / placements",
            "share",
            "placements of which it is stated",
            _BESIDE,
            _BOTH,
            fee_compliance,
            kind="assumed",
            frameworks=("SDG 8.8", "GCM 6", "MiGOF P1", "MGI 1"),
            caution="as stated, not as inspected",
        ),
        Indicator(
            "cost_per_placement",
            "Cost per placement",
            "mean of costs borne by worker, employer and public",
            "US dollars",
            "placements of which the worker's and others' costs are known",
            _BESIDE,
            _BOTH,
            cost_per_placement,
            kind="assumed",
            frameworks=("GCM 5", *_PARTNERSHIPS),
            caution="for each placed, not each arrived",
        ),
        Indicator(
            "remittances",
            "Remittances",
            "sum of months x net pay a month x share sent home",
            "US dollars",
            "placements with stated pay, hours, deductions and share sent home",
            _BESIDE,
            _BOTH,
            remittances,
            kind="assumed",
            frameworks=("GCM 20", "GCM 21", *_WELL_BEING),
            caution="at exchange rates, offered hours in full",
        ),
        Indicator(
            "lead_time_slack",
            "Lead-time slack",
            "median of start - earliest start that the application allows",
            "days",
            "placements of vacancies that say when they were applied for, with a lead or processing time",
            f"{_BESIDE}; lead times of the agreements",
            _BOTH,
            lead_time_slack,
            frameworks=("GCM 5", "MiGOF O3", "MGI 6"),
        ),
        Indicator(
            "brain_drain_index",
            "Brain-drain index",
            "(placed - returned - newly trained) / active in the occupation",
            "share of the stock",
            "placements from origins and occupations with a stated stock",
            f"{_BESIDE}; stocks stated by the agreements",
            ("origin",),
            brain_drain_index,
            kind="assumed",
            frameworks=("GCM 18", "GCM 23", *_PARTNERSHIPS),
        ),
        Indicator(
            "training_ratio",
            "Training ratio",
            "people trained for home / placed of the away track",
            "people for each placed",
            "placements under agreements that train for home too",
            f"{_PLAN}; the agreements' seats and pass rates",
            ("partnership",),
            training_ratio,
            kind="assumed",
            frameworks=("GCM 18", "GCM 23", *_PARTNERSHIPS),
        ),
        Indicator(
            "quota_exhaustion",
            "First quota used up",
            "least over places of days, within a year, from the first start of the season to the one that uses them up",
            "days",
            "places of agreements, used by five people or more",
            f"{_PLAN}; the agreements",
            ("partnership",),
            quota_exhaustion,
            kind="assumed",
            frameworks=("GCM 5", *_PARTNERSHIPS),
            caution="after the last start at the mean weekly use",
            of_people=False,
        ),
    )
}
"""Every indicator of accounts, by id."""
