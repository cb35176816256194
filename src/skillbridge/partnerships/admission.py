"""Which pairs the agreements allow at all, by which pathway, and why the others are refused.

Everything is decided between a class of workers and a class of vacancies that no rule tells apart; what depends on a
person's past stays is asked pair by pair (:meth:`Admission.pairs`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import polars as pl

from skillbridge.partnerships.history import StayJudge
from skillbridge.partnerships.partnership import Partnership
from skillbridge.partnerships.rules.base import Check, Rule
from skillbridge.partnerships.rules.length import StayRule
from skillbridge.partnerships.stay import TERMS
from skillbridge.partnerships.view import ALWAYS, Bools, Mask, Population, View, Where, both, number_rows
from skillbridge.partnerships.wording import sentence

REFUSED = 255
"""In `Admission.pathway`: no partnership takes the pair."""


@dataclass(frozen=True)
class Reason:
    """Why pairs are refused: whose rule ("" where no agreement speaks), and a code of wording.py with its values."""

    partnership: str
    rule: str
    code: str
    values: tuple[tuple[str, str], ...] = ()

    @property
    def text(self) -> str:
        """The reason in English."""
        return self.in_language("en")

    def in_language(self, language: str) -> str:
        """The reason in en, fr, es or ar."""
        return sentence(self.code, dict(self.values), language)


@dataclass(frozen=True)
class Admission:
    """Classes of workers and vacancies, and what becomes of every pair of classes.

    `worker_class` int32 [workers], `vacancy_class` int32 [vacancies]. `pathway` uint8 [worker and vacancy classes]: the
    number of the partnership (as given) that carries the pair, REFUSED (255) if none does. `reason` uint16, same
    shape: meaningful where refused, the number in `reasons`.
    """

    worker_class: npt.NDArray[np.int32]
    vacancy_class: npt.NDArray[np.int32]
    pathway: npt.NDArray[np.uint8]
    reason: npt.NDArray[np.uint16]
    reasons: tuple[Reason, ...]
    _view: View = field(repr=False)
    _asked: npt.NDArray[np.uint16] = field(repr=False)
    _rules: tuple[tuple["_PairRule", ...], ...] = field(repr=False)
    _has_past: Bools = field(repr=False)

    def pairs(
        self, worker: npt.ArrayLike, vacancy: npt.ArrayLike, start: npt.ArrayLike, end: npt.ArrayLike
    ) -> npt.NDArray[np.uint16]:
        """What past stays say of pairs of rows from `start` to `end` (both included, datetime64[D] or date32).

        uint16 [pairs]: 0 admitted, else 1 + the number in `reasons`. Pairs that `pathway` refuses get that reason.
        """
        workers, vacancies = np.asarray(worker), np.asarray(vacancy)
        first, last = (np.asarray(days).astype("datetime64[D]") for days in (start, end))
        wc, vc = self.worker_class[workers], self.vacancy_class[vacancies]
        refused = self.pathway[wc, vc] == REFUSED
        result = np.where(refused, self.reason[wc, vc] + 1, 0).astype(np.uint16)
        past = self._view.codes("worker", "past")[1][workers]
        shifted = (first != self._view.start[vacancies]) | (last != self._view.end[vacancies])
        asked = self._asked[wc, vc]
        todo = np.flatnonzero((asked > 0) & (shifted | self._has_past[past]))
        for number in np.flatnonzero(np.bincount(asked[todo])):
            mine = todo[asked[todo] == number]
            for rule in self._rules[number]:
                still = mine[(result[mine] == 0) & (shifted[mine] | rule.judge.rule.asks_history)]
                if len(still):
                    terms = rule.judge.broken(past[still], first[still], last[still])
                    result[still] = np.where(terms > 0, rule.reasons[terms] + 1, 0)
        return result


@dataclass(frozen=True)
class _PairRule:
    """A stay rule, the pairs it binds, and the reason number of each of its terms.

    It binds the pairs of pathway `number`, or under an `overlay` those of any pathway for which that holds.
    """

    number: int
    judge: StayJudge
    population: Population
    overlay: Where | None
    reasons: npt.NDArray[np.uint16]

    def binds(self, w_at: npt.NDArray[np.int64], v_at: npt.NDArray[np.int64], pathway: npt.NDArray[np.uint8]) -> Bools:
        """bool [worker and vacancy classes]."""
        bound: Bools = pathway == self.number
        if self.overlay is not None:
            bound = (pathway != REFUSED) & _outer(self.overlay, w_at, v_at)
        bound &= _outer(self.population.include, w_at, v_at)
        bound &= ~_outer(self.population.exclude, w_at, v_at)
        return bound


def admission(
    workers: pl.DataFrame,
    vacancies: pl.DataFrame,
    partnerships: Sequence[Partnership],
    *,
    employers: dict[str, str] | None = None,
) -> Admission:
    """The admission of these workers (tables.WORKERS) to these vacancies (tables.VACANCIES), concept and isco filled.

    A vacancy that names a partnership goes by that one only; another by the first given that takes the pair. Rules of
    an origin_policy bind every pair they cover. A placement is asked for the vacancy's own dates. The first given
    partnership to cover a pair speaks for its refusal; within it, the first rule in the file that refuses.
    `employers` (see `view.employer_countries`) are those of all vacancies where only some are given.
    """
    view = View(workers, vacancies, employers)
    columns = _Classes(view)
    ways = [_Way.of(n, partnership, view, columns) for n, partnership in enumerate(partnerships)]
    worker_class, w_at = columns.classes("worker")
    vacancy_class, v_at = columns.classes("vacancy")
    shape = (len(w_at), len(v_at))
    pathway = np.full(shape, REFUSED, dtype=np.uint8)
    reasons: dict[Reason, int] = {Reason("", "", "corridor.none"): 0}
    reason = np.zeros(shape, dtype=np.uint16)
    depth = np.zeros(shape, dtype=np.bool_)
    named, _ = view.codes("vacancy", "partnership")
    known = {partnership.id for partnership in partnerships}
    for name in named:
        if name is not None and name not in known:
            absent = view.mask("vacancy", "partnership", ("is", name), lambda one, name=name: one == name)[v_at]  # type: ignore[misc]
            reason[:, absent] = reasons.setdefault(
                Reason(name, "", "corridor.not_given", (("partnership", name),)), len(reasons)
            )
    for way in ways:
        if way.partnership.is_overlay:
            continue
        covered = _outer(way.covers, w_at, v_at)
        refused = _refusals(way, w_at, v_at, covered, reasons)
        taken = covered & (refused < 0) & (pathway == REFUSED)
        pathway[taken] = way.number
        told = covered & (refused >= 0) & ~depth
        reason[told] = refused[told]
        depth |= told
    for way in ways:
        if way.partnership.is_overlay:
            covered = _outer(way.covers, w_at, v_at)
            names = [one.id for one in partnerships]
            refused = _refusals(way, w_at, v_at, covered & (pathway != REFUSED), reasons, (pathway, names))
            hit = refused >= 0
            pathway[hit] = REFUSED
            reason[hit] = refused[hit]
    asked, rules = _asked([rule for way in ways for rule in _pair_rules(way, view, reasons)], w_at, v_at, pathway)
    texts, _ = view.codes("worker", "past")
    has_past = np.array([bool(text) for text in texts], dtype=np.bool_)
    return Admission(worker_class, vacancy_class, pathway, reason, tuple(reasons), view, asked, rules, has_past)


def shut(vacancy: pl.DataFrame, worker: pl.DataFrame, partnerships: Sequence[Partnership]) -> set[str]:
    """The partnerships that refuse one vacancy (a row of tables.VACANCIES) whoever comes, as far as rules without
    exemption tell; `worker` is any row of tables.WORKERS."""
    view = View(worker, vacancy)

    def always(where: Where) -> bool:
        return any(mask.worker is None and (mask.vacancy is None or bool(mask.vacancy.all())) for mask in where)

    found = set()
    for one in partnerships:
        for rule in one.binding:
            if rule.strictness != "hard" or rule.exempt or one.overriding(rule.id) or one.is_overlay:
                continue
            if any(
                always(check.fails) and always(check.population.include) and one.id not in check.spared
                for check in rule.checks(view, one)
            ):
                found.add(one.id)
                break
    return found


@dataclass(frozen=True)
class _Way:
    """One partnership over a view: what it covers and what it refuses, rule by rule."""

    number: int
    partnership: Partnership
    covers: Where
    checks: tuple[tuple[Rule, Check], ...]

    @classmethod
    def of(cls, number: int, partnership: Partnership, view: View, columns: "_Classes") -> "_Way":
        covers = coverage(partnership, view)
        checks = [(rule, check) for rule in partnership.binding for check in rule.checks(view, partnership)]
        checks = [(rule, check) for rule, check in checks if rule.strictness == "hard"]
        columns.add(covers)
        for _, check in checks:
            columns.add((*check.population.masks(), *check.fails))
        for rule in _stay_rules(partnership):
            columns.add(tuple(rule.population(view, partnership).masks()))
        return cls(number, partnership, covers, tuple(checks))


def coverage(partnership: Partnership, view: View) -> Where:
    """The pairs a partnership is about: parties, dates and, for a pathway, vacancies that name it or none."""
    origin = view.mask(
        "worker",
        "origin",
        ("in", partnership.origins),
        lambda one: not partnership.origins or one in partnership.origins,
    )
    there = view.mask(
        "vacancy",
        "destination",
        ("in", partnership.destination),
        lambda one: not partnership.destination or one in partnership.destination,
    )
    covers = both((Mask(worker=origin, vacancy=there),))
    if partnership.valid_from is not None:
        covers = both(covers, (Mask(vacancy=view.start >= np.datetime64(partnership.valid_from)),))
    if partnership.valid_to is not None:
        covers = both(covers, (Mask(vacancy=view.start <= np.datetime64(partnership.valid_to)),))
    if not partnership.is_overlay:
        free = view.mask(
            "vacancy", "partnership", ("free for", partnership.id), lambda one: one is None or one == partnership.id
        )
        covers = both(covers, (Mask(vacancy=free),))
    return covers


class _Classes:
    """Collects every condition asked, and numbers the rows that no condition tells apart."""

    def __init__(self, view: View) -> None:
        self._masks: dict[str, dict[int, Bools]] = {"worker": {}, "vacancy": {}}
        self._size = {"worker": len(view.workers), "vacancy": len(view.vacancies)}
        codes = view.codes("vacancy", "partnership")[1]
        for n in range(int(codes.max(initial=0)) + 1):
            self._masks["vacancy"][-1 - n] = codes == n

    def add(self, where: Sequence[Mask]) -> None:
        """Take in the conditions of some masks."""
        for mask in where:
            for side in ("worker", "vacancy"):
                condition = getattr(mask, side)
                if condition is not None:
                    self._masks[side][id(condition)] = condition

    def classes(self, side: str) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
        """(class of every row, a row of every class)."""
        return number_rows(list(self._masks[side].values()), self._size[side])


def pairs_hold(where: Where, worker: npt.NDArray[np.int64], vacancy: npt.NDArray[np.int64]) -> Bools:
    """Whether a condition holds for each pair of rows."""
    result = np.zeros(len(worker), dtype=np.bool_)
    for mask in where:
        part = np.ones(len(worker), dtype=np.bool_)
        if mask.worker is not None:
            part &= mask.worker[worker]
        if mask.vacancy is not None:
            part &= mask.vacancy[vacancy]
        result |= part
    return result


def _outer(where: Where, rows: npt.NDArray[np.int64], columns: npt.NDArray[np.int64]) -> Bools:
    """Every row with every column."""
    result = np.zeros((len(rows), len(columns)), dtype=np.bool_)
    for mask in where:
        left = np.ones(len(rows), dtype=np.bool_) if mask.worker is None else mask.worker[rows]
        right = np.ones(len(columns), dtype=np.bool_) if mask.vacancy is None else mask.vacancy[columns]
        result[np.ix_(left, right)] = True
    return result


def _refusals(
    way: _Way,
    w_at: npt.NDArray[np.int64],
    v_at: npt.NDArray[np.int64],
    asked: Bools,
    reasons: dict[Reason, int],
    by: tuple[npt.NDArray[np.uint8], list[str]] | None = None,
) -> npt.NDArray[np.int32]:
    """int32 [worker and vacancy classes]: the number of the first reason to refuse an asked pair, -1 for none.

    `by`: for a policy, the pathway of every pair and the partnerships' ids."""
    result = np.full(asked.shape, -1, dtype=np.int32)
    rows, columns = np.flatnonzero(asked.any(axis=1)), np.flatnonzero(asked.any(axis=0))
    if not len(rows) or not len(columns):
        return result
    inside = asked[np.ix_(rows, columns)]
    found = np.where(inside, -1, -2).astype(np.int32)
    for rule, check in way.checks:
        number = reasons.setdefault(Reason(way.partnership.id, rule.id, check.code, check.values), len(reasons))
        hits = _outer(check.fails, w_at[rows], v_at[columns])
        if not hits.any():
            continue
        if check.population.include is not ALWAYS:
            hits &= _outer(check.population.include, w_at[rows], v_at[columns])
        if check.population.exclude:
            hits &= ~_outer(check.population.exclude, w_at[rows], v_at[columns])
        if by is not None and check.spared:
            spared = [n for n, name in enumerate(by[1]) if name in check.spared]
            hits &= ~np.isin(by[0][np.ix_(rows, columns)], spared)
        elif way.partnership.id in check.spared:
            continue
        found[(found == -1) & hits] = number
    result[np.ix_(rows, columns)] = np.where(found == -2, -1, found)
    return result


