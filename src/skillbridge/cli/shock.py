"""`skillbridge shock`: a plan and what is supposed to strike it, in; who is hit and the repaired plan, out."""

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from skillbridge.changes import Change, ChangeFile
    from skillbridge.plan_folder import PlanFolder
    from skillbridge.shock import Shocked

SHOWN = 5
"""Groups of a dimension in the terminal, those who lose most first; hit.csv holds all."""


@click.command("shock")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--close", multiple=True, metavar="ORIGIN>DESTINATION", help="A corridor closes.")
@click.option("--suspend", multiple=True, metavar="ORIGIN", help="An origin sends nobody any more.")
@click.option("--cut", multiple=True, metavar="PARTNERSHIP/RULE=MAX", help="A cap is cut to so many heads.")
@click.option(
    "--shrink", type=click.FloatRange(0, 1), metavar="SHARE", help="Demand keeps this share of its positions:"
)
@click.option("--sector", help="... that of an ISIC section or division,")
@click.option("--isco", help="... of an ISCO-08 group,")
@click.option("--region", help="... of a region,")
@click.option("--destination", help="... of a destination,")
@click.option("--employer", help="... of an employer (its id).")
@click.option("--changes", "change_file", type=click.Path(dir_okay=False, path_type=Path), help="A change file (TOML).")
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="The day of the shock, from which notice is counted.")
@click.option("--taxonomy", default=None, help="The plan's pack or its folder, if it is not a bundled one.")
@click.option("--time-limit", type=click.FloatRange(min=0), default=None, help="Seconds for the solver.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="The folder to write.")
def shock_command(
    folder: Path,
    close: tuple[str, ...],
    suspend: tuple[str, ...],
    cut: tuple[str, ...],
    shrink: float | None,
    sector: str | None,
    isco: str | None,
    region: str | None,
    destination: str | None,
    employer: str | None,
    change_file: Path | None,
    as_of: datetime | None,
    taxonomy: str | None,
    time_limit: float | None,
    out: Path,
) -> None:
    """Suppose shocks to the plan of FOLDER, repair it with least disruption, and show who is hit.

    Writes the repaired plan with moves.csv, hit.csv (who is hit, by group), shock.toml (what was supposed, which
    `--changes` repeats) and shock.html.
    """
    import time
    from dataclasses import replace

    from skillbridge import plan_folder
    from skillbridge.changes import read_changes, to_toml
    from skillbridge.cli.plan import STOPPED, finish, interruptible, shown
    from skillbridge.cli.replan import tables_beside
    from skillbridge.report.shock import render
    from skillbridge.shock import shock, supposed
    from skillbridge.taxonomies.pack import load as load_taxonomy

    where = {
        "sector": sector,
        "occupation": isco,
        "region": region,
        "destination": destination,
        "employer_id": employer,
    }
    given = read_changes(change_file) if change_file else None
    old = plan_folder.read(folder)
    plan_folder.unaltered(folder, old.plan, "shocked")
    changes = _changes(old, close, suspend, cut, shrink, where)
    file = supposed(old, changes, file=given, as_of=as_of.date() if as_of else None)
    pack = load_taxonomy(taxonomy or old.plan.manifest.versions["taxonomy"])
    read = tables_beside(change_file) if change_file else None
    wall, cpu = time.perf_counter(), time.process_time()
    with interruptible() as stop, shown() as progress:
        found = shock(old, file, pack, read=read, time_limit=time_limit, progress=progress, stop=stop)
        outcome = found.repair.outcome
        extra = {"shock.html": render(old, found), "shock.toml": to_toml(_beside(file, change_file, out))}
        outcome = replace(outcome, folder=replace(outcome.folder, extra=extra))
        tables = {"moves.csv": found.repair.moves, "hit.csv": found.hit}
        written = finish(outcome, out, wall, cpu, tables=tables)
    _show(found)
    click.echo(f"gap {written.gap:.4%}; {written.cpu_seconds:.1f} CPU-s; open {out / 'shock.html'}")
    sys.exit(STOPPED if written.status in ("stopped", "infeasible") else 0)


def _changes(
    old: "PlanFolder",
    close: tuple[str, ...],
    suspend: tuple[str, ...],
    cut: tuple[str, ...],
    shrink: float | None,
    where: dict[str, str | None],
) -> "list[Change]":
    from skillbridge import shock
    from skillbridge.errors import BadInput

    if shrink is None and any(value is not None for value in where.values()):
        raise BadInput("--shrink", "not given, but which demand would shrink is", "--shrink SHARE, from 0 to 1")
    changes: list[Change] = [shock.closed(one) for one in close]
    changes += [shock.suspended(one) for one in suspend]
    changes += [shock.cut(one, old.partnerships) for one in cut]
    if shrink is not None:
        changes.append(shock.shrunk(shrink, **where))
    return changes


def _beside(file: "ChangeFile", source: Path | None, out: Path) -> "ChangeFile":
    """The change file as it reads in `out`: tables that it names stay where they are."""
    import os

    import msgspec

    from skillbridge.changes import AddVacancies, AddWorkers

    if source is None:
        return file
    changes = tuple(
        msgspec.structs.replace(one, file=Path(os.path.relpath(source.parent / one.file, out)).as_posix())
        if isinstance(one, AddVacancies | AddWorkers)
        else one
        for one in file.change
    )
    return msgspec.structs.replace(file, change=changes)


def _show(found: "Shocked") -> None:
    from rich.console import Console
    from rich.table import Table

    from skillbridge.shock import WHAT

    table = Table(title=f"who is hit, in heads (computed; {len(found.file.change)} changes supposed)")
    for name in ("by", "group"):
        table.add_column(name)
    for name in ("before", *WHAT):
        table.add_column(name, justify="right")
    shown = found.hit.group_by("dimension", maintain_order=True).head(SHOWN)
    for row in shown.iter_rows(named=True):
        figures = ["not shown" if row[name] is None else f"{row[name]:,}" for name in ("before", *WHAT)]
        table.add_row(row["dimension"], f"{row['group']} {row['within']}".strip(), *figures)
    Console().print(table)
