"""skillbridge report: a plan, or scenarios beside each other, as a page for a reader."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    import polars as pl

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
    plan = plan_folder.read(folder) if (folder / "plan.json").is_file() else None
    if places and reader != "officer":
        raise BadInput("--places", f"a report for the {reader}", "--for officer")
    if plan is not None:
        advice = advise(open_plan(folder)) if places else ()
        page = report.render(plan, reader=reader, lang=lang, sampled=sampled, advice=advice)
    elif sdmx or sampled or places:
        name = "--sdmx" if sdmx else "--sampled" if sampled else "--places"
        raise BadInput(name, f"{folder} holds no plan", "the folder of a plan")
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
        replace_file(listed, _sdmx(plan, sampled=sampled).write_csv)
        click.echo(f"wrote {listed}")


def _sdmx(plan: "PlanFolder", *, sampled: bool) -> "pl.DataFrame":
    """The indicators over all, by each dimension and by every pair that is published."""
    from datetime import UTC, datetime

    from skillbridge.indicators import CROSSED, compute, folder_facts
    from skillbridge.indicators.facts import DIMENSIONS
    from skillbridge.indicators.sdmx import to_sdmx
    from skillbridge.indicators.uncertainty import with_intervals

    found = folder_facts(plan)
    slices = [(), *((name,) for name in DIMENSIONS), *sorted(tuple(sorted(pair)) for pair in CROSSED)]
    today = datetime.now(UTC).date().isoformat()
    table = compute(found, slices)
    if sampled:
        table = with_intervals(found, table, seed=plan.plan.manifest.seed)
    return to_sdmx(table, time_period=str(found.season[0].year), prepared=today)