def _stay_rules(partnership: Partnership) -> list[StayRule]:
    """Its stay rules that refuse pairs."""
    return [rule for rule in partnership.binding if isinstance(rule, StayRule) and rule.strictness != "soft"]


def _pair_rules(way: _Way, view: View, reasons: dict[Reason, int]) -> list[_PairRule]:
    rules = []
    for rule in _stay_rules(way.partnership):
        numbers = np.zeros(len(TERMS), dtype=np.uint16)
        for position, term in enumerate(TERMS):
            if term:
                details = tuple(rule.details(term).items())
                numbers[position] = reasons.setdefault(Reason(way.partnership.id, rule.id, term, details), len(reasons))
        population = rule.population(view, way.partnership)
        overlay = way.covers if way.partnership.is_overlay else None
        rules.append(_PairRule(way.number, StayJudge(rule, way.partnership, view), population, overlay, numbers))
    return rules


def _asked(
    rules: Sequence[_PairRule],
    w_at: npt.NDArray[np.int64],
    v_at: npt.NDArray[np.int64],
    pathway: npt.NDArray[np.uint8],
) -> tuple[npt.NDArray[np.uint16], tuple[tuple[_PairRule, ...], ...]]:
    """(uint16 [worker and vacancy classes], lists of rules): which list a pair of classes is asked, 0 the empty one."""
    asked = np.zeros(pathway.shape, dtype=np.uint16)
    lists: list[tuple[_PairRule, ...]] = [()]
    for rule in rules:
        bound = rule.binds(w_at, v_at, pathway)
        longer = np.zeros(len(lists), dtype=np.uint16)
        for number in np.flatnonzero(np.bincount(asked[bound], minlength=len(lists))):
            longer[number] = len(lists)
            lists.append((*lists[number], rule))
        asked[bound] = longer[asked[bound]]
    return asked, tuple(lists)
