"""The US Department of Labor's disclosure files for H-2A and H-2B, of any year's layout since 2008.

One case is one vacancy. Sub-rows of a joint employer's case repeat positions of the master and are counted once; a
later decision on a case replaces an earlier one; the contract runs by the certification, employment or need dates,
never by the state job order. Only a case whose status is a certification, and whose count says for how many, is demand;
denied, withdrawn and undecided ones are counted in the report.
"""

import hashlib
import re
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from skillbridge.errors import BadInput
from skillbridge.intake import values
from skillbridge.intake.headers import NONE, Choices, Columns
from skillbridge.intake.money import hourly
from skillbridge.intake.places import us_state
from skillbridge.intake.report import Intake, IntakeReport
from skillbridge.intake.sheet import Sheet, open_sheet
from skillbridge.intake.us_jobs import occupation, sector
from skillbridge.intake.values import Reading, read_cells
from skillbridge.tables import VACANCIES, conform

REQUIRED = (
    "case_id",
    "status",
    ("certified", "requested"),
    ("certified_from and certified_to", "employed_from and employed_to", "needed_from and needed_to"),
)
PROGRAMMES = {"us-h2a": ("H-2A", "h2a", "H-300-"), "us-h2b": ("H-2B", "h2b", "H-400-")}
"""Partnership -> its programme's name, its folded name and how its case numbers begin since 2012."""
_DECISIONS = (
    ("withdrawn", re.compile("withdr|surrender|revok|invalidat|rescind|void")),
    ("denied", re.compile("den(?:ied|ial)|reject|(?:not|non|un)[ -]?certif")),
    ("partial", re.compile("partial.*certif|certif.*partial")),
    ("certified", re.compile("certif")),
)
"""What a case status says, by the first pattern found in it; any other leaves the case undecided."""
ENDS = (("certified_from", "certified_to"), ("employed_from", "employed_to"), ("needed_from", "needed_to"))
"""The pairs of date columns that can be the contract's, the best first."""
YEAR = timedelta(days=366)
LATEST = 2060
"""The last year that a date can be in."""
ISCED = {
    "highschool": 3,
    "associate": 5,
    "bachelor": 6,
    "master": 7,
    "doctor": 8,
    "phd": 8,
    "none": 0,
    "nonerequired": 0,
}


def read_h2a(path: Path, choices: Choices = NONE) -> Intake:
    """The certified H-2A cases of a disclosure file as vacancies of `us-h2a`.

    Counts in the report: rows, cases, certified (cases with at least one position), partial (of them, those certified
    for fewer than asked), positions, sub_rows, replaced, denied, withdrawn, unresolved, vacancies. Raises `BadInput` if
    it is not such a file.
    """
    return _read(path, "us-h2a", choices)


def read_h2b(path: Path, choices: Choices = NONE) -> Intake:
    """As `read_h2a`, of H-2B cases, as vacancies of `us-h2b`."""
    return _read(path, "us-h2b", choices)


def _read(path: Path, partnership: str, choices: Choices) -> Intake:
    sheet = open_sheet(path, "oflc", REQUIRED, what=f"{PROGRAMMES[partnership][0]} cases", choices=choices)
    table = sheet.table.with_columns(sheet.rows.alias(" row"))
    cases = _cases(_of_programme(table, sheet, partnership), sheet.columns, sheet.report)
    frame = _vacancies(cases, sheet.columns, partnership, sheet.report)
    sheet.report.counts["vacancies"] = len(frame)
    return Intake(frame, sheet.report)


def _of_programme(table: pl.DataFrame, sheet: Sheet, partnership: str) -> pl.DataFrame:
    """The rows of one programme, told by the visa class or else by the case number; others are refused."""
    name, short, _ = PROGRAMMES[partnership]
    visa = sheet.text("visa").str.to_lowercase().str.replace_all("[^a-z0-9]", "")
    said = visa.str.contains("h1b|h2a|h2b|cw1|e3|perm").fill_null(False)
    numbered = pl.Series([False] * len(table))
    for other, (_, _, begins) in PROGRAMMES.items():
        if other != partnership:
            numbered |= sheet.text("case_id").str.starts_with(begins).fill_null(False)
    foreign = (said & ~visa.str.contains(short)) | (~said & numbered)
    if foreign.all():
        others = ", ".join(other for other, _, _ in PROGRAMMES.values() if other != name)
        raise BadInput(sheet.report.source, f"no case of {name}; perhaps of {others}", f"a disclosure file of {name}")
    sheet.refuse(sheet.rows.filter(foreign), sheet.text("case_id").filter(foreign), f"a case of {name}")
    return table.filter(~foreign)


