"""`skillbridge journey`: the ledger of returns, rates and offers from it, certificates of seasons."""

import os
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from skillbridge.cli.plan import DAY, FILE
from skillbridge.cli.serve import existing, open_workspace, workspace_option
from skillbridge.errors import BadInput

if TYPE_CHECKING:
    from skillbridge.circularity import Journeys

_OUT = click.Path(path_type=Path)


@click.group("journey")
def journey_command() -> None:
    """Returns, rates and certificates, from the placements' journeys that a workspace keeps."""


@journey_command.command("ledger")
@workspace_option
@click.option("--as-of", type=DAY, default=None, help="Count up to this day (default: today); later steps are listed.")
@click.option("--out", type=_OUT, required=True, help="The folder to write.")
def ledger_command(folder: Path, as_of: datetime | None, out: Path) -> None:
    """Write ledger.csv, visits.csv, insured.csv and faults.csv: visits, time at home, months worked, by pseudonym."""
    from skillbridge import circularity, tables

    found = _journeys(folder, as_of.date() if as_of else None)
    made = {
        "ledger": (circularity.ledger(found), circularity.LEDGER),
        "visits": (circularity.visits(found), circularity.VISITS),
        "insured": (circularity.insured(found), circularity.INSURED),
        "faults": (found.faults, circularity.FAULTS),
    }

    def write(where: Path) -> None:
        for name, (frame, schema) in made.items():
            tables.write_chunks(where / f"{name}.csv", [frame], schema)

    tables.replace_folder(out, write)
    people, again = made["ledger"][0], int((made["ledger"][0]["visits"] > 1).sum())
    click.echo(f"up to {found.as_of}: {people.height:,} people, {again:,} of them more than once; {out}")
    if found.faults.height:
        click.echo(f"{found.faults.height:,} steps were left out or put in order: see {out / 'faults.csv'}")


@journey_command.command("indicators")
@workspace_option
@click.option("--by", "slices", multiple=True, help="A dimension, or two as origin,sex; repeatable. Over all always.")
@click.option("--as-of", type=DAY, default=None, help="What was known on this day (default: today).")
@click.option("--sdmx", is_flag=True, help="Write SDMX-CSV 2.0.")
@click.option("--out", type=_OUT, required=True, help="The CSV file to write.")
def indicators_command(folder: Path, slices: tuple[str, ...], as_of: datetime | None, sdmx: bool, out: Path) -> None:
    """Write what became of placements: arrivals, time to fill, returns, people who go again; small groups hidden."""
    from skillbridge import tables
    from skillbridge.indicators import compute
    from skillbridge.indicators.sdmx import OF_JOURNEYS, to_sdmx
    from skillbridge.indicators.stays import STAYS
    from skillbridge.workspace import returns

    workspace = open_workspace(existing(folder))
    today = workspace.now().date()
    found = returns.stays(workspace, as_of.date() if as_of else today)
    table = compute(found, [(), *(_names(by) for by in slices)], among=STAYS, threshold=workspace.settings.small_cell)
    written = table
    if sdmx:
        year, day = str(found.as_of.year), today.isoformat()
        written = to_sdmx(table, time_period=year, prepared=day, dataflow=OF_JOURNEYS)
    tables.replace_file(out, written.write_csv)
    click.echo(f"up to {found.as_of}: {found.stays.height:,} placements approved")
    for row in table.filter(slice="").iter_rows(named=True):
        figure = "hidden" if row["suppressed"] else "-" if row["value"] is None else f"{row['value']:.4g} {row['unit']}"
        click.echo(f"{STAYS[row['indicator']].title}: {figure}")


@journey_command.command("rates")
@workspace_option
@click.option("--by", default="", help="Columns that make classes, as destination,partnership.")
@click.option("--as-of", type=DAY, default=None, help="What was known on this day (default: today).")
@click.option("--seed", default=0, show_default=True, help="The same seed gives the same interval.")
@click.option("--out", type=_OUT, required=True, help="The CSV file to write.")
def rates_command(folder: Path, by: str, as_of: datetime | None, seed: int, out: Path) -> None:
    """Estimate how many of those offered a place arrive, with a 95 % interval, for all and for each class."""
    from skillbridge import tables, turnout

    found = turnout.rates(_journeys(folder, as_of.date() if as_of else None), _names(by), seed=seed)
    tables.write_chunks(out, [found], turnout.RATES)
    for row in found.iter_rows(named=True):
        click.echo(
            f"{row['of']}: {row['rate']:.1%} arrive ({row['low']:.1%} to {row['high']:.1%});"
            f" {row['offered']:,} offered, {row['on_their_way']:,} on their way"
        )


