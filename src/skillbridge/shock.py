"""A shock supposed on a plan: the changes it stands for, the repair, and who is hit.

There is no engine of its own: a shock is a change file (`changes`), its plan a repair (`replan`). The supposition, the
repaired plan and the counts stay together in one folder.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import msgspec
import polars as pl

from skillbridge import plan_folder
from skillbridge.changes import Change, ChangeFile, ChangeRule, Shrink, Suspend
from skillbridge.errors import BadInput
from skillbridge.indicators.facts import folder_facts
from skillbridge.partnerships.partnership import Partnership
from skillbridge.partnerships.rules.quota import QuotaRule
from skillbridge.pipeline import Step
from skillbridge.plan_folder import PlanFolder
from skillbridge.privacy import suppress
from skillbridge.replan import Repair, replan
from skillbridge.taxonomies.pack import Taxonomy

WHAT = ("kept", "moved", "displaced", "gone", "placed")
"""What becomes of somebody, each person once: `kept` in the vacancy they had (new dates or not), `moved` to another,
`displaced` without a place, `gone` by withdrawing; `placed` had none before."""
LOST = ("displaced", "gone")
NESTED = {"partnership": ("destination",), "employer": ("destination", "sector")}
"""Dimensions told within others, of which everybody knows where they lie."""
DIMENSIONS = ("origin", "destination", "partnership", "sector", "employer", "sex", "age_band", "entry")
HIT: dict[str, pl.DataType] = {
    "dimension": pl.String(),
    "within": pl.String(),
    "group": pl.String(),
    "before": pl.Int64(),
    **{name: pl.Int64() for name in WHAT},
    "suppressed": pl.Boolean(),
}
"""Who is hit, in heads: a row a group of each of DIMENSIONS, after one over all (`all`). A group is where people were
placed before or, for `placed`, where they are now. `within` is the destination of an agreement, the destination and
sector of an employer. `before` = kept + moved + displaced + gone. Counts that could single somebody
out are null, and `suppressed` says so."""


@dataclass(frozen=True)
class Shocked:
    """A shock's `file` (what was supposed), its `repair`, and `hit` (HIT)."""

    file: ChangeFile
    repair: Repair
    hit: pl.DataFrame


def closed(corridor: str) -> Suspend:
    """The change of a corridor closing, from `ORIGIN>DESTINATION` (ISO 3166-1 alpha-2)."""
    origin, sign, destination = (part.strip() for part in corridor.partition(">"))
    if not sign or not origin or not destination:
        raise BadInput("--close", repr(corridor), "ORIGIN>DESTINATION, such as 'MX>CA'")
    return _suspend("--close", origin=origin, destination=destination)


def suspended(origin: str) -> Suspend:
    """The change of an origin (ISO 3166-1 alpha-2) that sends nobody any more."""
    return _suspend("--suspend", origin=origin.strip())


def _suspend(option: str, **places: str) -> Suspend:
    for place in places.values():
        if not re.fullmatch("[A-Z]{2}", place):
            raise BadInput(option, f"{place!r} is not a country", "ISO 3166-1 alpha-2 in capitals, such as MX")
    return Suspend(**places)


def cut(text: str, partnerships: Sequence[Partnership]) -> ChangeRule:
    """The change of a cap being cut, from `PARTNERSHIP/RULE=MAX` (heads); refuses what is no cap or no cut."""
    found = re.fullmatch(r"([^/=\s]+)/([^/=\s]+)=(\d+)", text.strip())
    if not found:
        raise BadInput("--cut", repr(text), "PARTNERSHIP/RULE=MAX with MAX in heads, such as 'nz-rse/cap=18000'")
    name, rule, most = found[1], found[2], int(found[3])
    agreement = next((one for one in partnerships if one.id == name), None)
    if agreement is None:
        raise BadInput("--cut", f"no agreement {name!r} in the plan", ", ".join(one.id for one in partnerships))
    caps = {one.id: one.max for one in agreement.rules if isinstance(one, QuotaRule) and one.max is not None}
    if rule not in caps:
        raise BadInput("--cut", f"no cap {rule!r} in {name}", ", ".join(caps) or f"another agreement: {name} has none")
    if most >= caps[rule]:
        raise BadInput("--cut", f"{most} cuts nothing", f"less than {caps[rule]}, what {name}/{rule} allows")
    return ChangeRule(partnership=name, rule=rule, set={"max": most})


def shrunk(share: float, **where: str | None) -> Shrink:
    """The change of demand shrinking to `share` (0 to 1) where every given field of `Shrink` fits."""
    try:
        return msgspec.convert({"share": share, **where}, Shrink)
    except msgspec.ValidationError as error:
        raise BadInput(
            "--shrink", str(error), "a share from 0 to 1, and a destination as ISO 3166-1 alpha-2"
        ) from error


def supposed(
    old: PlanFolder, changes: Sequence[Change], *, file: ChangeFile | None = None, as_of: date | None = None
) -> ChangeFile:
    """The change file of a shock: what `file` says, then `changes`, for this plan alone.

    Without `as_of` or a file, the plan's own day, else the last day on which the notice period protects nobody yet.
    Raises `BadInput` where nothing is supposed.
    """
    base = file if file is not None else ChangeFile(as_of=as_of or _before_notice(old))
    every = (*base.change, *changes)
    if not every:
        raise BadInput("shock", "nothing is supposed", "--close, --suspend, --shrink, --cut or --changes")
    mine = base.plan or old.plan.manifest.hashes.get("placements.csv")
    return msgspec.structs.replace(base, as_of=as_of or base.as_of, plan=mine, change=every)


