"""skillbridge partnership: list, show, check, compare agreements, and what they mean over the year."""

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from skillbridge.errors import BadInput, BadInputs

if TYPE_CHECKING:
    from skillbridge.partnerships.partnership import Partnership

_LANGUAGE = click.option(
    "--lang",
    type=click.Choice(["en", "fr", "es", "ar"]),
    default="en",
    show_default=True,
    help="Language of the words.",
)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_DAY = click.DateTime(["%Y-%m-%d"])


@click.group()
def partnership_command() -> None:
    """Show, check and compare agreements.

    ID is one of `skillbridge partnership list`, or a .toml file; docs/partnerships.md says how to write one.
    """


@partnership_command.command("list")
@_JSON
def list_command(as_json: bool) -> None:
    """The bundled agreements."""
    from skillbridge.partnerships.partnership import library, load

    rows = [
        {
            "id": one.id,
            "title": one.title,
            "kind": one.kind,
            "owner": one.owner,
            "status": one.status,
            "rules": len(one.rules),
        }
        for one in map(load, library())
    ]
    if as_json:
        _print_json(rows)
        return
    for row in rows:
        click.echo(f"{row['id']:<20} {row['kind']:<20} {row['rules']:>3} rules  {row['title']}")


@partnership_command.command("show")
@click.argument("partnership", metavar="ID")
@_LANGUAGE
@_JSON
def show_command(partnership: str, lang: str, as_json: bool) -> None:
    """Every rule in plain words, with its source."""
    from skillbridge.partnerships.wording import says, sentence

    one = _load(partnership)
    if as_json:
        rules = [
            {
                "id": rule.id,
                "type": rule.kind,
                "strictness": rule.strictness,
                "says": says(rule, lang),
                "source": rule.source,
            }
            for rule in one.binding
        ]
        _print_json({"partnership": one, "rules": rules})
        return
    click.echo(f"{one.title}  ({one.id}, version {one.version}, {one.status})")
    lands = [f"{name}: {', '.join(codes)}" for name, codes in (("from", one.origins), ("to", one.destination)) if codes]
    days = [f"{name} {day}" for name, day in (("starts from", one.valid_from), ("until", one.valid_to)) if day]
    if lands or days:
        click.echo("; ".join([*lands, " ".join(days)]).rstrip("; "))
    if one.note:
        click.echo(f"\n{one.note}")
    own = {rule.id for rule in one.rules}
    for rule in one.binding:
        force = sentence(f"force.{rule.force or rule.strictness}", {}, lang)
        click.echo(f"\n{rule.id}  [{rule.kind}, {force}]{'' if rule.id in own else '  by default'}")
        for line in says(rule, lang):
            click.echo(f"  {line}")
        if rule.note:
            click.echo(f"  {rule.note}")
        if rule.source is not None:
            dated = f", {rule.source.date}" if rule.source.date else ""
            click.echo(f"  ({rule.source.title}{dated}; {rule.source.basis}) {rule.source.url}".rstrip())


@partnership_command.command("check")
@click.argument("files", metavar="ID...", nargs=-1, required=True)
@_JSON
def check_command(files: tuple[str, ...], as_json: bool) -> None:
    """Whether files can be used, and what to verify first: exit 2 with file, rule and field of every error.

    A warning is about what can be used and is unlikely to be meant, such as a wage floor in cents.
    Given several, also where two sovereigns' rules differ.
    """
    from skillbridge.partnerships.completeness import completeness
    from skillbridge.partnerships.conflicts import conflicts
    from skillbridge.partnerships.doubts import doubts

    good: list[Partnership] = []
    named: list[str] = []
    problems: list[BadInput] = []
    for name in files:
        try:
            good.append(_load(name))
            named.append(Path(name).name)
        except BadInputs as error:
            problems += error.problems
        except BadInput as error:
            problems.append(error)
    differing = conflicts(good)
    odd = [doubt for one, name in zip(good, named, strict=True) for doubt in doubts(one, name)]
    advice = {
        one.id: _advice(one, [topic.topic for topic in completeness(one) if topic.status == "missing"]) for one in good
    }
    if as_json:
        said = {"errors": _rows(problems), "warnings": _rows(odd), "conflicts": differing, "advice": advice}
        _print_json(said)
    else:
        for problem in problems:
            click.echo(f"error: {problem}", err=True)
        for doubt in odd:
            click.echo(f"warning: {doubt}", err=True)
        for one in good:
            click.echo(f"{one.id}: {len(one.rules)} rules, {len(one.binding) - len(one.rules)} by default. No error.")
            for line in advice[one.id]:
                click.echo(f"  {line}")
        for clash in differing:
            click.echo(
                f"{clash.one}/{clash.one_rule} and {clash.other}/{clash.other_rule} differ in {clash.field}: "
                f"{clash.values[0]} and {clash.values[1]}. Both bind; the stricter decides."
            )
    if problems:
        raise SystemExit(2)


