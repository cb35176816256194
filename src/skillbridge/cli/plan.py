"""`skillbridge plan`, `check` and `demo`: files in, a plan's folder out."""

import signal
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import polars as pl

    from skillbridge.model import Plan
    from skillbridge.pipeline import Outcome, PlaceRequest, Step

FILE = click.Path(dir_okay=False, path_type=Path)
DAY = click.DateTime(["%Y-%m-%d"])
STOPPED = 3
_KEYS = {"workers": "worker_id", "vacancies": "vacancy_id"}


@click.command("plan")
@click.option("--workers", "worker_files", multiple=True, required=True, type=FILE, help="CSV, XLSX or Parquet.")
@click.option("--vacancies", "vacancy_files", multiple=True, required=True, type=FILE, help="CSV, XLSX or Parquet.")
@click.option("--map", "columns", multiple=True, metavar="COLUMN=FIELD", help="A column of --vacancies; repeatable.")
@click.option(
    "--assume", "values", multiple=True, metavar="FIELD=VALUE", help="For all rows of --vacancies; repeatable."
)
@click.option("--partnership", "partnerships", multiple=True, required=True, help="An id of the library or a file.")
@click.option("--taxonomy", default="core", show_default=True, help="A bundled pack or a folder.")
@click.option("--from", "first", type=DAY, default=None, help="Only vacancies that start on this day or later.")
@click.option("--to", "last", type=DAY, default=None, help="Only vacancies that start on this day or before.")
@click.option("--as-of", type=DAY, default=None, help="The day vacancies count as applied for that do not say so.")
@click.option("--objective", default="default", show_default=True, help="An objective of solver/objectives, or a file.")
@click.option("--seasons", is_flag=True, help="Several seasons a worker, at home in between as agreements demand.")
@click.option("--policy", "policies", multiple=True, help="A real scheme's order beside the plan, as lottery; repeat.")
@click.option("--seed", default=0, show_default=True, help="The same seed gives the same plan.")
@click.option("--time-limit", type=click.FloatRange(min=0), default=None, help="Seconds for the solver.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="The folder to write.")
@click.option("--json", "as_json", is_flag=True, help="Print plan.json's content.")
def plan_command(
    worker_files: tuple[Path, ...],
    vacancy_files: tuple[Path, ...],
    columns: tuple[str, ...],
    values: tuple[str, ...],
    partnerships: tuple[str, ...],
    taxonomy: str,
    first: Any,
    last: Any,
    as_of: Any,
    objective: str,
    seasons: bool,
    policies: tuple[str, ...],
    seed: int,
    time_limit: float | None,
    out: Path,
    as_json: bool,
) -> None:
    """Find the best legal placements, prove how good they are, and give a reason for each yes and no.

    Ctrl-C ends the solve and keeps the best plan so far (exit status 3).
    """
    from skillbridge.errors import BadInput
    from skillbridge.explain.beside import ORDERS

    unknown = [name for name in policies if name not in ORDERS]
    if unknown:
        raise BadInput("--policy", ", ".join(unknown), f"one of {', '.join(ORDERS)}")
    if policies and seasons:
        raise BadInput("--policy", "given with --seasons", "one of the two: the orders give out a single season")
    request = request_from(
        worker_files,
        vacancy_files,
        partnerships=partnerships,
        taxonomy=taxonomy,
        first=first,
        last=last,
        as_of=as_of,
        objective=objective,
        seed=seed,
        time_limit=time_limit,
        columns=columns,
        values=values,
        quiet=as_json,
    )
    sys.exit(_run(request, out, as_json, policies, seasons=seasons))


def request_from(
    worker_files: tuple[Path, ...],
    vacancy_files: tuple[Path, ...],
    *,
    partnerships: tuple[str, ...],
    taxonomy: str,
    objective: str,
    seed: int,
    first: Any = None,
    last: Any = None,
    as_of: Any = None,
    time_limit: float | None = None,
    columns: tuple[str, ...] = (),
    values: tuple[str, ...] = (),
    quiet: bool = False,
) -> "PlaceRequest":
    """What the options of a planning command ask for; the files' intake is said unless `quiet`.

    `columns` and `values` are those of --map and --assume, about the vacancies.
    """
    from skillbridge import intake, tables
    from skillbridge.cli.imports import pairs
    from skillbridge.partnerships.doubts import idle, meant_by_none
    from skillbridge.partnerships.partnership import load as load_partnership
    from skillbridge.pipeline import PlaceRequest
    from skillbridge.taxonomies.pack import load as load_taxonomy

    agreements = [load_partnership(one) for one in partnerships]
    workers = _tables(worker_files, intake.read_workers, "workers", quiet)
    choices = intake.Choices(pairs("--map", columns), pairs("--assume", values))
    read = partial(intake.read_vacancies, choices=choices)
    vacancies = _between(_tables(vacancy_files, read, "vacancies", quiet), first, last)
    for why in filter(None, (idle(one, workers, vacancies) for one in agreements)):
        click.echo(f"warning: {why}", err=True)
    for what in () if quiet else (what for one in agreements for what in meant_by_none(one, workers, vacancies)):
        click.echo(f"note: {what}", err=True)
    return PlaceRequest(
        workers=workers,
        vacancies=vacancies,
        partnerships=agreements,
        taxonomy=load_taxonomy(taxonomy),
        objective=objective,
        seed=seed,
        time_limit=time_limit,
        as_of=as_of.date() if as_of else None,
        synthetic=_synthetic(workers, vacancies),
        hashes={f"source/{path.name}": tables.sha256(path) for path in (*worker_files, *vacancy_files)},
    )


@click.command("check")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--full", is_flag=True, help="Derive the candidates of every worker again, not of a sample.")
@click.option("--json", "as_json", is_flag=True, help="Print the struct of the API.")
def check_command(folder: Path, full: bool, as_json: bool) -> None:
    """Judge a plan from its inputs, without a solver: rules, scores, bound. Exit status 0 only if everything holds."""
    import msgspec

    from skillbridge.check import check_folder

    report = check_folder(folder, full=full)
    if as_json:
        click.echo(msgspec.json.encode(report).decode())
    else:
        counts = report.counts
        click.echo(f"{counts.placed:,} placements of {counts.workers:,} workers in {counts.positions:,} positions")
        click.echo(f"objective {report.objective:,}, bound {report.bound:,.1f}, gap {report.gap:.4%} (recomputed)")
        click.echo(f"{report.edges_checked:,} workers' candidates derived again")
        for line in report.soft:
            click.echo(f"soft rule exceeded: {line}")
        for finding in report.findings[:50]:
            click.echo(f"REFUSED {finding}", err=True)
        if len(report.findings) > 50:
            click.echo(f"... and {len(report.findings) - 50:,} more", err=True)
        click.echo("accepted: every hard rule holds" if report.accepted else "refused")
    sys.exit(0 if report.accepted else 2)


@click.command("demo")
@click.option("--workers", "n", default=2_000, show_default=True, help="Synthetic workers.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), default=Path("out/demo"), show_default=True)
def demo_command(n: int, out: Path) -> None:
    """Plan a season on bundled data: invented workers and vacancies, four real agreements, a report to look at."""
    import polars as pl

    from skillbridge import synth
    from skillbridge.partnerships.partnership import load as load_partnership
    from skillbridge.pipeline import PlaceRequest
    from skillbridge.taxonomies.pack import load as load_taxonomy

    if n < 1:
        raise click.BadParameter("at least 1", param_hint="--workers")
    ids = ["nz-rse", "ca-sawp", "gb-seasonal", "us-h2a"]
    vacancies = synth.vacancies(max(1, n // 12), 1, ids, year=2026)
    workers = pl.concat(list(synth.workers(n, 1, ids, year=2026, vacancies=vacancies)))
    click.echo(f"{workers.height:,} synthetic workers, {vacancies.height:,} synthetic vacancies, {len(ids)} agreements")
    request = PlaceRequest(
        workers=workers,
        vacancies=vacancies,
        partnerships=[load_partnership(one) for one in ids],
        taxonomy=load_taxonomy("core"),
        seed=1,
        synthetic=("workers", "vacancies"),
    )
    status = _run(request, out, as_json=False)
    if status == 0:
        click.echo("\nindependent check:")
        check_command.main([str(out)], standalone_mode=False)
    sys.exit(status)


def _tables(files: Sequence[Path], read: Callable[[Path], Any], what: str, quiet: bool) -> "pl.DataFrame":
    """The frames of all files as one; what was changed or refused is said, with the number of rows understood."""
    import polars as pl

    from skillbridge.errors import BadInput

    frames = []
    for path in files:
        found = read(path)
        if not quiet:
            click.echo(f"{path.name}: {found.report.summary()}")
        frames.append(found.frame)
    frame: pl.DataFrame = pl.concat(frames)
    key = _KEYS[what]
    twice = frame.filter(pl.col(key).is_duplicated())[key].unique().sort().to_list()
    if twice:
        raise BadInput(f"{what}: {key}", f"{', '.join(twice[:5])} in several files", "each once")
    return frame


def _between(vacancies: "pl.DataFrame", first: Any, last: Any) -> "pl.DataFrame":
    import polars as pl

    from skillbridge.errors import BadInput

    low: date | None = first.date() if first else None
    high: date | None = last.date() if last else None
    kept = vacancies
    if low is not None:
        kept = kept.filter(pl.col("start") >= low)
    if high is not None:
        kept = kept.filter(pl.col("start") <= high)
    if kept.is_empty() and not vacancies.is_empty():
        raise BadInput("vacancies", f"none starts from {low or 'ever'} to {high or 'ever'}", "a window with demand")
    return kept


def _synthetic(workers: "pl.DataFrame", vacancies: "pl.DataFrame") -> tuple[str, ...]:
    """Which inputs are invented: the generator's ids say so."""
    found = []
    for name, frame in (("workers", workers), ("vacancies", vacancies)):
        if frame[_KEYS[name]].str.starts_with("syn").any():
            found.append(name)
    return tuple(found)


def _run(
    request: "PlaceRequest", out: Path, as_json: bool, policies: Sequence[str] = (), *, seasons: bool = False
) -> int:
    """Plan, write the folder and say what came out, with the orders `policies` beside it; the exit status."""
    import time

    wall, cpu = time.perf_counter(), time.process_time()
    with interruptible() as stop, shown() as progress:
        others = None
        if seasons:
            from skillbridge.seasons import plan_seasons

            planned = plan_seasons(request, progress=progress, stop=stop)
            outcome = planned.outcome
            plan = finish(outcome, out, wall, cpu, tables={"ledger.csv": planned.ledger})
        else:
            from skillbridge.pipeline import place

            outcome = place(request, progress=progress, stop=stop)
            others = _beside(outcome, policies) if policies else None
            plan = finish(outcome, out, wall, cpu, None if others is None else {"policies.csv": others})
    if as_json:
        import msgspec

        click.echo(msgspec.json.encode(plan).decode())
    else:
        _say(outcome, plan, out)
        for line in [] if others is None else others.iter_rows(named=True):
            click.echo(
                f"{line['policy']}: {line['placed']:,} placed, objective {line['objective']:,}"
                f" ({line['of_plan']:.1%} of the plan); {line['order']}"
            )
    return STOPPED if plan.status in ("stopped", "infeasible") else 0


def _beside(outcome: "Outcome", policies: Sequence[str]) -> "pl.DataFrame":
    from skillbridge.explain.beside import beside

    folder, problem = outcome.folder, outcome.problem
    seed = folder.plan.manifest.seed
    return beside(problem, outcome.solution.chosen, folder.workers, folder.vacancies, folder.edges, policies, seed)


def finish(
    outcome: "Outcome", out: Path, wall: float, cpu: float, tables: "Mapping[str, pl.DataFrame] | None" = None
) -> "Plan":
    """Write the plan's folder with its report, what it cost since `wall` and `cpu`, and further CSV `tables`."""
    import time
    from dataclasses import replace

    from skillbridge import plan_folder, report
    from skillbridge.execute import peak_rss_mb
    from skillbridge.pipeline import measured

    spent = time.perf_counter() - wall, time.process_time() - cpu
    folder = measured(outcome, *spent, peak_rss_mb()).folder
    extra = {**folder.extra, "report.html": report.render(folder)}
    extra |= {name: plan_folder.guarded(frame).write_csv() for name, frame in (tables or {}).items()}
    return plan_folder.write(replace(folder, extra=extra), out).plan


def _say(outcome: "Outcome", plan: "Plan", out: Path) -> None:
    import polars as pl

    counts = plan.counts
    click.echo(f"{plan.status}: {plan.method}")
    click.echo(
        f"{counts.placed:,} of {counts.positions:,} positions filled ({counts.placed / counts.positions:.1%}),"
        f" {counts.workers:,} workers, {counts.edges:,} candidate pairs"
    )
    click.echo(f"objective {plan.objective:,}, bound {plan.bound:,.1f}, gap {plan.gap:.4%} proven by the certificate")
    if plan.solver_bound is not None:
        click.echo(f"the exact solver's own bound: {plan.solver_bound:,.1f} (not recomputable without a solver)")
    for step in plan.order:
        click.echo(
            f"{step.term}: reached {step.reached:,} of at most {step.bound:,.0f} ({step.status}), alone at most"
            f" {step.alone:,.0f}: the order costs it {step.price:,.0f} at most"
        )
    click.echo(f"{plan.seconds:.1f} s, {plan.cpu_seconds:.1f} CPU-s, {plan.peak_rss_mb:,.0f} MB")
    folder = outcome.folder
    for title, file, frame in (
        ("workers without a place", "unplaced.csv", folder.unplaced),
        ("vacancies not filled", "unfilled.csv", folder.unfilled),
    ):
        click.echo(f"{title}: {frame.height:,}")
        causes = frame.group_by("reason", "partnership", "rule").agg(pl.len().alias("n"), pl.col("detail").min())
        causes = causes.sort(pl.col("n"), "detail", descending=[True, False])
        for n, detail in causes.select("n", "detail").head(5).iter_rows():
            click.echo(f"  {n:,}: {detail}")
        if causes.height > 5:
            click.echo(f"  {causes['n'][5:].sum():,}: other reasons, see {file}")
    for note in plan.notes:
        click.echo(f"note: {note}")
    click.echo(f"open {out / 'report.html'}")


@contextmanager
def interruptible() -> "Iterator[Callable[[], bool]]":
    """Ctrl-C asks to stop; a second one ends at once."""
    asked = threading.Event()

    def on_interrupt(signum: int, frame: object) -> None:
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()
        click.echo("stopping: keeping the best plan so far", err=True)

    if threading.current_thread() is not threading.main_thread():
        yield asked.is_set
        return
    before = [signal.signal(one, on_interrupt) for one in (signal.SIGINT, signal.SIGTERM)]
    try:
        yield asked.is_set
    finally:
        for one, handler in zip((signal.SIGINT, signal.SIGTERM), before, strict=True):
            signal.signal(one, handler)


@contextmanager
def shown() -> "Iterator[Callable[[Step], None] | None]":
    """A progress line on a terminal, nothing when piped."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)

        def show(step: "Step") -> None:
            words = step.stage
            if step.bound > 0:
                words += f", best {step.objective:,}, bound {step.bound:,.0f}"
            total = None if step.share is None else 1.0
            bar.update(task, description=words, total=total, completed=step.share or 0)

        yield show