def _before_notice(old: PlanFolder) -> date:
    first = old.plan.manifest.as_of or old.placements["start"].min()
    if not isinstance(first, date):
        raise BadInput("plan", "nobody is placed", "a plan with placements, or --as-of")
    notice = ChangeFile(as_of=first).notice_days
    return old.plan.manifest.as_of or first - timedelta(days=notice + 1)


def shock(
    old: PlanFolder,
    file: ChangeFile,
    taxonomy: Taxonomy,
    *,
    read: Callable[[str, str], pl.DataFrame] | None = None,
    time_limit: float | None = None,
    progress: Callable[[Step], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> Shocked:
    """The plan repaired after what `file` supposes, with who is hit.

    Raises what `replan` raises, and `BadInput` for a plan of several seasons.
    """
    plan_folder.one_season(old.plan, "put under a shock")
    repair = replan(old, file, taxonomy, where="shock", read=read, time_limit=time_limit, progress=progress, stop=stop)
    return Shocked(file, repair, hit(old, repair))


def hit(old: PlanFolder, repair: Repair) -> pl.DataFrame:
    """HIT: `all` first, then the dimensions in their order, those who lost most first.

    Each table of groups by what became of them, with its totals, is safe by `privacy.suppress`; agreements also with
    their destination's figures, employers with those of destinations and sectors, in which they lie.
    """
    people = _people(old, repair)
    counts = {name: people.filter(pl.col("what") == name).height for name in WHAT}
    total = {"before": people.height - counts["placed"], **counts, "suppressed": False}
    parts = [pl.DataFrame([{"dimension": "all", "within": "", "group": "", **total}], schema=HIT)]
    for name in DIMENSIONS:
        outer = NESTED.get(name, ())
        parts.append(_within(people, outer, name) if outer else _wide(_cells(people, [name]), name))
    rows = [
        part.with_columns(lost=pl.sum_horizontal(list(LOST), ignore_nulls=False)).sort(
            pl.col("lost").fill_null(-1),
            pl.col("before").fill_null(-1),
            "within",
            "group",
            descending=[True, True, False, False],
        )
        for part in parts
    ]
    return pl.concat([part.select(pl.col(name).cast(kind) for name, kind in HIT.items()) for part in rows])


def _people(old: PlanFolder, repair: Repair) -> pl.DataFrame:
    """One row a person whom either plan places: what becomes of them, and DIMENSIONS of the place that counts."""
    before, after = _placed(old), _placed(repair.outcome.folder)
    what = repair.moves.select("worker_id", what=pl.col("what").replace({"redated": "kept"}))
    new = pl.col("what") == "placed"
    return pl.concat(
        [
            what.filter(~new).join(before, on="worker_id", how="inner"),
            what.filter(new).join(after, on="worker_id", how="inner"),
        ]
    )


def _placed(folder: PlanFolder) -> pl.DataFrame:
    found = folder_facts(folder)
    named = found.placements.with_columns(employer="employer_id")
    return named.select("worker_id", *(pl.col(name).cast(pl.String).fill_null("unknown") for name in DIMENSIONS))


def _cells(people: pl.DataFrame, dims: Sequence[str]) -> pl.DataFrame:
    """`dims`, what (WHAT and `before`), heads, hidden: every group of `dims`, also those of nobody, sorted.

    Who was placed before is one table, by what became of them; the newly placed are another.
    """
    grid = pl.DataFrame({"what": WHAT})
    for name in dims:
        grid = grid.join(people.select(pl.col(name).unique()), how="cross")
    counted = people.group_by([*dims, "what"]).agg(heads=pl.len().cast(pl.Int64))
    full = grid.join(counted, on=[*dims, "what"], how="left").with_columns(pl.col("heads").fill_null(0))
    full = full.select(*dims, "what", "heads").sort(*dims, "what")
    placed = pl.col("what") == "placed"
    before = full.filter(~placed).group_by(list(dims)).agg(pl.col("heads").sum()).sort(*dims)
    tables = [
        suppress(full.filter(~placed), "heads", [*dims, "what"]),
        suppress(full.filter(placed), "heads", dims),
        suppress(before.with_columns(what=pl.lit("before")).select(full.columns), "heads", dims),
    ]
    shown = pl.concat(tables).rename({"suppressed": "hidden"})
    somebody = full.filter(pl.col("heads") > 0).select(dims).unique()
    return shown.join(somebody, on=list(dims), how="semi").sort(*dims, "what")


def _within(people: pl.DataFrame, outer: Sequence[str], name: str) -> pl.DataFrame:
    """Groups of `name`, enough of them hidden inside each group of `outer`, and all where that group's count is."""
    above = _cells(people, outer).filter("hidden").select(*outer, "what", veil=pl.lit(value=True))
    parts = []
    for _, part in sorted(people.partition_by(outer, as_dict=True).items()):
        keys = [pl.lit(part[column][0]).alias(column) for column in outer]
        cells = _cells(part, [name]).with_columns(keys).join(above, on=[*outer, "what"], how="left")
        cells = cells.with_columns(pl.col("hidden") | pl.col("veil").fill_null(value=False))
        within = " ".join(part[column][0] for column in outer)
        parts.append(_wide(cells, name).with_columns(within=pl.lit(within)))
    return pl.concat(parts) if parts else _wide(_cells(people, [name]), name)


def _wide(cells: pl.DataFrame, name: str) -> pl.DataFrame:
    """A row a group of `name` with its counts, null where hidden."""
    return cells.group_by(name).agg(
        *(
            pl.when(~pl.col("hidden")).then("heads").filter(pl.col("what") == what).first().alias(what)
            for what in ("before", *WHAT)
        ),
        suppressed=pl.col("hidden").any(),
        dimension=pl.lit(name).first(),
        within=pl.lit("").first(),
        group=pl.col(name).first(),
    )
