"""An agreement as data: its envelope, its rules, and how it is read, checked, written and relaxed."""

import re
import tomllib
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from functools import cached_property, partial
from math import isfinite
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import msgspec
import tomli_w

from skillbridge.errors import BadInput, BadInputs
from skillbridge.model import Currency
from skillbridge.partnerships.rules import AnyOf
from skillbridge.partnerships.rules.base import Rule, Source
from skillbridge.partnerships.rules.pay import Amount, Per
from skillbridge.partnerships.rules.quota import QuotaRule
from skillbridge.resources import folder

Kind = Literal[
    "bilateral_agreement", "mou", "national_scheme", "regional_protocol", "skill_partnership", "origin_policy"
]
KINDS: dict[str, type[Rule]] = {str(kind.__struct_config__.tag): kind for kind in get_args(AnyOf)}
"""Rule type as written in files -> its struct."""


TOPICS = (
    "recruitment", "information", "status", "safety", "social_protection", "contract_and_wages", "qualifications",
    "remittances", "return_and_reintegration", "monitoring",
)  # fmt: skip
"""What a sound agreement covers (United Nations Network on Migration, guidance of 2022)."""


class Reference(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """An amount that rules refer to by name (`NZ.min_wage`), in force from `valid_from` to `valid_to`."""

    id: str
    amount: Amount
    currency: Currency
    per: Per = "hour"
    valid_from: date | None = None
    valid_to: date | None = None
    source: Source | None = None


class Partnership(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, dict=True):
    """An agreement, scheme or policy of one or more sovereigns.

    destination, origins: ISO 3166-1; empty is no limit. It takes placements that start from `valid_from` to `valid_to`.
    `covers_topics` says in words what no rule can (TOPICS -> clause). An `origin_policy` is no pathway: its rules bind
    every placement it covers, whatever the pathway.
    `supersedes` is the id of the agreement that it renews: stays under that one count here. `relaxed` names hard rules
    that a scenario has made advisory; an operational file never holds it.
    """

    id: Annotated[
        str,
        msgspec.Meta(
            pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", description="lower-case letters and digits, joined by hyphens"
        ),
    ]
    title: str
    kind: Kind
    owner: Literal["destination", "origin", "joint"]
    parties: tuple[str, ...] = ()
    destination: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    currency: Currency | None = None
    tz: str = "UTC"
    version: str
    status: Literal["draft", "announced", "in_force", "expired"] = "in_force"
    valid_from: date | None = None
    valid_to: date | None = None
    supersedes: str = ""
    note: str = ""
    source: Source | None = None
    covers_topics: dict[str, str] = msgspec.field(default_factory=dict)
    references: tuple[Reference, ...] = ()
    rules: tuple[AnyOf, ...] = ()
    relaxed: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Its id and that of the one it supersedes: stays under either count as stays under it."""
        return (self.id, self.supersedes) if self.supersedes else (self.id,)

    @property
    def is_overlay(self) -> bool:
        """Whether its rules bind placements of other pathways (a sovereign's policy), rather than being a pathway."""
        return self.kind == "origin_policy"

    @property
    def is_agreement(self) -> bool:
        """Whether it is one between governments, as the WHO code of practice asks for."""
        return self.kind in ("bilateral_agreement", "mou", "skill_partnership", "regional_protocol")

    @cached_property
    def binding(self) -> tuple[Any, ...]:
        """The rules that bind: the file's, then the protections where it is silent; relaxed ones made soft."""
        from skillbridge.partnerships.defaults import default_rules

        rules = (*self.rules, *default_rules(self))
        return tuple(
            msgspec.structs.replace(rule, strictness="soft") if rule.id in self.relaxed else rule for rule in rules
        )

    def covers(self, origin: str, destination: str, start: date) -> bool:
        """Whether a placement lies between its parties and starts while it is in force."""
        return (
            (not self.origins or origin in self.origins)
            and (not self.destination or destination in self.destination)
            and (self.valid_from is None or self.valid_from <= start)
            and (self.valid_to is None or start <= self.valid_to)
        )

    def overriding(self, rule_id: str) -> Sequence[Rule]:
        """The rules that name `rule_id` in `overrides`."""
        return self._overriding.get(rule_id, ())

    @cached_property
    def _overriding(self) -> dict[str, list[Rule]]:
        found: dict[str, list[Rule]] = {}
        for rule in self.rules:
            for other in rule.overrides:
                found.setdefault(other, []).append(rule)
        return found

    def reference(self, name: str, day: date) -> Reference | None:
        """The reference amount in force on a day."""
        for one in self.references:
            if (
                one.id == name
                and (one.valid_from is None or one.valid_from <= day)
                and (one.valid_to is None or day <= one.valid_to)
            ):
                return one
        return None

    def pools(self, rule: QuotaRule) -> Sequence[QuotaRule]:
        """The quotas joined to a rule by `adds_to` and `rollover_to`, itself included; roots first."""
        return next((family for family in self._families if rule in family), (rule,))

    @cached_property
    def _families(self) -> list[list[QuotaRule]]:
        quotas = [rule for rule in self.binding if isinstance(rule, QuotaRule)]
        family = {rule.id: {rule.id} for rule in quotas}
        for rule in quotas:
            for other in (rule.adds_to, rule.rollover_to):
                if other in family and family[other] is not family[rule.id]:
                    joined = family[rule.id] | family[other]
                    for name in joined:
                        family[name] = joined
        groups: list[set[str]] = []
        for names in family.values():
            if names not in groups:
                groups.append(names)
        return [
            sorted((rule for rule in quotas if rule.id in names), key=lambda rule: rule.adds_to is not None)
            for names in groups
        ]

    @cached_property
    def returning_within(self) -> tuple[int | None, Callable[[date], int]]:
        """(years back in which a past season makes a worker a returning one, None: ever; the year of a day)."""
        for rule in self.rules:
            definition = getattr(rule, "definition", None)
            if definition is not None:
                months = definition.months
                years = None if months is None else months // 12
                return years, partial(year_of, start=definition.year_start)
        return None, lambda day: day.year


def year_of(day: date, start: str) -> int:
    """The calendar year, or the number of the year that begins on `start` (named by the year it ends in)."""
    return day.year + (start != "01-01" and f"{day:%m-%d}" >= start)


# files ---------------------------------------------------------------------------------------------------------------


def library() -> list[str]:
    """The ids of the bundled agreements, sorted."""
    return sorted(path.stem for path in folder("datasets/partnerships").glob("*.toml"))


def load(source: str | Path, *, scenario: bool = False) -> Partnership:
    """The partnership with this id in the library, or in this TOML file, checked whole.

    Raises `BadInputs` with file, rule and field of everything wrong. Only with `scenario` may the file relax rules.
    """
    path = Path(source)
    if isinstance(source, str) and path.suffix != ".toml":
        if source not in library():
            raise BadInput(f"partnership {source}", "not in the library", ", ".join(library()) + ", or a .toml file")
        path = folder("datasets/partnerships") / f"{source}.toml"
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(str(path), f"cannot be read ({error})", "a TOML file in UTF-8") from error
    return parse(text, path.name, scenario=scenario)


_LONG_KEY = re.compile(r"""(?<![\w-])(?:(?:[\w-]+|"[^"\n]*"|'[^'\n]*')[ \t]*\.[ \t]*){30}""")


def parse(text: str, name: str = "partnership", *, scenario: bool = False) -> Partnership:
    """The partnership written in a TOML text; `name` leads the messages. Raises `BadInputs`."""
    try:
        if _LONG_KEY.search(text):  # the reader would take seconds, or fall
            raise BadInput(name, "a key of more than 30 parts", "keys of few parts")
        raw = tomllib.loads(text.removeprefix("\ufeff"))
    except RecursionError:
        raise BadInput(name, "nested too deeply", "tables and lists a few levels deep") from None
    except tomllib.TOMLDecodeError as error:
        from skillbridge.partnerships.faults import not_toml

        raise not_toml(text, name, error) from error
    except ValueError:
        raise BadInput(name, "a number of thousands of digits", "numbers as they are written") from None
    problems: list[BadInput] = []
    rules: list[Any] = []
    written = raw.pop("rules", [])
    if not isinstance(written, list) or not all(isinstance(one, dict) for one in written):
        raise BadInput(f"{name}: rules", "not a list of tables", "[[rules]], in double brackets, before each rule")
    for number, one in enumerate(written):
        where = f"{name}: rules[{number}] {one.get('id', '?')}"
        kind = KINDS.get(str(one.get("type")))
        if kind is None:
            what = f"{one['type']!r}" if "type" in one else "missing"
            problems.append(BadInput(f"{where}.type", what, "one of " + ", ".join(KINDS)))
            continue
        rules += _converted(one, kind, where, ".", problems)
    envelope = _converted(raw, Partnership, name, ": ", problems)
    if problems:
        raise BadInputs(problems)
    partnership: Partnership = msgspec.structs.replace(envelope[0], rules=tuple(rules))
    from skillbridge.partnerships.validate import validate

    problems = list(validate(partnership, name, scenario=scenario))
    if problems:
        raise BadInputs(problems)
    return partnership


def dump(partnership: Partnership) -> str:
    """The partnership as TOML that :func:`parse` reads back to an equal one."""
    return tomli_w.dumps(msgspec.to_builtins(partnership, builtin_types=(date,)))


def relax(partnership: Partnership, rules: Iterable[str]) -> Partnership:
    """The partnership with these hard rules made advisory: for a scenario only, and recorded in `relaxed`.

    Raises `BadInput` for a rule that it does not have.
    """
    names = list(rules)
    known = {rule.id for rule in partnership.binding}
    for name in names:
        if name not in known:
            raise BadInput(f"partnership {partnership.id}: relax {name}", "no such rule", ", ".join(sorted(known)))
    return msgspec.structs.replace(partnership, relaxed=tuple(sorted({*partnership.relaxed, *names})))


def _converted(raw: dict[str, Any], kind: type[Any], where: str, glue: str, problems: list[BadInput]) -> list[Any]:
    """The struct in a list, or nothing and everything wrong with it added to `problems`."""
    try:
        if _is_finite(raw):
            return [msgspec.convert(raw, kind, strict=True, str_keys=True)]
        message = "an infinite number, or none"
    except msgspec.ValidationError as error:
        message = str(error)
    from skillbridge.partnerships.faults import faults

    found = faults(raw, kind, where, glue=glue, head=frozenset(Partnership.__struct_fields__))
    problems += found or [BadInput(where, message)]
    return []


def _is_finite(raw: Any) -> bool:
    """Whether no number in it is `inf` or `nan`, which TOML knows and no rule can mean."""
    if isinstance(raw, dict | list):
        return all(map(_is_finite, raw.values() if isinstance(raw, dict) else raw))
    return not isinstance(raw, float) or isfinite(raw)