def _column(table: pl.DataFrame, columns: Columns, field: str) -> pl.Series:
    name = columns.fields.get(field)
    return table[name] if name else pl.Series(field, [None] * len(table), dtype=pl.String)


def _cases(table: pl.DataFrame, columns: Columns, report: IntakeReport) -> pl.DataFrame:
    """The rows that count, one a case with positions, in file order; everything else is counted and noted."""
    rows = table[" row"]

    def read(field: str, parse: values.Parse, kind: pl.DataType) -> pl.Series:
        return read_cells([_column(table, columns, field)], rows, columns.fields.get(field, field), parse, report, kind)

    quiet = IntakeReport("")
    decided = read_cells(
        [_column(table, columns, "decision")], rows, "decision", values.day(False, years=(1990, 2060)), quiet, pl.Date()
    )
    status = _column(table, columns, "status")
    marked = _column(table, columns, "primary_sub").str.to_lowercase().fill_null("")
    work = table.with_columns(
        case=_column(table, columns, "case_id"),
        decided=decided,
        requested=read("requested", values.whole(0, 20_000), pl.Int64()),
        positions=read("certified", values.whole(0, 20_000), pl.Int64()),
        decision=status.replace_strict(
            {text: decision_of(text) for text in status.drop_nulls().unique()},
            default="unresolved",
            return_dtype=pl.String,
        ),
        sub=marked.str.starts_with("s"),
    )
    report.counts["rows"] = len(work)
    nameless = work.filter(pl.col("case").is_null())
    for row in nameless[" row"]:
        report.add(row, "", None, "a case number", "refused")
    ordered = work.filter(pl.col("case").is_not_null()).sort(
        ["case", "decided", "sub", "positions", " row"],
        descending=[False, True, False, True, False],
        nulls_last=True,
    )
    newest = ordered.with_columns(newest=pl.col("decided").max().over("case"))
    old = newest.filter(pl.col("decided") < pl.col("newest"))
    for row, case, day in old.select(" row", "case", "newest").iter_rows():
        report.add(row, "", case, f"the last decision on the case; that of {day} replaces this one", "refused")
    current = newest.filter(pl.col("decided").is_null() | (pl.col("decided") == pl.col("newest")))
    chosen = current.unique("case", keep="first", maintain_order=True)
    subs = current.join(chosen.select(" row"), on=" row", how="anti")
    report.counts["cases"] = len(chosen)
    report.counts["sub_rows"] = len(subs)
    report.counts["replaced"] = len(old)
    for row, case in subs.select(" row", "case").sort(" row").iter_rows():
        report.add(row, "", case, "one row a case; positions of a joint employer's sub-row are in its master", "noted")
    chosen = _counted(chosen, columns, report)
    demand = chosen.filter((pl.col("positions") > 0) & pl.col("decision").is_in(["certified", "partial"]))
    rest = chosen.join(demand.select(" row"), on=" row", how="anti")
    report.counts["certified"] = len(demand)
    report.counts["positions"] = int(demand["positions"].sum())
    report.counts["partial"] = int((demand["positions"] < demand["requested"]).fill_null(False).sum())
    report.counts["withdrawn"] = int((rest["decision"] == "withdrawn").sum())
    report.counts["denied"] = int((rest["decision"] == "denied").sum())
    report.counts["unresolved"] = len(rest) - report.counts["withdrawn"] - report.counts["denied"]
    for row, case, status_text in rest.select(" row", "case", columns.fields["status"]).sort(" row").iter_rows():
        report.add(row, "", f"{case} {status_text}", "a case certified for at least one position", "refused")
    if not len(demand):
        raise BadInput(report.source, "no certified case", "cases certified for at least one position")
    return demand.sort(" row")


def decision_of(status: str) -> str:
    """What a case status says: certified, partial, denied, withdrawn (also revoked), or unresolved."""
    text = " ".join(status.casefold().replace("_", " ").split())
    return next((decision for decision, pattern in _DECISIONS if pattern.search(text)), "unresolved")


