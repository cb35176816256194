"""The agreements' stay rules, and how long people want to be away, as the tables that chains are searched with.

Only rules that ask for a person's history matter here: a rule that judges one stay alone has already pruned the edges.
A past season known by year only is left out: what it says of a single stay has pruned the edges too, and the judge of
the finished plan asks it again.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from skillbridge.matching.stays import StayRules, Stays
from skillbridge.partnerships.admission import coverage, pairs_hold
from skillbridge.partnerships.dates import Days, plus_days
from skillbridge.partnerships.partnership import Partnership
from skillbridge.partnerships.rules.length import StayRule
from skillbridge.partnerships.rules.people import MobilityRule
from skillbridge.partnerships.view import View
from skillbridge.wishes import YEAR
from skillbridge.wishes import read as read_wishes

_LONG = 40_000
"""Days: longer than any horizon."""


def stay_tables(
    edges: pl.DataFrame, workers: pl.DataFrame, vacancies: pl.DataFrame, partnerships: Sequence[Partnership]
) -> tuple[StayRules, npt.NDArray[np.int16], Stays]:
    """(the rules, the kind int16 of every edge, every worker's exact past stays in order of time)."""
    view = View(workers, vacancies)
    worker, vacancy = (edges[side].to_numpy().astype(np.int64) for side in ("worker", "vacancy"))
    pathway = edges["pathway"].to_numpy()
    rules = [
        (number, one, rule)
        for number, one in enumerate(partnerships)
        for rule in one.binding
        if rule.strictness == "hard"
        and ((isinstance(rule, StayRule) and rule.asks_history) or (isinstance(rule, MobilityRule) and rule.limits))
    ]
    wishes, of_worker = read_wishes(workers)
    aways = sorted({one.away for one in wishes if one.away})
    width = len(rules) + len(aways)
    bound = np.zeros((len(edges), width), dtype=np.bool_)
    for number, away in enumerate(aways, start=len(rules)):
        bound[:, number] = np.array([one.away == away for one in wishes])[of_worker[worker]]
    for column, (number, one, rule) in enumerate(rules):
        population = rule.population(view, one)
        mine = pathway == number
        if one.is_overlay:
            mine = pairs_hold(coverage(one, view), worker, vacancy)
        mine &= pairs_hold(population.include, worker, vacancy) & ~pairs_hold(population.exclude, worker, vacancy)
        bound[:, column] = mine
    ids = [one.id for one in partnerships]
    past = _exact_past(view)
    of_edges = pl.DataFrame(
        {
            "partnership": pl.Series(ids, dtype=pl.String).gather(edges["pathway"].cast(pl.UInt32)),
            "destination": vacancies["destination"].gather(edges["vacancy"]),
            "binds": pl.Series(["".join(map(str, row)) for row in bound.astype(int)], dtype=pl.String),
        }
    )
    of_past = past.select("partnership", "destination", binds=pl.lit("0" * width))
    kinds = pl.concat([of_edges, of_past]).unique(maintain_order=True).with_row_index("kind")
    kind = _numbered(of_edges, kinds)
    binds = np.array([[bit == "1" for bit in row] for row in kinds["binds"]], dtype=np.bool_).reshape(
        kinds.height, width
    )
    days = [edges["start"], edges["end"], past["start"], past["end"]]
    first = min((int(each.cast(pl.Int32).min()) for each in days if len(each)), default=0)  # type: ignore[arg-type]
    last = max((int(each.cast(pl.Int32).max()) for each in days if len(each)), default=0)  # type: ignore[arg-type]
    calendar = (np.arange(first, last + 1)).astype("datetime64[D]")
    lines = [_lines(rule, calendar) for _, _, rule in rules] + [_within(away, YEAR, calendar) for away in aways]
    everything = np.ones(kinds.height, dtype=np.bool_)
    counted = [_counted(kinds, one) for _, one, _ in rules] + [(everything, everything)] * len(aways)
    empty = np.zeros((0, len(calendar)), dtype=np.int32)
    of_rule = [number for number, some in enumerate(lines) for _ in some]
    parts = [part for some in lines for part in some]
    tables = {
        name: np.stack([part.get(name, np.zeros(len(calendar), dtype=np.int32)) for part in parts]) if parts else empty
        for name in ("most", "window", "gap", "career", "reset")
    }
    counts = np.array(
        [
            counted[number][1] if "elsewhere" in part else counted[number][0]
            for number, part in zip(of_rule, parts, strict=True)
        ],
        dtype=np.bool_,
    ).reshape(len(parts), kinds.height)
    rows = binds.T[of_rule] if parts else np.zeros((0, kinds.height), dtype=np.bool_)
    stays = _history(past.with_columns(kind=pl.Series(_numbered(of_past, kinds))), view, workers.height)
    return StayRules(np.ascontiguousarray(rows), counts, first, **tables), kind, stays


def _lines(rule: StayRule | MobilityRule, calendar: Days) -> list[dict[str, npt.NDArray[np.int32]]]:
    """The rule's terms as lines of tables: those that count this partnership's stays, and `elsewhere` the absence.

    Where changing employer is limited, a season follows another only after days enough to be a stay of its own.
    """
    if isinstance(rule, MobilityRule):
        return [{"gap": np.full(len(calendar), rule.grace + 1, dtype=np.int32)}]

    def before(duration: str) -> npt.NDArray[np.int32]:
        return np.asarray((calendar - plus_days(calendar, duration, -1)).astype(np.int64), dtype=np.int32)

    line: dict[str, npt.NDArray[np.int32]] = {}
    if rule.max and rule.window:
        line |= _within(rule.max, rule.window, calendar)[0]
    gap = np.zeros(len(calendar), dtype=np.int32)
    if rule.cooling_off:
        gap = before(rule.cooling_off)
    if rule.return_before_next:
        gap = np.maximum(gap, 1)
    if gap.any():
        line["gap"] = gap
    if rule.career_max:
        line["career"] = _length(rule.career_max, calendar)
        if rule.reset_after_absence:
            line["reset"] = before(rule.reset_after_absence)
    lines = [line] if line else []
    if rule.absence_before:
        lines.append({"gap": before(rule.absence_before), "elsewhere": np.ones(1, dtype=np.int32)})
    return lines


def _within(most: str, window: str, calendar: Days) -> list[dict[str, npt.NDArray[np.int32]]]:
    """The line that allows `most` in any `window`."""
    return [{"most": _length(most, calendar), "window": _length(window, calendar)}]


def _length(duration: str, calendar: Days) -> npt.NDArray[np.int32]:
    return np.asarray((plus_days(calendar, duration) - calendar).astype(np.int64), dtype=np.int32)


def _counted(kinds: pl.DataFrame, one: Partnership) -> tuple[npt.NDArray[np.bool_], ...]:
    """(kinds that the rule counts, those that its absence counts too): as `Case.seasons` and the stay rule's judge."""
    places = list(one.destination)
    there = pl.col("destination").is_in(places) if places else pl.lit(value=True)
    unnamed = pl.col("partnership").is_null() & (pl.col("destination").is_null() | there)
    own = kinds.select((pl.col("partnership").is_in(one.names).fill_null(value=False) | unnamed).alias("x"))["x"]
    other = kinds.select(
        (
            pl.col("partnership").is_not_null() & ~pl.col("partnership").is_in(one.names) & there.fill_null(value=False)
        ).alias("x")
    )["x"]
    return own.to_numpy(), (own | other).to_numpy()


def _exact_past(view: View) -> pl.DataFrame:
    """Seasons with exact dates of every distinct past text: past, start, end, partnership, destination."""
    return view.seasons.filter(pl.col("start").is_not_null() & pl.col("end").is_not_null()).select(
        "past", "start", "end", "partnership", "destination"
    )


def _numbered(frame: pl.DataFrame, kinds: pl.DataFrame) -> npt.NDArray[np.int16]:
    joined = frame.join(
        kinds, on=["partnership", "destination", "binds"], how="left", nulls_equal=True, maintain_order="left"
    )
    return joined["kind"].to_numpy().astype(np.int16)


def _history(past: pl.DataFrame, view: View, n: int) -> Stays:
    """The exact past stays of every worker; overlapping ones keep what comes after the one before."""
    _, codes = view.codes("worker", "past")
    people = pl.DataFrame({"worker": np.arange(n, dtype=np.int64), "past": codes})
    mine = people.join(past.cast({"past": people.schema["past"]}), on="past").sort("worker", "start", "end")
    reach = pl.col("end").cum_max().shift(1).over("worker")
    mine = mine.with_columns(start=pl.max_horizontal("start", reach + pl.duration(days=1))).filter(
        pl.col("start") <= pl.col("end")
    )
    indptr = np.searchsorted(mine["worker"].to_numpy(), np.arange(n + 1)).astype(np.int64)
    return Stays(
        indptr,
        mine["start"].cast(pl.Int32).to_numpy(),
        mine["end"].cast(pl.Int32).to_numpy(),
        mine["kind"].to_numpy().astype(np.int16),
    )
