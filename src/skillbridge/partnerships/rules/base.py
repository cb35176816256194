"""What every rule has, and the protocol by which it speaks: to admission, to a solver, and to a judge.

A rule kind is one struct. Its fields are the data; beside them it defines what it needs of

- `checks(view, partnership)`: pairs it refuses, as conditions over arrays (these never become candidates),
- `clause(view, partnership)`: linear rows over classes of candidates or over vacancies,
- `refusals(case, partnership)` and `judge(cases, partnership)`: the same rule read off plain placements,
- `problems()`: what is wrong with the data in itself,
- `says(partnership)`: the parts of its plain-language rendering.
"""

import datetime
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import msgspec
import numpy as np
import numpy.typing as npt

from skillbridge.partnerships.cases import Case
from skillbridge.partnerships.selector import Problem, Selector
from skillbridge.partnerships.view import ALWAYS, NEVER, Codes, Mask, Population, View, Where, both

if TYPE_CHECKING:
    from skillbridge.partnerships.partnership import Partnership

RuleId = Annotated[
    str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9_-]*$", description="lower-case letters, digits, - and _")
]
Strictness = Literal["hard", "soft"]
Unknown = Literal["accept", "refuse"]
"""What a rule does with a placement of which the data do not say what it asks: a missing fact is met, or is not."""
DEFAULT_PENALTY = 300
"""Objective points for one unit over a soft limit where the rule names no penalty; a placement is worth 1000+."""

Phrase = tuple[str, Mapping[str, object]]
"""(template code of wording.py, its values)."""


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Where a value comes from: `read` there on `date`, or written from `memory` and to be verified before use.

    `invented` names the fields of the rule whose values were made up, for an example, where the rest has a source.
    """

    title: str
    url: str = ""
    clause: str = ""
    date: datetime.date | None = None
    basis: Literal["read", "memory", "invented"] = "read"
    invented: tuple[str, ...] = ()


@dataclass(frozen=True)
class Check:
    """Pairs refused: those of `population` (to whom the rule applies) for which `fails` holds, unless they go by one of
    the pathways in `spared`."""

    code: str
    values: tuple[tuple[str, str], ...]
    population: Population
    fails: Where
    spared: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Limit:
    """One row's right-hand side: sum <= limit, its words, unit, and penalty per unit of excess (None: hard)."""

    limit: int
    label: str
    unit: str
    penalty: int | None


@dataclass(frozen=True)
class Tally:
    """Rows over classes of candidates. For every key a pair may have (`worker_key`, `vacancy_key`; None: one key;
    a negative key is not counted) there are as many rows as `limits(worker key, vacancy key)` gives; a None among
    them is a row that binds nobody.

    `coefficient` int64 [2 ** populations, rows]: what one placement adds to each row, by which of the populations it
    belongs to (bit i for population i). `pathways` limits it to pairs that go by those partnerships.
    """

    rule: str
    populations: tuple[Population, ...]
    coefficient: npt.NDArray[np.int64]
    limits: "LimitsOf"
    worker_key: Codes | None = None
    vacancy_key: Codes | None = None
    pathways: frozenset[str] | None = None


class LimitsOf:
    """A table of limits by (worker key, vacancy key)."""

    def __init__(
        self, single: Sequence[Limit | None] = (), table: dict[tuple[int, int], Sequence[Limit | None]] | None = None
    ) -> None:
        self._single, self._table = single, table

    def __call__(self, worker_key: int, vacancy_key: int) -> Sequence[Limit | None]:
        return self._single if self._table is None else self._table.get((worker_key, vacancy_key), ())


@dataclass(frozen=True)
class VacancyRow:
    """One row over whole vacancies, whoever fills them and by whichever pathway: sum over `vacancies` <= limit."""

    rule: str
    vacancies: npt.NDArray[np.int64]
    limit: Limit


class Violation(msgspec.Struct, frozen=True):
    """A rule not kept by a set of placements: in words, with the rows of the placements and the excess in `unit`.

    `strictness` soft: allowed at a price. `placements` are row numbers, at most the first 20.
    """

    partnership: str
    rule: str
    strictness: Strictness
    code: str
    text: str
    placements: tuple[int, ...]
    excess: int = 1
    unit: str = "placements"


class Refusal(msgspec.Struct, frozen=True):
    """Why one pair is refused: a code of wording.py with its values."""

    code: str
    values: tuple[tuple[str, str], ...] = ()