def _counted(cases: pl.DataFrame, columns: Columns, report: IntakeReport) -> pl.DataFrame:
    """The cases with the positions that status and count give together, and a note where the two disagree.

    A full certification without a count is for all that were asked for; a partial one without a count is for nobody
    known, and is refused.
    """
    name = columns.fields.get("certified", "certified")
    asked, decision = pl.col("requested"), pl.col("decision")
    silent = pl.col("positions").is_null() & (asked > 0)
    for row, count in cases.filter(silent & (decision == "certified")).select(" row", "requested").iter_rows():
        report.add(
            row, name, None, f"the workers certified; certified in full, read as the {count} requested", "changed"
        )
    for row, count in cases.filter(silent & (decision == "partial")).select(" row", "requested").iter_rows():
        report.add(row, name, None, f"how many of {count} a partial certification is for", "refused")
    told = (
        ((decision == "partial") & (pl.col("positions") >= asked), "fewer workers certified than requested in part"),
        ((decision == "certified") & pl.col("positions").is_between(1, asked - 1), "all workers requested, in full"),
    )
    for odd, expected in told:
        for row, count, of in cases.filter(odd).select(" row", "positions", "requested").iter_rows():
            report.add(row, name, f"{count} of {of}", f"{expected}; the count is used", "noted")
    return cases.with_columns(
        positions=pl.when(silent & (decision == "certified")).then(asked).otherwise(pl.col("positions"))
    )


def _vacancies(cases: pl.DataFrame, columns: Columns, partnership: str, report: IntakeReport) -> pl.DataFrame:
    rows = cases[" row"]

    def text(field: str) -> pl.Series:
        return _column(cases, columns, field)

    def read(field: str, parse: values.Parse, kind: pl.DataType) -> pl.Series:
        return read_cells([text(field)], rows, columns.fields.get(field, field), parse, report, kind)

    start, end = _contract(cases, columns, report)
    hours = read("hours", values.measure(0, 168), pl.Float64())
    wage = read_cells(
        [text("wage"), text("wage_unit"), hours], rows, columns.fields.get("wage", "wage"), _wage, report, pl.Int64()
    )
    employer, state = text("employer"), read("state", us_state, pl.String())
    home = read("employer_state", us_state, pl.String())
    title = text("title")
    titled = title.fill_null(text("soc_title"))
    isco = [occupation(soc, name, crop) for soc, name, crop in zip(text("soc_code"), titled, text("crop"), strict=True)]
    unsure = pl.Series([code is None for code in isco])
    for row, name in zip(rows.filter(unsure), titled.filter(unsure), strict=True):
        report.add(
            row, columns.fields.get("soc_code", "soc_code"), name, "a SOC code or a title that says the work", "noted"
        )
    asked = read("experience_required", values.truth, pl.Boolean())
    experience = read("experience", values.whole(0, 480), pl.Int64()).fill_null(0)
    agent = _column(cases, columns, "contractor").str.to_lowercase().fill_null("").is_in(["y", "yes", "true"])
    kind = text("kind").str.to_lowercase().fill_null("").str.contains("contractor|as agent")
    frame = pl.DataFrame(
        {
            "vacancy_id": cases["case"],
            "employer_id": [
                employer_id(name, place) for name, place in zip(employer, home.fill_null(state), strict=True)
            ],
            "employer": employer,
            "destination": ["US"] * len(cases),
            "region": state,
            "occupation": titled,
            "isco": pl.Series(isco, dtype=pl.String),
            "sector": pl.Series(
                [
                    sector(naics, crop, name, partnership)
                    for naics, crop, name in zip(text("naics"), text("crop"), titled, strict=True)
                ],
                dtype=pl.String,
            ),
            "positions": cases["positions"],
            "start": start,
            "end": end,
            "hours_week": hours,
            "wage": wage,
            "currency": ["USD"] * len(cases),
            "experience_months": pl.select(pl.when(asked.fill_null(True)).then(experience).otherwise(0)).to_series(),
            "education": read("education", _education, pl.Int64()),
            "beds": read("beds", values.whole(0, 20_000), pl.Int64()),
            "channel": pl.Series(["agency" if a or k else "direct" for a, k in zip(agent, kind, strict=True)]),
            "partnership": [partnership] * len(cases),
            "applied_on": read("received", values.day(False, years=(1990, 2060)), pl.Date()),
            "facts": _facts(cases, columns),
        }
    )
    dated = start.is_not_null() & end.is_not_null()
    for row, case in cases.filter(~dated).select(" row", "case").iter_rows():
        report.add(row, "", case, "a contract's first and last day", "refused")
    return conform(frame.filter(dated), VACANCIES)


