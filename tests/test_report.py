"""Reports open offline in four languages, show what the plan holds to whom it is for, and hide small groups."""

import html
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from html.parser import HTMLParser
from pathlib import Path
from random import Random

import msgspec
import polars as pl
import pytest
from scipy.stats import binomtest

from skillbridge import model, plan_folder, report, tables, words
from skillbridge.circularity import PLACEMENTS
from skillbridge.cli.report import report_command
from skillbridge.errors import BadInput
from skillbridge.explain.advice import Effect, RowAdvice
from skillbridge.indicators import FRAMEWORKS, INDICATORS, NOT_COMPUTED, compute
from skillbridge.indicators.context import COLUMNS
from skillbridge.indicators.stays import STAYS, stays_of
from skillbridge.partnerships.partnership import load
from skillbridge.plan_folder import PlanFolder
from skillbridge.report import printer, public
from skillbridge.report.page import Tongue
from skillbridge.report.season import Season
from skillbridge.taxonomies import pack
from tests.test_indicators import sdmx_faults


def season(
    n: int = 300,
    *,
    placed: float = 0.6,
    label: str = "Samoa to New Zealand, yearly",
    why: Callable[[int], str] = lambda number: "outbid",
) -> PlanFolder:
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
        partnerships=(load("nz-rse"),),
        taxonomy=pack.load("core"),
        settings={},
        placements=tables.conform(placements, tables.PLACEMENTS),
        unfilled=tables.conform(
            open_jobs.with_columns(reason=pl.lit("quota"), rule=pl.lit("cap")), plan_folder.UNFILLED
        ),
        unplaced=tables.conform(
            left.with_columns(reason=pl.Series([why(number) for number in range(left.height)], dtype=pl.String)),
            plan_folder.UNPLACED,
        ),
        certificate=plan_folder.certificate(vacancies["vacancy_id"], [0.0] * 30, [], []),
    )


@pytest.fixture(scope="module", params=report.READERS)
def any_page(request: pytest.FixtureRequest) -> str:
    return report.render(season(), reader=request.param)


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