@partnership_command.command("diff")
@click.argument("old")
@click.argument("new")
@click.option("--workers", type=click.Path(path_type=Path), help="Measure the effect on these workers ...")
@click.option("--vacancies", type=click.Path(path_type=Path), help="... and these vacancies.")
@_LANGUAGE
@_JSON
def diff_command(old: str, new: str, workers: Path | None, vacancies: Path | None, lang: str, as_json: bool) -> None:
    """What changed between two versions, in words and in effect."""
    from skillbridge.partnerships.diff import diff, measure

    before, after = _load(old), _load(new)
    changes = diff(before, after, lang)
    effect = None
    if (workers is None) != (vacancies is None):
        raise BadInput("--workers" if workers is None else "--vacancies", "missing", "both or neither")
    if workers is not None and vacancies is not None:
        from skillbridge.intake.vacancies import read_vacancies
        from skillbridge.intake.workers import read_workers

        effect = measure(before, after, read_workers(workers).frame, read_vacancies(vacancies).frame)
    if as_json:
        _print_json({"changes": changes, "measured": effect})
        return
    if not changes:
        click.echo("No difference.")
    for change in changes:
        what = f"{change.what} ({', '.join(change.fields)})" if change.fields else change.what
        click.echo(f"{change.rule or 'envelope'}: {what}, {change.effect}")
        for line in change.before:
            if line not in change.after:
                click.echo(f"  - {line}")
        for line in change.after:
            if line not in change.before:
                click.echo(f"  + {line}")
    if effect is not None:
        click.echo(
            f"Pairs admitted: {effect.pairs_before:,} before, {effect.pairs_after:,} after "
            f"({effect.gained:,} gained, {effect.lost:,} lost). Workers with any: "
            f"{effect.workers_with_a_place_before:,} before, {effect.workers_with_a_place_after:,} after."
        )


@partnership_command.command("calendar")
@click.argument("partnership", metavar="ID")
@click.option("--from", "first", type=_DAY, required=True, help="First day of start.")
@click.option("--to", "last", type=_DAY, required=True, help="Last day of start.")
@_LANGUAGE
@_JSON
def calendar_command(partnership: str, first: Any, last: Any, lang: str, as_json: bool) -> None:
    """The places of every quota by period, and the days that matter."""
    from skillbridge.partnerships.calendar import events, quota_calendar

    one = _load(partnership)
    low, high = first.date(), last.date()
    if high < low:
        raise BadInput("--to", f"{high} is before {low}", "the first day, then the last")
    windows, days = quota_calendar(one, low, high, lang), events(one, low, high)
    if as_json:
        _print_json({"quotas": windows, "events": days})
        return
    for window in windows:
        key = f" {' '.join(window.key).replace('*', 'each')}" if window.key else ""
        kept = "".join(f", {places:,} kept for {whom}" for whom, places in window.kept)
        plus = f" (adds to {window.adds_to})" if window.adds_to else ""
        span = f"{_shown(window.first)} to {_shown(window.last)}"
        click.echo(f"{span:<26} {window.places:>9,} {window.count:<11} {window.rule}{key}{plus}{kept}")
    for event in days:
        click.echo(f"{event.day}  {event.what.replace('_', ' ')}: {event.rule} {event.detail}".rstrip())
    if not windows and not days:
        click.echo("No quota and no day of the year in this agreement.")


@partnership_command.command("completeness")
@click.argument("partnership", metavar="ID")
@_JSON
def completeness_command(partnership: str, as_json: bool) -> None:
    """The checklist of what a sound agreement covers, and what this one leaves out."""
    from skillbridge.partnerships.completeness import completeness

    topics = completeness(_load(partnership))
    if as_json:
        _print_json(topics)
        return
    for topic in topics:
        by = topic.text or ", ".join(topic.rules)
        click.echo(f"{topic.status:<8} {topic.topic.replace('_', ' '):<26} {by}".rstrip())
    covered = sum(topic.status == "covered" for topic in topics)
    click.echo(f"{covered} of {len(topics)} topics covered by the agreement itself.")


@partnership_command.command("reference")
def reference_command() -> None:
    """Every kind of rule and its fields, in Markdown."""
    from skillbridge.partnerships.reference import reference

    click.echo(reference(), nl=False)


def _rows(problems: Iterable[BadInput]) -> list[dict[str, str]]:
    return [{"where": one.where, "what": one.what, "expected": one.expected} for one in problems]


def _advice(one: "Partnership", missing: Iterable[str]) -> list[str]:
    """What an officer should know before relying on a file without errors."""
    lines = []
    for basis, words in (("memory", "written from memory, verify"), ("invented", "invented, replace")):
        names = [rule.id for rule in one.rules if rule.source is not None and rule.source.basis == basis]
        if names:
            lines.append(f"{words}: {', '.join(names)}")
    unsourced = [rule.id for rule in one.rules if rule.source is None]
    if unsourced:
        lines.append(f"without a source: {', '.join(unsourced)}")
    topics = [topic.replace("_", " ") for topic in missing]
    if topics:
        lines.append(f"says nothing of: {', '.join(topics)}")
    return lines


def _load(name: str) -> "Partnership":
    from skillbridge.partnerships.partnership import load

    return load(name)


def _shown(day: date | None) -> str:
    return "(open)" if day is None or day in (date.min, date.max) else day.isoformat()


def _print_json(value: object) -> None:
    import msgspec

    click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())
