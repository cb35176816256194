"""`skillbridge import`: real files to workers or vacancies, with a report on what was changed or refused."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from skillbridge.errors import BadInput

if TYPE_CHECKING:
    from skillbridge.intake import Intake

FORMATS = {
    "h2a": ("vacancies", "US H-2A disclosure files (certified agricultural cases)."),
    "h2b": ("vacancies", "US H-2B disclosure files (certified non-agricultural cases)."),
    "lmia": ("vacancies", "Lists of positive labour market impact assessments in Canada."),
    "workers": ("workers", "Lists of workers: CSV, XLSX, ODS, JSON or Parquet."),
    "vacancies": ("vacancies", "Lists of vacancies: CSV, XLSX, ODS, JSON or Parquet."),
    "jobposting": ("vacancies", "Adverts as schema.org JobPosting (JSON-LD, also inside a web page)."),
    "jsonresume": ("workers", "CVs as JSON Resume."),
    "europass": ("workers", "Europass CVs, version 3.3 and 3.4, XML or JSON."),
    "hrxml": ("vacancies", "Adverts as HR-XML position openings (EURES)."),
}
"""Format -> (what it becomes, one line for the help); each is read by `intake.read_<format>`."""
TABLES = ("h2a", "h2b", "lmia", "workers", "vacancies")
"""The formats whose columns `--map` and `--assume` can name."""


@click.group("import")
def import_command() -> None:
    """Read demand and profiles from real files. Writes what was understood, report.json and report.csv."""


def _importer(name: str, becomes: str, help_line: str) -> click.Command:
    @click.command(name, help=help_line)
    @click.argument(
        "files",
        nargs=-1,
        required=True,
        metavar="FILE...",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
    )
    @click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="The folder to write.")
    @click.option(
        "--format",
        "kind",
        type=click.Choice(["parquet", "csv"]),
        default="parquet",
        show_default=True,
        help="Of the table.",
    )
    @click.option("--json", "as_json", is_flag=True, help="Print the report's content.")
    def command(files: tuple[Path, ...], out: Path, kind: str, as_json: bool, **said: tuple[str, ...]) -> None:
        from skillbridge import intake
        from skillbridge.intake.report import read_all, write

        read: Callable[[Path], Intake] = getattr(intake, f"read_{name}")
        if said.get("columns") or said.get("values"):
            choices = intake.Choices(pairs("--map", said["columns"]), pairs("--assume", said["values"]))
            read = partial(getattr(intake, f"read_{name}"), choices=choices)
        written = write(read_all(files, read, becomes), out, becomes, kind)
        if as_json:
            click.echo(written.encode().decode())
            return
        click.echo(written.summary())
        click.echo(f"{written.counts.get(becomes, 0):,} {becomes} in {out / f'{becomes}.{kind}'}")

    if name not in TABLES:
        return command
    repeated = partial(click.option, multiple=True)
    mapped = repeated("--map", "columns", metavar="COLUMN=FIELD", help="A column the header does not explain.")
    assumed = repeated("--assume", "values", metavar="FIELD=VALUE", help="What the file does not say, for every row.")
    return mapped(assumed(command))


def pairs(option: str, texts: tuple[str, ...]) -> dict[str, str]:
    """The parts of `A=B` texts, split at the last `=` of --map and at the first of --assume; raises `BadInput`."""
    found = {}
    for text in texts:
        left, mark, right = text.rpartition("=") if option == "--map" else text.partition("=")
        if not (mark and left.strip() and right.strip()) or left.strip() in found:
            raise BadInput(option, text, "COLUMN=FIELD or FIELD=VALUE, each once")
        found[left.strip()] = right.strip()
    return found


@import_command.command("crosswalk")
@click.argument(
    "files", nargs=-1, required=True, metavar="FILE...", type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="The folder to write.")
def crosswalk_command(files: tuple[Path, ...], out: Path) -> None:
    """Tables between classifications (SOC, NOC, SINCO, O*NET, national ones to ESCO) as crosswalk packs."""
    from skillbridge.intake import read_crosswalks
    from skillbridge.taxonomies.crosswalk import save

    for pack in (pack for path in files for pack in read_crosswalks(path)):
        path = save(pack, out)
        click.echo(f"{path}: {pack.table['code'].n_unique():,} codes, {len(pack.table):,} matches")
        for note in pack.notes:
            click.echo(f"  {note}")


for _name, (_becomes, _line) in FORMATS.items():
    import_command.add_command(_importer(_name, _becomes, _line))
