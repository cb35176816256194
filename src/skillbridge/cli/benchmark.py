"""skillbridge benchmark: instances, real policies beside the optimum, and answers of others on one board."""

import time
from pathlib import Path

import click

_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.group("benchmark")
def benchmark_command() -> None:
    """Compare ways of giving places out on open instances; anyone's solver may enter."""


@benchmark_command.command("make")
@click.option("--family", "families", multiple=True, help="A family; all that can be made if none is named.")
@click.option(
    "--workers",
    "sizes",
    multiple=True,
    type=click.IntRange(min=1),
    default=(1_000,),
    help="Of each; again for more.",
)
@click.option("--seed", "seeds", multiple=True, type=click.IntRange(min=0), default=(1,), help="Seeds; again for more.")
@click.option("--data", type=_FOLDER, default=None, help="The folder that holds demand/ with real files.")
@click.option(
    "--demand",
    type=click.Path(dir_okay=False, path_type=Path),
    default=None,
    help="Another real list of the one family named, of any year.",
)
@click.option("--csv", is_flag=True, help="Write every table as CSV too, for solvers that read no Parquet.")
@click.option("--out", type=_FOLDER, required=True, help="A folder for the instances.")
def make_command(
    families: tuple[str, ...],
    sizes: tuple[int, ...],
    seeds: tuple[int, ...],
    data: Path | None,
    demand: Path | None,
    csv: bool,
    out: Path,
) -> None:
    """Write instances of FAMILIES, one folder each; docs/benchmark.md has the format."""
    from skillbridge.benchmark.families import FAMILIES, make
    from skillbridge.benchmark.instance import write
    from skillbridge.errors import BadInput

    if demand is not None and len(families) != 1:
        raise BadInput("--demand", f"with {len(families)} families", "the one family whose kind of list it is")
    named = families or tuple(name for name, one in FAMILIES.items() if data is not None or not one.needs_data)
    for family in named:
        for workers in sizes:
            for seed in seeds:
                made = make(family, workers, seed, data, demand=demand)
                write(made, out / made.card.name, csv=csv)
                click.echo(f"{made.card.name}: {made.card.edges:,} edges, {made.card.rows:,} rows")


@benchmark_command.command("run")
@click.argument("folder", type=_FOLDER)
@click.option("--policy", "only", multiple=True, help="Only these policies, beside the optimum.")
@click.option("--time-limit", type=click.FloatRange(min=0), default=60.0, show_default=True, help="CPU-seconds.")
@click.option("--out", type=_FOLDER, default=None, help="Where the board goes; FOLDER if not named.")
@click.option("--json", "as_json", is_flag=True, help="Print each score's struct as it is done.")
def run_command(folder: Path, only: tuple[str, ...], time_limit: float, out: Path | None, as_json: bool) -> None:
    """Score the optimum, the policies and the answers in FOLDER/INSTANCE/answers/*.csv: leaderboard.csv and .html."""
    import msgspec

    from skillbridge import __version__
    from skillbridge.benchmark import board
    from skillbridge.benchmark.run import run
    from skillbridge.errors import BadInput
    from skillbridge.tables import replace_file

    roots = sorted(path.parent for path in folder.glob("*/instance.json"))
    if not roots:
        raise BadInput(str(folder), "no instance in it", "a folder filled by `skillbridge benchmark make`")
    target = out or folder
    target.mkdir(parents=True, exist_ok=True)
    scores = []
    try:
        for root in roots:
            for score in run(root, time_limit=time_limit, clock=time.process_time, only=only):
                scores.append(score)
                if as_json:
                    click.echo(msgspec.json.encode(score).decode())
                else:
                    note = f"  REFUSED: {score.broken[0]}" if score.broken else ""
                    click.echo(
                        f"{score.instance:24} {score.entry:20} {score.points:14,} {score.share:9.3%} "
                        f"{score.placed:9,} placed{note}"
                    )
    finally:
        if scores:
            replace_file(target / "leaderboard.csv", board.table(scores).write_csv)
            page = board.page(scores, __version__)
            replace_file(target / "leaderboard.html", lambda path: path.write_text(page, encoding="utf-8"))


@benchmark_command.command("check")
@click.argument("instance", type=_FOLDER)
@click.argument("answer", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the struct of the verdict.")
def check_answer_command(instance: Path, answer: Path, as_json: bool) -> None:
    """Judge an ANSWER (CSV: worker,edge) to an INSTANCE. Exit status 0 only if it is legal."""
    import sys

    import msgspec

    from skillbridge.benchmark.instance import read_card
    from skillbridge.benchmark.judge import judge, read_answer

    found = judge(instance, read_answer(answer))
    if as_json:
        click.echo(msgspec.json.encode(found).decode())
    else:
        bound = read_card(instance).bound
        share = f", {found.points / bound:.3%} of the bound" if bound else ""
        click.echo(f"{found.points:,} points{share}, {found.placed:,} placed")
        for one in found.broken[:50]:
            click.echo(f"REFUSED {one}", err=True)
    sys.exit(2 if found.broken else 0)


@benchmark_command.command("look-back")
@click.option("--data", type=_FOLDER, required=True, help="The folder that holds demand/ and context/ of real files.")
@click.option(
    "--visa",
    "visa_class",
    type=click.Choice(["H2A", "H2B"]),
    default="H2B",
    show_default=True,
    help="The class of visa, with its certified cases.",
)
@click.option("--workers", type=click.IntRange(min=10), default=10_000, show_default=True, help="Synthetic workers.")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), default=None, help="A CSV to write.")
def look_back_command(data: Path, visa_class: str, workers: int, seed: int, out: Path | None) -> None:
    """Place a season of real US cases and set its months beside the visas really issued from 2018 to 2022."""
    from skillbridge.benchmark.backtest import apart, look_back

    table = look_back(data, visa_class, workers=workers, seed=seed)
    if out is not None:
        table.write_csv(out)
    click.echo("month certified  placed  issued")
    for line in table.iter_rows(named=True):
        shares = (line[f"{name}_share"] for name in ("certified", "placed", "issued"))
        click.echo(f"{line['month']:5d} " + " ".join(f"{share:8.1%}" for share in shares))
    for name in ("certified", "placed"):
        found = ", ".join(f"{apart(table, 'issued', name, later):.1%} {-later} months before" for later in (0, -1))
        click.echo(f"{name} and issued apart: {found}")