class Rule(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    tag_field="type",
    tag="rule",
):
    """What every rule has.

    It binds placements that `where` means (all, if absent) and no `exempt` selector means, that start from
    `valid_from` to `valid_to` (both included), and that no rule naming it in `overrides` takes over. A `soft` rule may
    be broken at `penalty` objective points a unit. `source` is the clause it comes from.
    """

    id: RuleId
    where: Selector | None = None
    exempt: tuple[Selector, ...] = ()
    strictness: Strictness = "hard"
    penalty: Annotated[int, msgspec.Meta(ge=1)] | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    overrides: tuple[RuleId, ...] = ()
    source: Source | None = None
    note: str = ""

    right: ClassVar[bool] = False
    """Whether it protects people: then it is hard, and only a scenario may relax it."""
    force: ClassVar[str] = ""
    """What it does, where that is neither to bind nor to weigh: `told` to people, or settles `ties`."""
    same_by: ClassVar[tuple[str, ...]] = ()
    """Fields beside `where` and `exempt` in which two rules of the kind must agree to contradict each other."""

    @property
    def kind(self) -> str:
        """The rule's `type` as written in files."""
        return str(self.__struct_config__.tag)

    @property
    def soft_penalty(self) -> int | None:
        """None for a hard rule, else objective points per unit of excess."""
        return None if self.strictness == "hard" else self.penalty or DEFAULT_PENALTY

    def in_force(self, day: date) -> bool:
        """Whether the rule binds placements that start on `day`."""
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day <= self.valid_to)

    def applies(self, case: Case, partnership: "Partnership") -> bool:
        """Whether the rule binds a placement."""
        return (
            self._means(case, partnership, unknown=True)
            and not any(selector.matches(case, partnership, unknown=False) for selector in self.exempt)
            and not any(other._means(case, partnership, unknown=False) for other in partnership.overriding(self.id))
        )

    def _means(self, case: Case, partnership: "Partnership", unknown: bool) -> bool:
        return self.in_force(case.start) and (
            self.where is None or self.where.matches(case, partnership, unknown=unknown)
        )

    def population(self, view: View, partnership: "Partnership", *extra: Where) -> Population:
        """The pairs the rule binds (and `extra` holds), over a view: the same meaning as :meth:`applies`."""
        include = both(self._include(view, partnership, unknown=True), *extra)
        exclude: Where = NEVER
        for selector in self.exempt:
            exclude += selector.where(view, partnership, unknown=False)
        for other in partnership.overriding(self.id):
            exclude += other._include(view, partnership, unknown=False)
        return Population(include, exclude)

    def pathways(self) -> frozenset[str] | None:
        """The partnerships that `where` limits the rule to, None for no limit."""
        from skillbridge.partnerships.selector import values

        wanted = values(self.where.partnership) if self.where else ()
        return frozenset(wanted) if wanted else None

    def _include(self, view: View, partnership: "Partnership", unknown: bool) -> Where:
        where = self.where.where(view, partnership, unknown=unknown) if self.where else ALWAYS
        if self.valid_from is not None:
            where = both(where, (Mask(vacancy=view.start >= np.datetime64(self.valid_from)),))
        if self.valid_to is not None:
            where = both(where, (Mask(vacancy=view.start <= np.datetime64(self.valid_to)),))
        return where

    def limit(self, limit: int, label: str, unit: str = "placements", scale: int = 1) -> Limit:
        """A right-hand side under the rule's strictness; `scale` units of the row are one unit of its meaning."""
        penalty = self.soft_penalty
        return Limit(limit, label, unit, None if penalty is None else max(1, -(-penalty // scale)))

    def refuse(self, view: View, partnership: "Partnership", fails: Where, code: str, **details: object) -> Check:
        """A check of the pairs the rule binds."""
        texts = tuple((name, str(value)) for name, value in details.items())
        return Check(code, texts, self.population(view, partnership), fails)

    def broken(
        self,
        partnership: "Partnership",
        code: str,
        cases: Iterable[Case],
        excess: int = 1,
        unit: str = "placements",
        **details: object,
    ) -> Violation:
        """A violation in the rule's words."""
        from skillbridge.partnerships.wording import sentence

        rows = tuple(sorted(case.number for case in cases))[:20]
        return Violation(partnership.id, self.id, self.strictness, code, sentence(code, details), rows, excess, unit)

    # what a kind may define ------------------------------------------------------------------------------------------

    def checks(self, view: View, partnership: "Partnership") -> Iterable[Check]:
        """The pairs it refuses, for admission."""
        return ()

    def clause(self, view: View, partnership: "Partnership") -> Iterable[Tally | VacancyRow]:
        """Its rows, for a solver."""
        return ()

    def refusals(self, case: Case, partnership: "Partnership") -> Iterable[Refusal]:
        """Why one placement that it binds is not allowed, whatever the others."""
        return ()

    def judge(self, cases: Sequence[Case], partnership: "Partnership") -> Iterator[Violation]:
        """Every violation among the placements that the partnership covers."""
        for case in cases:
            if self.applies(case, partnership):
                for refusal in self.refusals(case, partnership):
                    details: dict[str, Any] = dict(refusal.values)
                    yield self.broken(partnership, refusal.code, (case,), **details)

    def problems(self) -> Iterable[Problem]:
        """What is wrong with the kind's own fields, each with what was expected."""
        return ()

    def says(self) -> Iterable[Phrase]:
        """What the rule says, as template codes with values, for rendering in every language."""
        return ()


def refusal(code: str, **details: object) -> Refusal:
    """A refusal with its values as text."""
    return Refusal(code, tuple((name, str(value)) for name, value in details.items()))
