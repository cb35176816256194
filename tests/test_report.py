"""The report opens offline in four languages, shows what the plan holds, and hides small groups."""

import re
from datetime import date, timedelta
from html.parser import HTMLParser
from random import Random

import polars as pl
import pytest

from skillbridge import model, plan_folder, report, tables, words
from skillbridge.indicators import INDICATORS
from skillbridge.partnerships.partnership import Partnership
from skillbridge.plan_folder import PlanFolder
from skillbridge.taxonomies import pack


def season(n: int = 300, *, placed: float = 0.6, label: str = "Samoa to New Zealand, yearly") -> PlanFolder:
    random = Random(1)
    jobs = [
        {
            "vacancy_id": f"v{i}",
            "employer_id": f"e{i // 2}",
            "destination": random.choice(["NZ", "US"]),
            "positions": 10,
            "start": (first := date(2026, 3, 1) + timedelta(days=random.randint(0, 40))),
            "end": first + timedelta(days=120),
            "wage": random.randint(1400, 2600),
            "currency": "NZD",
            "hours_week": 40.0,
        }
        for i in range(30)
    ]
    people = [
        {
            "worker_id": f"w{i}",
            "origin": random.choice(["WS", "TO", "MX"]),
            "sex": random.choice(["f", "m"]),
            "birth_year": 1990,
        }
        for i in range(n)
    ]
    pairs = [(i, i % 30) for i in range(n)]
    chosen = [pair for pair in pairs if random.random() < placed]
    workers = tables.conform(pl.DataFrame(people), tables.WORKERS)
    vacancies = tables.conform(pl.DataFrame(jobs), tables.VACANCIES)
    dates = {"start": vacancies["start"], "end": vacancies["end"]}

    def of(which: list[tuple[int, int]]) -> pl.DataFrame:
        at = pl.Series([v for _, v in which], dtype=pl.UInt32)
        return pl.DataFrame(
            {"worker": [w for w, _ in which], "vacancy": at, **{name: days.gather(at) for name, days in dates.items()}},
            schema={"worker": pl.UInt32, "vacancy": pl.UInt32, "start": pl.Date, "end": pl.Date},
        ).with_columns(pathway=0, score=pl.Series([random.randint(400, 990) for _ in which], dtype=pl.UInt16))

    taken = of(chosen)
    placements = taken.select(
        worker_id=workers["worker_id"].gather(taken["worker"]),
        vacancy_id=vacancies["vacancy_id"].gather(taken["vacancy"]),
        employer_id=vacancies["employer_id"].gather(taken["vacancy"]),
        partnership=pl.lit("nz-rse"),
        start="start",
        end="end",
        score="score",
    )
    left = workers.join(placements, on="worker_id", how="anti")
    heads = placements.group_by("vacancy_id").agg(filled=pl.len().cast(pl.Int32))
    open_jobs = vacancies.join(heads, on="vacancy_id", how="left").with_columns(pl.col("filled").fill_null(0))
    open_jobs = open_jobs.filter(pl.col("filled") < pl.col("positions")).sort("vacancy_id")
    rules = (
        model.RuleUse("nz-rse", "cap", label, "visas", 200, 200, 410.5),
        model.RuleUse("nz-rse", "women", "women at least", "placements", 0, -7, 0.0),
    )
    return PlanFolder(
        plan=model.Plan(
            status="feasible",
            method="prices",
            objective=1000,
            bound=1010.0,
            gap=1 / 101,
            seconds=1.0,
            cpu_seconds=1.0,
            peak_rss_mb=100.0,
            counts=model.Counts(n, 30, 300, n, placements.height),
            rules=rules,
            refused={},
            manifest=model.Manifest("0.1.0", 3, "fill-first", None, {}, synthetic=("workers",)),
            notes=(),
        ),
        workers=workers,
        vacancies=vacancies,
        edges=tables.conform(of(pairs), tables.EDGES),
        partnerships=(Partnership(id="nz-rse", title="RSE", kind="national_scheme", owner="destination", version="1"),),
        taxonomy=pack.load("core"),
        settings={},
        placements=tables.conform(placements, tables.PLACEMENTS),
        unfilled=tables.conform(
            open_jobs.with_columns(reason=pl.lit("quota"), rule=pl.lit("cap")), plan_folder.UNFILLED
        ),
        unplaced=tables.conform(left.with_columns(reason=pl.lit("outbid")), plan_folder.UNPLACED),
        certificate=plan_folder.certificate(vacancies["vacancy_id"], [0.0] * 30, [], []),
    )


