"""`skillbridge synth`: invented workers and vacancies, seeded and streamed to a file."""

from pathlib import Path

import click


@click.group("synth")
def synth_command() -> None:
    """Generate synthetic workers or vacancies: people and farms that do not exist, and are always called so."""


_SHARED = [
    click.option("--n", "count", type=click.IntRange(min=0), required=True, help="Rows to write."),
    click.option("--seed", type=click.IntRange(min=0), required=True, help="The same seed gives the same rows."),
    click.option("--partnership", "partnerships", multiple=True, help="Only for these agreements (repeat it)."),
    click.option("--year", type=click.IntRange(1990, 2100), default=2026, show_default=True, help="The season's year."),
    click.option(
        "--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="A .csv or .parquet file."
    ),
]


def _shared(function: click.decorators.FC) -> click.decorators.FC:
    for option in reversed(_SHARED):
        function = option(function)
    return function


@synth_command.command("workers")
@_shared
@click.option(
    "--vacancies",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Vacancies (.csv or .parquet) that the workers aim at: their dates, wages and employers.",
)
def workers_command(
    count: int, seed: int, partnerships: tuple[str, ...], year: int, out: Path, vacancies: Path | None
) -> None:
    """Write a synthetic pool of workers."""
    from skillbridge.synth import workers
    from skillbridge.tables import WORKERS, write_chunks

    demand = None
    if vacancies is not None:
        from skillbridge.intake import read_vacancies

        demand = read_vacancies(vacancies).frame
    rows = write_chunks(out, workers(count, seed, partnerships or None, year=year, vacancies=demand), WORKERS)
    click.echo(f"{rows} synthetic workers (seed {seed}) in {out}")


@synth_command.command("vacancies")
@_shared
def vacancies_command(count: int, seed: int, partnerships: tuple[str, ...], year: int, out: Path) -> None:
    """Write synthetic vacancies."""
    from skillbridge.synth import vacancies
    from skillbridge.tables import VACANCIES, write_chunks

    rows = write_chunks(out, iter([vacancies(count, seed, partnerships or None, year=year)]), VACANCIES)
    click.echo(f"{rows} synthetic vacancies (seed {seed}) in {out}")
