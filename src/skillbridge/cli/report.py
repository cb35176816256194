"""skillbridge report: a plan, or scenarios beside each other, as a page for a reader."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    import polars as pl

    from skillbridge.indicators.context import Context
    from skillbridge.plan_folder import PlanFolder
    from skillbridge.report import Reader

READERS = ("minister", "officer", "public")
LANGUAGES = ("en", "fr", "es", "ar")


@click.command("report")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--for", "reader", type=click.Choice(READERS), default="officer", show_default=True, help="Who it is written for."
)
@click.option(
    "--lang",
    type=click.Choice(LANGUAGES),
    default="en",
    show_default=True,
    help="The language it opens in.",
)
@click.option("--pdf", is_flag=True, help="Print it as PDF as well, with the Chromium or Chrome of this machine.")
@click.option("--sdmx", is_flag=True, help="Write the indicators by every slice as SDMX-CSV as well.")
@click.option("--sampled", is_flag=True, help="The pool is a sample of people: give indicators 95% intervals.")
@click.option("--places", is_flag=True, help="Tell the officer what more places would bring, planned again: slower.")
@click.option(
    "--context",
    "context_file",
    type=click.Path(dir_okay=False, path_type=Path),
    default=None,
    help="A CSV file of pay at home, costs, stocks and delays, for indicators of what a season brings and costs.",
)
@click.option(
    "--journeys",
    "journeys_file",
    type=click.Path(dir_okay=False, path_type=Path),
    default=None,
    help="What became of placements, as `journey indicators` wrote it.",
)
@click.option("--browser", default="", help="The browser that prints: a name on the PATH or a path.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), default=None, help="The HTML file to write.")
def report_command(
    folder: Path,
    reader: "Reader",
    lang: str,
    pdf: bool,
    sdmx: bool,
    sampled: bool,
    places: bool,
    context_file: Path | None,
    journeys_file: Path | None,
    browser: str,
    out: Path | None,
) -> None:
    """Write the report of FOLDER, a plan or a run of scenarios, as one HTML file for a reader.

    The file opens offline and holds four languages. It goes beside the plan as report-READER-LANG.html; the PDF beside
    it, in the one language.
    """
    from skillbridge import plan_folder, report
    from skillbridge.errors import BadInput
    from skillbridge.explain import open_plan
    from skillbridge.explain.advice import advise
    from skillbridge.report import compare, printer
    from skillbridge.tables import replace_file

    if pdf:
        printer.find_browser(browser)
    context, journeys = _context(context_file), _journeys(journeys_file)
    plan = plan_folder.read(folder) if (folder / "plan.json").is_file() else None
    if places and reader != "officer":
        raise BadInput("--places", f"a report for the {reader}", "--for officer")
    if plan is not None:
        advice = advise(open_plan(folder)) if places else ()
        page = report.render(
            plan, reader=reader, lang=lang, sampled=sampled, advice=advice, context=context, journeys=journeys
        )
    elif asked := [
        name
        for name, given in (
            ("--sdmx", sdmx),
            ("--sampled", sampled),
            ("--places", places),
            ("--context", context),
            ("--journeys", journeys is not None),
        )
        if given
    ]:
        raise BadInput(asked[0], f"{folder} holds no plan", "the folder of a plan")
    else:
        page = compare.render(compare.read(folder), reader=reader, lang=lang)
    target = out or folder / f"report-{reader}-{lang}.html"
    replace_file(target, lambda path: path.write_text(page, encoding="utf-8"))
    click.echo(f"open {target}")
    if pdf:
        printed = target.with_suffix(".pdf")
        made = printer.to_pdf(page, browser=browser)
        replace_file(printed, lambda path: path.write_bytes(made))
        click.echo(f"open {printed}")
    if plan is not None and sdmx:
        listed = target.with_suffix(".sdmx.csv")
        replace_file(listed, _sdmx(plan, context, sampled=sampled).write_csv)
        click.echo(f"wrote {listed}")


def _context(path: Path | None) -> "Context | None":
    from skillbridge.indicators.context import read_context
    from skillbridge.rates import load_rates

    return None if path is None else read_context(path, load_rates())


def _journeys(path: Path | None) -> "pl.DataFrame | None":
    """The file of `journey indicators`; raises `BadInput` for another."""
    import polars as pl

    from skillbridge.errors import BadInput
    from skillbridge.indicators import facts as f
    from skillbridge.indicators.stays import STAYS
    from skillbridge.plan_folder import read_csv

    if path is None:
        return None
    asked = "a file that `skillbridge journey indicators` wrote, without --sdmx"
    columns = ("indicator", "unit", "kind", "slice", *f.DIMENSIONS, "currency", "value", "count", "flag", "suppressed")
    kinds: dict[str, pl.DataType] = dict.fromkeys(columns, pl.String())
    kinds |= {"value": pl.Float64(), "count": pl.Int64()}
    try:
        table = read_csv(path, kinds)
    except BadInput as error:
        raise BadInput(str(path), error.what, asked) from error
    unknown = sorted(set(table["indicator"]) - set(STAYS))
    if unknown:
        raise BadInput(str(path), f"no indicator {unknown[0]!r} of journeys", asked)
    return table.with_columns(pl.col("flag", "suppressed") == "true", pl.col("slice").fill_null(""))


def _sdmx(plan: "PlanFolder", context: "Context | None", *, sampled: bool) -> "pl.DataFrame":
    """The indicators over all, by each dimension and by every pair that is published."""
    from datetime import UTC, datetime

    import polars as pl

    from skillbridge.indicators import CROSSED, compute, folder_facts
    from skillbridge.indicators.accounts import ACCOUNTS, accounts_of
    from skillbridge.indicators.context import Context
    from skillbridge.indicators.facts import DIMENSIONS
    from skillbridge.indicators.sdmx import to_sdmx
    from skillbridge.indicators.uncertainty import with_intervals
    from skillbridge.rates import load_rates

    found = folder_facts(plan)
    slices = [(), *((name,) for name in DIMENSIONS), *sorted(tuple(sorted(pair)) for pair in CROSSED)]
    today = datetime.now(UTC).date().isoformat()
    table = compute(found, slices)
    if sampled:
        table = with_intervals(found, table, seed=plan.plan.manifest.seed)
    accounts = accounts_of(plan, context or Context(), load_rates())
    told = compute(accounts, slices, among=ACCOUNTS).filter(pl.col("suppressed") | (pl.col("count") > 0))
    table = pl.concat([table, told], how="diagonal")
    return to_sdmx(table, time_period=str(found.season[0].year), prepared=today)
