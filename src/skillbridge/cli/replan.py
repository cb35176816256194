"""`skillbridge replan`: a plan and what changed since, in; a repaired plan and who moves, out."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl


@click.command("replan")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--changes", "change_file", required=True, type=click.Path(dir_okay=False, path_type=Path), help="TOML.")
@click.option("--taxonomy", default=None, help="The plan's pack or its folder, if it is not a bundled one.")
@click.option("--time-limit", type=click.FloatRange(min=0), default=None, help="Seconds for the solver.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="The folder to write.")
@click.option("--json", "as_json", is_flag=True, help="Print plan.json's content with the counts of moves.")
def replan_command(
    folder: Path, change_file: Path, taxonomy: str | None, time_limit: float | None, out: Path, as_json: bool
) -> None:
    """Repair the plan of FOLDER after changes, keeping people where they are unless a rule or real gain moves them.

    Writes the new plan with moves.csv: who is kept, redated, moved, placed, displaced or gone, and why. Of a plan of
    several seasons every placement is told by itself, and ledger.csv is written anew.
    """
    import time

    import msgspec

    from skillbridge import plan_folder
    from skillbridge.changes import read_changes
    from skillbridge.cli.plan import STOPPED, finish, interruptible, shown
    from skillbridge.replan import replan
    from skillbridge.seasons import ledger
    from skillbridge.taxonomies.pack import load as load_taxonomy

    changes = read_changes(change_file)
    old = plan_folder.read(folder)
    plan_folder.unaltered(folder, old.plan, "replanned")
    pack = load_taxonomy(taxonomy or old.plan.manifest.versions["taxonomy"])
    read = tables_beside(change_file)

    wall, cpu = time.perf_counter(), time.process_time()
    with interruptible() as stop, shown() as progress:
        repair = replan(
            old, changes, pack, where=change_file.name, read=read, time_limit=time_limit, progress=progress, stop=stop
        )
        beside = {"moves.csv": repair.moves}
        if old.plan.manifest.seasons:
            beside["ledger.csv"] = ledger(repair.outcome.folder.placements, repair.outcome.folder.vacancies)
        written = finish(repair.outcome, out, wall, cpu, tables=beside)
    if as_json:
        click.echo(msgspec.json.encode({"plan": written, "moves": repair.counts}).decode())
    else:
        for what, count in repair.counts.items():
            click.echo(f"{what}: {count:,}")
        click.echo(f"gap {written.gap:.4%}; {written.cpu_seconds:.1f} CPU-s; open {out / 'report.html'}")
    sys.exit(STOPPED if written.status in ("stopped", "infeasible") else 0)


def tables_beside(change_file: Path) -> "Callable[[str, str], pl.DataFrame]":
    """How the tables that a change file names are read: from its own folder, with the readers of the intake."""

    def read(file: str, kind: str) -> "pl.DataFrame":
        from skillbridge import intake

        reader = intake.read_workers if kind == "workers" else intake.read_vacancies
        return reader(change_file.parent / file).frame

    return read