def _facts(cases: pl.DataFrame, columns: Columns) -> pl.Series:
    """What rules may ask for beyond the columns: `lmt:yes` (a labour certification tests the market), day, crop."""
    crop = _column(cases, columns, "crop").str.replace_all("[:;]", ",")
    return (
        pl.DataFrame({"day": cases["decided"].cast(pl.String), "crop": crop})
        .select(
            pl.concat_str(
                pl.lit("lmt:yes"),
                pl.format("certified_on:{}", "day"),
                pl.format("crop:{}", "crop"),
                separator=";",
                ignore_nulls=True,
            )
        )
        .to_series()
    )


def _contract(cases: pl.DataFrame, columns: Columns, report: IntakeReport) -> tuple[pl.Series, pl.Series]:
    """The first and last day of each contract, mistyped years put right where the decision's date shows them."""
    parse = values.day(False, years=(1990, 9999))
    pairs = [(start, end) for start, end in ENDS if start in columns.fields and end in columns.fields]
    starts: list[pl.Series] = []
    ends: list[pl.Series] = []
    for field, kept in [(start, starts) for start, _ in pairs] + [(end, ends) for _, end in pairs]:
        name = columns.fields[field]
        kept.append(read_cells([cases[name]], cases[" row"], name, parse, report, pl.Date()))
    both = pl.DataFrame(
        [series.alias(f"{side}{k}") for side, found in (("s", starts), ("e", ends)) for k, series in enumerate(found)]
    )
    start = both.select(pl.coalesce(f"s{k}" for k in range(len(pairs)))).to_series()
    end = both.select(pl.coalesce(f"e{k}" for k in range(len(pairs)))).to_series()
    used = next((k for k, series in enumerate(starts) if series.null_count() < len(series)), 0)
    nature = _column(cases, columns, "nature").str.to_lowercase().str.contains("one.?time")
    fixed = read_cells(
        [start, end, cases["decided"], nature],
        cases[" row"],
        " and ".join(columns.fields[field] for field in pairs[used]),
        _span,
        report,
        pl.List(pl.Date),
    )
    return fixed.list.get(0, null_on_oob=True), fixed.list.get(1, null_on_oob=True)


def _span(start: date | None, end: date | None, decided: date | None, one_time: bool | None) -> Reading:
    """[start, end] of a contract: at most a year (three if needed once only), near its decision.

    A mistyped year is put right and said.
    """
    if start is None or end is None:
        return Reading(None, "a first and a last day of the contract", "refused")
    if _plausible(start, end, decided, 3 * YEAR if one_time else YEAR):
        return Reading([start, end])
    anchor = decided or min(start, end)
    years = range(anchor.year - 1, anchor.year + 3) if anchor.year <= LATEST else range(0)
    tries: list[tuple[date | None, date | None]] = [(start, _in_year(end, year)) for year in years] + [
        (_in_year(start, year), end) for year in years
    ]
    tries += [(_in_year(start, year), _in_year(end, other)) for year in years for other in years]
    for first, last in tries:
        if first and last and _plausible(first, last, decided):
            return Reading([first, last], f"a contract of at most a year; read as {first} to {last}", "changed")
    close = start.year <= LATEST if decided is None else abs(start - decided) <= 2 * YEAR
    if timedelta(0) < end - start <= 3 * YEAR and close:
        return Reading(
            [start, end], f"a contract of at most a year; kept, it is {(end - start).days + 1} days", "noted"
        )
    return Reading(None, "a last day after the first and within three years", "refused")


def _plausible(start: date, end: date, decided: date | None, longest: timedelta = YEAR) -> bool:
    after = start - decided if decided else timedelta(0)
    near = start.year <= LATEST and timedelta(days=-300) <= after <= timedelta(days=400)
    return near and timedelta(0) <= end - start <= longest


def _in_year(day: date, year: int) -> date | None:
    try:
        return day.replace(year=year)
    except ValueError:
        return None


def _wage(amount: str | None, unit: str | None, hours: float | None) -> Reading:
    wage = hourly(amount, unit, hours, "USD")
    if wage.note:
        return Reading(wage.minor, wage.note, "changed" if wage.minor is not None else "refused")
    return Reading(wage.minor)


def _education(text: str | None) -> Reading:
    if text is None or values.blank(text):
        return Reading()
    key = values.fold(text)
    level = next((level for word, level in ISCED.items() if key.startswith(word)), None)
    return Reading(level) if level is not None else Reading(None, "a level of education", "refused")


def employer_id(name: str | None, place: str | None) -> str:
    """A stable id of an employer by name and state: the same in every file, and it does not show the name."""
    key = f"{values.fold(name or '')}|{place or ''}"
    return "us-" + hashlib.sha256(key.encode()).hexdigest()[:10]
