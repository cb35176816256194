"""Reports as one HTML file each: offline, in four languages, every picture with its table, for three readers.

`render` writes a season's plan, `render_comparison` scenarios beside each other, `printer.to_pdf` prints either.
"""

from collections.abc import Sequence
from typing import Literal, get_args

import polars as pl

from skillbridge import words
from skillbridge.explain.advice import RowAdvice
from skillbridge.indicators.context import Context
from skillbridge.plan_folder import PlanFolder
from skillbridge.report import minister, officer, public
from skillbridge.report.page import Card, Page, Tongue, isolated, write
from skillbridge.report.season import Season

__all__ = ["READERS", "Reader", "render"]

Reader = Literal["minister", "officer", "public"]
READERS: tuple[Reader, ...] = get_args(Reader)
"""Who decides, on one page; who runs the scheme, with every table; everybody, with nothing that tells of a few."""


def render(
    folder: PlanFolder,
    *,
    reader: Reader = "officer",
    lang: str = "en",
    sampled: bool = False,
    advice: Sequence[RowAdvice] = (),
    context: Context | None = None,
    journeys: pl.DataFrame | None = None,
) -> str:
    """The report of a plan for a reader, opening in `lang` and holding all languages; same plan, same text.

    `sampled`: the pool is a sample of the people it stands for, so indicators have intervals
    (:mod:`skillbridge.indicators.uncertainty`), drawn with the plan's seed. `advice`: what more places would bring
    (:func:`skillbridge.explain.advice.advise`), for the officer, with how far it held and the interval of that.
    `context`: figures from beside the plan, for indicators of pay, costs and lead times. `journeys`: what became of
    placements, as `indicators.compute` tells it of `stays.STAYS`.
    Sums over all workers once, so its cost hardly grows with the plan: a few seconds at 200,000 workers.
    """
    season = Season(folder, sampled=sampled, advice=advice, context=context, journeys=journeys)
    if reader == "public":
        season.corridors = public.published(season)
    tongues = [Tongue(one) for one in (lang, *(other for other in words.LANGUAGES if other != lang))]
    pages = [_page(season, tongue, reader) for tongue in tongues]
    return write(pages, reader=reader, version=folder.plan.manifest.version, symbols=season.symbols)


def _page(season: Season, tongue: Tongue, reader: Reader) -> Page:
    say, plan, manifest = tongue.say, season.plan, season.plan.manifest
    invented = tongue.listed(
        say(f"synthetic.{what}") if what in ("workers", "vacancies") else what for what in manifest.synthetic
    )
    notices = [(say("report.synthetic", what=invented), False)] if invented else []
    if manifest.relaxed:
        notices.append((say("report.relaxed", what=tongue.listed(map(isolated, manifest.relaxed))), True))
    sections = {"minister": minister.sections, "officer": officer.sections, "public": public.sections}[reader]
    return Page(
        tongue=tongue,
        title=say("report.title"),
        reader=say(f"report.for_{reader}"),
        subtitle=say("report.subtitle", partnerships=tongue.listed(map(tongue.agreement, season.folder.partnerships))),
        dates=isolated(f"{season.found.season[0]} – {season.found.season[1]}"),
        proposal=say("report.proposal"),
        notices=notices,
        cards=_cards(season, tongue, reader),
        messages=minister.messages(season, tongue) if reader == "minister" else (),
        decisions=minister.decisions(season, tongue) if reader == "minister" else (),
        sections=sections(season, tongue),
        method=() if reader == "minister" else _method(season, tongue, reader),
        notes=plan.notes if reader == "officer" else (),
    )


def _cards(season: Season, tongue: Tongue, reader: Reader) -> list[Card]:
    say, plan, counts = tongue.say, season.plan, season.plan.counts
    fill = counts.placed / max(counts.positions, 1)
    optimal = plan.status == "optimal"
    hidden = reader == "public" and public.few_left(season)
    pool = say("report.suppressed") if hidden else say("report.of_workers", n=counts.workers)
    places = season.corridors["origin"].n_unique(), season.corridors["destination"].n_unique()
    return [
        Card(
            tongue.percent(fill),
            say("report.filled"),
            say("report.of_positions", filled=counts.placed, positions=counts.positions),
            fill,
        ),
        Card(tongue.number(counts.placed), say("report.placed"), pool),
        Card(
            tongue.at_most(0.0 if optimal else plan.gap),
            say("report.proof"),
            say("report.optimal_note") if optimal else say("report.proof_note", gap=tongue.at_most(plan.gap)),
        ),
        Card(
            tongue.number(season.corridors.height),
            say("report.corridors"),
            say("report.corridors_note", origins=places[0], destinations=places[1]),
        ),
    ]


def _method(season: Season, tongue: Tongue, reader: Reader) -> list[str]:
    say, plan = tongue.say, season.plan
    steps = [
        say("report.method_1"),
        say(
            "report.method_2",
            objective=plan.objective,
            bound=round(plan.bound, 1),
            gap=tongue.at_most(plan.gap),
        ),
        say("report.method_3"),
        say("report.method_4", method=plan.method, seed=plan.manifest.seed, seconds=round(plan.cpu_seconds, 1)),
    ]
    return [*steps, say("report.method_5"), say("report.method_6")] if reader == "public" else steps