def test_the_page_is_well_formed_and_asks_nothing_of_the_network(any_page: str) -> None:
    found = elements(any_page)
    for tag, attributes in found:
        assert tag not in {"link", "iframe", "img", "object", "embed"}
        for name in ("src", "href", "xlink:href", "action"):
            assert (attributes.get(name) or "#").startswith("#"), (tag, attributes)
    assert not re.findall(r"url\((?!#)|@import", any_page)
    policy = next(
        a["content"] or "" for t, a in found if t == "meta" and a.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy.startswith("default-src 'none'")


def test_every_id_is_there_once_and_every_reference_leads_somewhere(any_page: str) -> None:
    found = elements(any_page)
    ids = [a["id"] for _, a in found if a.get("id")]
    assert len(ids) == len(set(ids))
    targets = {(a.get("href") or "")[1:] for t, a in found if t in ("a", "use")} | {
        a.get("for") for t, a in found if t == "label"
    }
    targets |= set(re.findall(r"url\(#([^)]+)\)", any_page))
    assert targets <= set(ids)


def test_it_speaks_four_languages_and_arabic_from_right_to_left(any_page: str) -> None:
    pages = {a["lang"]: a["dir"] for t, a in elements(any_page) if t == "main"}
    assert pages == {"en": "ltr", "fr": "ltr", "es": "ltr", "ar": "rtl"}
    for lang in words.LANGUAGES:
        assert words.say(lang, "report.title") in any_page
        assert words.say(lang, "report.proposal").split(".")[0] in any_page.replace("&#39;", "'")


def test_every_chart_has_a_name_and_its_figures_in_a_table(any_page: str) -> None:
    found = elements(any_page)
    charts = [a for t, a in found if t == "svg" and a.get("class") == "chart"]
    assert len(charts) >= 4 * 3
    assert all(a.get("role") == "img" and a.get("aria-label") for a in charts)
    parts = re.findall(r'<section class="part.*?</section>', any_page, re.DOTALL)
    drawn = [part for part in parts if "<figure" in part]
    assert len(drawn) >= 4 * 3
    assert all("<table" in part for part in drawn)
    assert all(a.get("scope") == "col" for t, a in found if t == "th")


def test_it_shows_the_headline_the_proof_and_that_the_pool_is_synthetic(page: str) -> None:
    plan = season()
    share = words.percent("en", plan.placements.height / 300)
    assert f'<p class="figure">{share}</p>' in page
    assert words.say("en", "report.proof_note", gap="1.00%") in page, "1/101, rounded up: a bound must hold as told"
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


def test_the_minister_s_page_has_three_messages_pictures_and_what_to_decide() -> None:
    text = report.render(season(), reader="minister")
    mains = re.findall(r"<main.*?</main>", text, re.DOTALL)
    assert len(mains) == 4
    for main in mains:
        said = re.findall(r'<section class="part wide messages".*?</section>', main, re.DOTALL)
        assert len(said) == 1
        assert said[0].count("<li>") == 3
        decided = re.findall(r'<section class="part wide decisions".*?</section>', main, re.DOTALL)
        assert decided[0].count("<li>") >= 2
        assert main.count("<figure") == 3
    filled = season().placements.height
    assert f"{filled} workers fill {words.percent('en', filled / 300, 0)} of the 300 positions" in text
    assert "1 of the 1 limits of the agreements are used up." in text
    assert "Samoa to New Zealand, yearly\u2069 (200 of 200 used)" in text


def test_the_officer_sees_prices_conflicts_groups_goals_and_what_is_missing(page: str) -> None:
    for title in ("conflicts", "by_group", "goals", "not_computed", "quota_board"):
        assert words.say("en", f"report.{title}") in page
    assert ">410.5<" in page
    assert all(f"<td>{code}</td>" in page for code in FRAMEWORKS)
    told = {"quota_exhaustion"}
    listed = {name for name, formula in NOT_COMPUTED.items() if formula in page.replace("&#39;", "'")}
    assert listed == set(NOT_COMPUTED) - told
    assert "not the official SDG 10.7.1" in page


def test_the_officer_reads_what_more_places_bring_with_the_interval_and_nobody_else_does() -> None:
    def row(name: str, foreseen: float, gained: int) -> RowAdvice:
        effects = (Effect(1, foreseen / 10, gained // 10, 1, 9), Effect(10, foreseen, gained, 7, 9))
        return RowAdvice("nz-rse", "cap", "quota", name, "visas", 90, 90, 99.0, 120.0, False, False, False, effects)

    told = [row("2026", 1000.0, 900), row("Samoa & <b>", 500.0, 500)]
    page = report.render(season(), advice=told)
    assert words.say("en", "report.more_places") in page
    assert "93.3%" in page, "1,400 of 1,500 points"
    assert "90.0% to 100.0%" in page
    assert "cap: Samoa &amp; &lt;b&gt;" in page
    for lang in words.LANGUAGES:
        assert words.say(lang, "column.points_confirmed") in page
        assert words.say(lang, "advice.around") in html.unescape(page)
    assert words.say("en", "report.more_places") not in report.render(season())
    for reader in ("minister", "public"):
        assert words.say("en", "report.more_places") not in report.render(season(), reader=reader, advice=told)


def test_the_command_asks_what_more_places_bring_for_the_officer_alone(season_folder: Path, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    asked = [str(season_folder), "--places", "--out", str(page)]
    report_command.main(asked, standalone_mode=False)
    told = page.read_text(encoding="utf-8")
    assert words.say("en", "report.more_places") in told
    assert "95% interval is" in told
    for extra, message in ((["--for", "public"], "--for officer"), ([], "holds no plan")):
        with pytest.raises(BadInput, match=message):
            report_command.main([str(season_folder if extra else tmp_path), "--places", *extra], standalone_mode=False)


def test_figures_from_beside_the_plan_and_journeys_are_told_in_four_languages(
    season_folder: Path, tmp_path: Path
) -> None:
    context, journeys, page = tmp_path / "c.csv", tmp_path / "j.csv", tmp_path / "report.html"
    figures = ["deductions,,,,,,0.2,,assumed", "visa,worker,,,,,150,USD,a fee <list>", "home_pay,,,,,,300,USD,survey"]
    context.write_text("\n".join([",".join(COLUMNS), *figures]) + "\n", encoding="utf-8")
    nothing = stays_of(
        pl.DataFrame(schema=PLACEMENTS),
        pl.DataFrame(schema={"placement_id": pl.String, "to": pl.String, "on": pl.Date}),
        pl.DataFrame(schema=tables.WORKERS),
        pl.DataFrame(schema=tables.VACANCIES),
        date(2026, 12, 31),
    )
    arrived = pl.col("indicator") == "conversion"
    table = compute(nothing, [(), ("origin",)], among=STAYS).with_columns(
        value=pl.when(arrived).then(0.8375), count=pl.when(arrived).then(160)
    )
    table.write_csv(journeys)
    asked = ["--context", str(context), "--journeys", str(journeys), "--sdmx", "--out", str(page)]
    report_command.main([str(season_folder), *asked], standalone_mode=False)
    text = html.unescape(page.read_text(encoding="utf-8"))
    for lang in words.LANGUAGES:
        said = Tongue(lang).say
        for key in ("indicator.wage_premium", "indicator.rci_seasonal", "report.beside", "report.journeys"):
            assert said(key) in text
        assert said("payer.worker") in text
        assert said("missing.wage_premium") not in text
        assert said("missing.remittances") in text
    assert "83.8%" in text
    assert "a fee <list>" in text
    assert sdmx_faults(page.with_suffix(".sdmx.csv").read_text(encoding="utf-8")) == []
    sdmx = pl.read_csv(page.with_suffix(".sdmx.csv"), infer_schema=False)
    assert {"RCI_SEASONAL", "WAGE_PREMIUM"} <= set(sdmx["INDICATOR"])
    for name, file in (("--context", context), ("--journeys", journeys)):
        with pytest.raises(BadInput, match=f"{name}: .*holds no plan"):
            report_command.main([str(tmp_path), name, str(file)], standalone_mode=False)
        other = journeys if file == context else context
        with pytest.raises(BadInput, match="columns"):
            report_command.main([str(season_folder), name, str(other)], standalone_mode=False)


def test_a_pool_that_is_a_sample_has_intervals_beside_its_figures(page: str) -> None:
    text = report.render(season(), sampled=True)
    assert words.say("en", "column.interval") in text
    assert words.say("en", "column.interval") not in page
    rate = season().placements.height / 300
    low, high = (binomtest(round(300 * rate), 300).proportion_ci(method="exact")[side] for side in (0, 1))
    assert f"{words.percent('en', low)} – {words.percent('en', high)}" in text
    assert report.render(season(), sampled=True) == text


def test_the_public_reads_the_rules_in_words_and_finds_no_code_of_a_person_or_post() -> None:
    text = report.render(season(), reader="public")
    assert "At most 20,750 visas a year from July 1." in text
    assert words.say("en", "report.method_5") in text
    assert not re.findall(r">\s*[wv]\d+\s*<", text)


def test_the_public_is_not_told_of_a_reason_that_holds_for_few_nor_of_what_would_tell_it() -> None:
    few = season(why=lambda number: "licence" if number < 3 else "language" if number < 9 else "outbid")
    section = public.reasons(Season(few), Tongue("en"))
    rows = {reason: heads for _, table in section.tables for reason, heads in table.rows}
    hidden = words.say("en", "report.suppressed")
    assert rows[words.say("en", "reason.licence")] == hidden
    assert rows[words.say("en", "reason.language")] == hidden
    assert rows[words.say("en", "reason.outbid")] == str(few.unplaced.height - 9)


def test_no_corridor_of_few_people_is_in_the_public_s_table_or_map() -> None:
    plan = season(60, placed=0.5)
    exact = {(o, d): n for o, d, n in Season(plan).corridors.rows()}
    assert min(exact.values()) < 5
    told = Season(plan)
    told.corridors = public.published(told)
    rows = public.corridors(told, Tongue("en"))
    shown = [int(n) for _, _, n in rows if n != words.say("en", "report.suppressed")]
    assert len(told.symbols) < len(Season(plan).symbols)  # neither are they lines of the map
    assert all(n >= 5 for n in shown)
    assert len(shown) + 2 <= len(exact)


def test_the_public_is_not_told_how_few_are_left() -> None:
    plan = season(200, placed=0.99)
    left = plan.plan.counts.workers - plan.plan.counts.placed
    assert 0 < left < 5
    text = report.render(plan, reader="public")
    assert words.say("en", "report.of_workers", n=200) not in text
    assert words.say("en", "report.of_workers", n=200) in report.render(plan)


def test_a_season_without_limits_or_reasons_still_has_its_page_for_everyone() -> None:
    plan = season(40, placed=1.0)
    bare = replace(plan, plan=msgspec.structs.replace(plan.plan, rules=()))
    for reader in report.READERS:
        assert elements(report.render(bare, reader=reader))


def test_without_a_browser_the_pdf_is_refused_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(BadInput, match="no Chromium, Chrome or Edge on the PATH"):
        printer.to_pdf("<p>")
    with pytest.raises(BadInput, match="no browser 'netscape'"):
        printer.to_pdf("<p>", browser="netscape")


def test_a_browser_that_prints_nothing_is_told() -> None:
    with pytest.raises(BadInput, match="printed nothing"):
        printer.to_pdf("<p>", browser="true")


@pytest.mark.browser
@pytest.mark.skipif(not any(map(shutil.which, printer.BROWSERS)), reason="no Chromium on this machine")
@pytest.mark.parametrize("lang", words.LANGUAGES)
def test_the_minister_s_page_prints_on_one_sheet_in_every_language(lang: str) -> None:
    printed = printer.to_pdf(report.render(season(), reader="minister", lang=lang))
    assert printed.startswith(b"%PDF")
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 1


@pytest.mark.browser
@pytest.mark.skipif(not any(map(shutil.which, printer.BROWSERS)), reason="no Chromium on this machine")
def test_every_page_fits_a_telephone_and_changes_its_language_by_keyboard(tmp_path: Path) -> None:
    from playwright.sync_api import sync_playwright

    said: list[str] = []
    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path=printer.find_browser(), args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 320, "height": 700}, color_scheme="dark")
        page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: said.append(str(error)))
        for reader in report.READERS:
            path = tmp_path / f"{reader}.html"
            path.write_text(report.render(season(), reader=reader), encoding="utf-8")
            for lang in words.LANGUAGES:
                page.goto(f"about:blank#{lang}")
                page.goto(f"{path.as_uri()}#{lang}")
                assert page.evaluate("document.documentElement.scrollWidth") <= 320, (reader, lang)
                assert page.evaluate("document.documentElement.lang") == lang
                assert page.locator("main:visible").count() == 1
            page.goto("about:blank")
            page.goto(path.as_uri())
            page.keyboard.press("Tab")
            page.keyboard.press("ArrowRight")
            assert page.evaluate("document.documentElement.lang") == "fr"
            assert page.locator("main:visible").get_attribute("lang") == "fr"
            page.keyboard.press("ArrowLeft")
            reached = set()
            for _ in range(60):
                page.keyboard.press("Tab")
                reached.add(page.evaluate("document.activeElement.tagName"))
            assert reached >= {"SUMMARY"}
        browser.close()
    assert said == []