@pytest.fixture(scope="module")
def page() -> str:
    return report.render(season())


class Elements(HTMLParser):
    """Every element with its attributes, and whether tags close in order."""

    VOID = frozenset({"meta", "input", "br", "link", "img", "hr"})

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def elements(page: str) -> list[tuple[str, dict[str, str | None]]]:
    parser = Elements()
    parser.feed(page)
    assert parser.open == []
    return parser.found


def test_the_page_is_well_formed_and_asks_nothing_of_the_network(page: str) -> None:
    found = elements(page)
    for tag, attributes in found:
        assert tag not in {"link", "iframe", "img", "object", "embed"}
        for name in ("src", "href", "xlink:href", "action"):
            assert (attributes.get(name) or "#").startswith("#"), (tag, attributes)
    assert not re.findall(r"url\((?!#)|@import", page)
    policy = next(
        a["content"] or "" for t, a in found if t == "meta" and a.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy.startswith("default-src 'none'")


def test_every_id_is_there_once_and_every_reference_leads_somewhere(page: str) -> None:
    found = elements(page)
    ids = [a["id"] for _, a in found if a.get("id")]
    assert len(ids) == len(set(ids))
    targets = {(a.get("href") or "")[1:] for t, a in found if t in ("a", "use")} | {
        a.get("for") for t, a in found if t == "label"
    }
    targets |= set(re.findall(r"url\(#([^)]+)\)", page))
    assert targets <= set(ids)


def test_it_speaks_four_languages_and_arabic_from_right_to_left(page: str) -> None:
    pages = {a["lang"]: a["dir"] for t, a in elements(page) if t == "main"}
    assert pages == {"en": "ltr", "fr": "ltr", "es": "ltr", "ar": "rtl"}
    for lang in words.LANGUAGES:
        assert words.say(lang, "report.title") in page
        assert words.say(lang, "report.method_1") in page.replace("&#39;", "'").replace("&#34;", '"')


def test_every_chart_has_a_name_and_its_figures_in_a_table(page: str) -> None:
    found = elements(page)
    charts = [a for t, a in found if t == "svg" and a.get("class") == "chart"]
    assert len(charts) >= 4 * 6
    assert all(a.get("role") == "img" and a.get("aria-label") for a in charts)
    assert sum(t == "table" for t, _ in found) >= 4 * 7
    assert sum(t == "th" and a.get("scope") == "col" for t, a in found) >= 4 * 20


def test_it_shows_the_headline_the_proof_and_that_the_pool_is_synthetic(page: str) -> None:
    plan = season()
    share = words.percent("en", plan.placements.height / 300)
    assert f'<p class="figure">{share}</p>' in page
    assert words.say("en", "report.proof_note", gap="0.99%") in page
    assert "Synthetic: workers. These are generated records, not people." in page
    assert "policy choice" in page
    assert "computed" in page
    assert "assumed" in page


def test_every_indicator_stands_with_its_formula(page: str) -> None:
    for indicator in INDICATORS.values():
        if indicator.id not in ("selection_ratio", "housing_load"):
            assert indicator.title in page, indicator.id
            assert indicator.formula in page.replace("&#39;", "'"), indicator.id


def test_the_same_plan_gives_the_same_page_and_the_language_asked_for_first(page: str) -> None:
    assert report.render(season()) == page
    first = report.render(season(60), lang="ar")
    assert '<html lang="ar" dir="rtl">' in first
    assert re.search(r'id="lang-ar"[^>]* checked', first)


def test_what_names_hold_cannot_become_markup() -> None:
    text = report.render(season(60, label="<script>alert(1)</script>"))
    assert "<script>alert" not in text
    assert elements(text)


def test_a_plan_without_placements_still_has_its_report() -> None:
    text = report.render(season(40, placed=0.0))
    assert elements(text)
    assert words.say("en", "reason.outbid") in text
