"""`skillbridge roll`: a season decided week by week, with places held back for those still to come."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from skillbridge.cli.plan import DAY, FILE

if TYPE_CHECKING:
    from skillbridge.arrivals import Season, SeasonRequest
    from skillbridge.solver.rolling import Policy

_POLICIES: tuple["Policy", ...] = ("sampled", "greedy", "batch", "hindsight")


@click.command("roll")
@click.option("--workers", "worker_files", multiple=True, required=True, type=FILE, help="This year's, as they came.")
@click.option("--vacancies", "vacancy_files", multiple=True, required=True, type=FILE, help="CSV, XLSX or Parquet.")
@click.option("--partnership", "partnerships", multiple=True, required=True, help="An id of the library or a file.")
@click.option("--history", "history_file", type=FILE, default=None, help="A past year's workers, as they came.")
@click.option("--expected", "expected_file", type=FILE, default=None, help="CSV: week, the columns of --by, heads.")
@click.option("--decided", "decided_file", type=FILE, default=None, help="decided.csv of an earlier run: it stays.")
@click.option("--opening", type=DAY, required=True, help="The season's first day; week 0 begins on it.")
@click.option("--history-opening", type=DAY, default=None, help="The past season's first day (default: first arrival).")
@click.option("--weeks", default=26, show_default=True, type=click.IntRange(1, 520), help="Weeks of the season.")
@click.option("--by", default="origin", show_default=True, help="Columns whose classes may drift, separated by commas.")
@click.option("--policy", type=click.Choice(_POLICIES), default="sampled", show_default=True, help="How to decide.")
@click.option("--compare", is_flag=True, help="Decide by the other policies too and print them beside it.")
@click.option("--as-of", type=DAY, default=None, help="The day vacancies count as applied for that do not say so.")
@click.option("--taxonomy", default="core", show_default=True, help="A bundled pack or a folder.")
@click.option("--objective", default="default", show_default=True, help="An objective of solver/objectives.")
@click.option("--seed", default=0, show_default=True, help="The same seed gives the same decisions.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="The folder to write.")
@click.option("--json", "as_json", is_flag=True, help="Print plan.json's content.")
def roll_command(
    worker_files: tuple[Path, ...],
    vacancy_files: tuple[Path, ...],
    history_file: Path | None,
    expected_file: Path | None,
    decided_file: Path | None,
    opening: Any,
    history_opening: Any,
    weeks: int,
    by: str,
    policy: Any,
    compare: bool,
    out: Path,
    as_json: bool,
    **place: Any,
) -> None:
    """Decide a season week by week, by the day in `waiting_since`; what was decided is never taken back.

    Writes a plan's folder with weeks.csv and decided.csv. Its gap is the distance to what perfect foresight could have
    reached. Exit status 3 while a yearly minimum share is still to be made up for.
    """
    import time
    from dataclasses import replace

    import msgspec
    import polars as pl

    from skillbridge import intake
    from skillbridge.arrivals import DECIDED, SeasonRequest, decide
    from skillbridge.cli.plan import finish, request_from, shown
    from skillbridge.plan_folder import read_csv

    request = SeasonRequest(
        place=request_from(worker_files, vacancy_files, quiet=as_json, **place),
        opening=opening.date(),
        weeks=weeks,
        policy=policy,
        history=None if history_file is None else intake.read_workers(history_file).frame,
        history_opening=history_opening.date() if history_opening else None,
        by=tuple(name.strip() for name in by.split(",")),
        expected=None if expected_file is None else pl.read_csv(expected_file),
        decided=pl.DataFrame(schema=DECIDED) if decided_file is None else read_csv(decided_file, DECIDED),
    )
    wall, cpu = time.perf_counter(), time.process_time()
    with shown() as progress:
        season = decide(request, progress=progress)
        tables = {"weeks.csv": season.weeks, "decided.csv": season.decided}
        plan = finish(season.outcome, out, wall, cpu, tables=tables)
    if as_json:
        click.echo(msgspec.json.encode(plan).decode())
    else:
        _say(policy, season)
        if compare:
            others = [one for one in _POLICIES if one != policy and (one != "sampled" or request.history is not None)]
            for other in others:
                _say(other, decide(_fresh(replace(request, policy=other))))
        click.echo(f"open {out / 'report.html'}")
    sys.exit(3 if season.unmet else 0)


def _fresh(request: "SeasonRequest") -> "SeasonRequest":
    """The request without earlier decisions: what each policy would have done from the opening on."""
    from dataclasses import replace

    return replace(request, decided=request.decided.clear())


def _say(policy: str, season: "Season") -> None:
    plan = season.outcome.plan
    click.echo(
        f"{policy}: {plan.counts.placed:,} placed, {plan.objective:,} points,"
        f" {1 - plan.gap:.2%} of the bound on perfect foresight"
    )
    for words in season.unmet:
        click.echo(f"  still to be made up for: {words}")