@journey_command.command("offers")
@click.option("--vacancies", "vacancy_files", multiple=True, required=True, type=FILE, help="CSV, XLSX or Parquet.")
@click.option("--rates", "rates_file", required=True, type=FILE, help="What journey rates wrote.")
@click.option("--by", default="", help="The columns that the rates' classes were made by.")
@click.option("--risk", type=float, default=0.05, show_default=True, help="Chance that more arrive than are wanted.")
@click.option("--out", type=_OUT, required=True, help="The folder to write.")
def offers_command(vacancy_files: tuple[Path, ...], rates_file: Path, by: str, risk: float, out: Path) -> None:
    """Write offers.csv, and vacancies.csv with as many positions as offers are to be made, for skillbridge plan.

    Policy choice: the risk. Quotas, beds and every other limit of a plan made from it hold for all who are offered.
    """
    import polars as pl

    from skillbridge import intake, tables, turnout
    from skillbridge.plan_folder import read_csv

    vacancies = pl.concat([intake.read_vacancies(file).frame for file in vacancy_files])
    table = turnout.offers(vacancies, read_csv(rates_file, turnout.RATES), risk, _names(by))
    more = vacancies.with_columns(positions=table["offers"])

    def write(where: Path) -> None:
        tables.write_chunks(where / "offers.csv", [table], turnout.OFFERS)
        tables.write_chunks(where / "vacancies.csv", [tables.conform(more, tables.VACANCIES)], tables.VACANCIES)

    tables.replace_folder(out, write)
    made, wanted, expected = (table[name].sum() for name in ("offers", "positions", "expected_arrivals"))
    worst = max(table["risk_too_many"], default=0.0)
    click.echo(
        f"{made:,} offers for {wanted:,} positions, {expected:,.0f} expected to arrive;"
        f" a vacancy has too many with a chance of {worst:.1%} at most"
    )


@journey_command.command("certificate")
@workspace_option
@click.argument("placement_id")
@click.option("--key", "key_file", type=FILE, default=None, help="Sign with this key (default: seal_file, if set).")
@click.option("--issuer", default=None, help="The issuer's name (default: the setting issuer).")
@click.option("--out", type=_OUT, required=True, help="The JSON file to write, for the worker.")
def certificate_command(folder: Path, placement_id: str, key_file: Path | None, issuer: str | None, out: Path) -> None:
    """Certify the season of a placement: an Open Badge 3.0 (JSON-LD), signed where there is a key."""
    import json

    from msgspec.structs import replace

    from skillbridge.access import SYSTEM
    from skillbridge.tables import replace_file
    from skillbridge.workspace import returns

    workspace = open_workspace(existing(folder))
    given = {"seal_file": str(key_file) if key_file else None, "issuer": issuer}
    workspace.settings = replace(workspace.settings, **{name: value for name, value in given.items() if value})
    made = returns.certify(workspace, SYSTEM, placement_id)
    text = json.dumps(made.credential, indent=2, ensure_ascii=False) + "\n"
    replace_file(out, lambda path: path.write_text(text, encoding="utf-8"))
    click.echo(f"{out}: " + (f"signed by {made.issuer}" if made.signed else "not signed (no key given)"))


@journey_command.command("key")
@click.argument("file", type=_OUT)
def key_command(file: Path) -> None:
    """Make a key to sign certificates with, and print the issuer that verifiers trust."""
    from skillbridge.credential import did_of, load_key, new_key

    pem = new_key()
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise BadInput(str(file), "exists already", "a new file: a key is never written over") from None
    with os.fdopen(descriptor, "wb") as target:
        target.write(pem)
    click.echo(did_of(load_key(pem)))


@journey_command.command("verify")
@click.argument("file", type=FILE)
@click.option("--issuer", "trusted", multiple=True, required=True, help="did:key of an issuer you trust; repeatable.")
@click.option("--on", "day", type=DAY, default=None, help="Valid on this day (default: now).")
def verify_command(file: Path, trusted: tuple[str, ...], day: Any) -> None:
    """Verify a certificate: signed by a trusted issuer, unchanged, valid. No address is fetched."""
    from skillbridge.credential import parse, public_key, verify

    for one in trusted:
        public_key(one)
    document = parse(file.read_bytes(), str(file))
    now = datetime.now(UTC) if day is None else day.replace(hour=23, minute=59, second=59, tzinfo=UTC)
    proof = verify(document, set(trusted), now)
    click.echo(f"holds: {document.get('name', 'certificate')}, signed on {proof.get('created')} by a trusted issuer")


def _journeys(folder: Path, as_of: date | None) -> "Journeys":
    from skillbridge import circularity
    from skillbridge.workspace import returns

    workspace = open_workspace(existing(folder))
    return circularity.replay(*returns.journeys(workspace), as_of or workspace.now().date())


def _names(by: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in by.split(",") if name.strip())
