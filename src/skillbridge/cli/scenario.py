"""skillbridge scenario: change a plan's inputs, plan again, compare."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from skillbridge.scenarios import Line


@click.group("scenario")
def scenario_command() -> None:
    """Run and compare scenarios."""


@scenario_command.command("run")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="A folder for the plans.")
@click.option("--processes", default=2, show_default=True, type=click.IntRange(min=1), help="Scenarios at a time.")
@click.option("--reports", is_flag=True, help="Write report.html in each plan's folder too (seconds each).")
@click.option("--json", "as_json", is_flag=True, help="Print each line's struct as it is done.")
def run_command(file: Path, out: Path, processes: int, reports: bool, as_json: bool) -> None:
    """Plan every scenario of FILE (one for each combination of its sweep) and compare them with their base.

    Writes a plan's folder each, comparison.csv and .json, report.html and, for several seeds, seeds.csv. What is
    finished is kept if stopped.
    """
    import signal

    import msgspec

    from skillbridge import scenarios
    from skillbridge.tables import replace_file

    loaded = scenarios.load(file)
    lines = scenarios.compare([(file.parent / loaded[0].base).resolve()]) if loaded[0].base else []
    out.mkdir(parents=True, exist_ok=True)
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)  # told to end, it still compares what is done
    try:
        for line in scenarios.run_all(file, out, processes=processes):
            lines.append(line)
            if as_json:
                click.echo(msgspec.json.encode(line).decode())
    finally:
        signal.signal(signal.SIGTERM, before)
        lines[1:] = sorted(lines[1:], key=lambda line: line.folder)
        if lines:
            replace_file(out / "comparison.csv", scenarios.table(lines).write_csv)
            if len({line.seed for line in lines[1:]}) > 1:
                replace_file(out / "seeds.csv", scenarios.over_seeds(lines[1:]).write_csv)
            replace_file(out / "comparison.json", lambda path: path.write_bytes(msgspec.json.encode(lines)))
    _report(lines, out, each=reports)
    if not as_json:
        _show(lines)


def _report(lines: "Sequence[Line]", out: Path, *, each: bool) -> None:
    """Write the comparison's report and, for `each`, the report of every plan."""
    from skillbridge import plan_folder, report
    from skillbridge.report import compare
    from skillbridge.tables import replace_file

    pages = {Path(line.folder): report.render(plan_folder.read(Path(line.folder))) for line in lines[1:] if each}
    if len(compare.over_seeds(lines)) > 1:
        pages[out] = compare.render(lines)
    for folder, page in pages.items():
        replace_file(folder / "report.html", partial(Path.write_text, data=page, encoding="utf-8"))


@scenario_command.command("compare")
@click.argument("folders", nargs=-1, required=True, type=click.Path(file_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the structs of the comparison.")
def compare_command(folders: Sequence[Path], as_json: bool) -> None:
    """Compare the plans in FOLDERS; changes are against the first."""
    import msgspec

    from skillbridge import scenarios

    lines = scenarios.compare(folders)
    if as_json:
        click.echo(msgspec.json.encode(lines).decode())
    else:
        _show(lines)


def _show(lines: "Sequence[Line]") -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title="computed, against the first line")
    for name, side in (
        ("scenario", "left"),
        ("placed", "right"),
        ("change", "right"),
        ("filled", "right"),
        ("gap", "right"),
    ):
        table.add_column(name, justify="right" if side == "right" else "left")
    for name in ("match", "women", "returning"):
        table.add_column(name, justify="right")
    for line in lines:
        shares = [line.indicators.get(name) for name in ("match_quality", "women_share", "returning_share")]
        table.add_row(
            line.name,
            f"{line.placed:,}",
            f"{line.placed - lines[0].placed:+,}",
            f"{line.placed / max(line.positions, 1):.1%}",
            f"{line.gap:.2%}",
            *("" if share is None else f"{share:.3f}" for share in shares),
        )
    console = Console()
    console.print(table)
    for line in lines:
        for kind, changes in (("chosen", line.chosen), ("assumed", line.assumed)):
            for change in changes:
                console.print(f"{line.name}: {kind}: {change}", highlight=False, markup=False)
