"""The criteria of a match: what each is worth, in thousandths, and the evidence for it.

A score is the weighted mean of the criteria's values. This module is the readable reference: one pair at a time, used
for explanations and as the oracle of the fast path (:mod:`skillbridge.matching.kernel`). All arithmetic is integer, so
both give the same number.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, TypeAlias

import msgspec

from skillbridge import words
from skillbridge.model import CEFR, Cefr, Thousandths

Weight = Annotated[int, msgspec.Meta(ge=0, le=1000, description="weight of a criterion in thousandths")]


class Said(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A sentence of the words' section `evidence` and what fills it; lists are concepts or words as stated."""

    key: str
    values: Mapping[str, int | str | tuple[str, ...]] = {}

    def words(self, lang: str = "en", name: Callable[[str], str] = str) -> str:
        """The sentence in a language; `name` says what a concept is called in it."""
        shown = {
            field: ", ".join(map(name, value)) if isinstance(value, tuple) else value
            for field, value in self.values.items()
        }
        return words.say(lang, f"evidence.{self.key}", **shown)


Evidence: TypeAlias = tuple[Said, ...]


class Facts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a pair's score and its filters look at; strengths and closeness in thousandths.

    `essential` and `optional` hold (skill asked, strength held); `languages` (language, level asked, level held);
    `wage` and `floor` are minor units an hour in the vacancy's currency (`floor` 0 = none stated, -1 = no rate to
    convert it, `wage` None = not stated); `wish` is 0 (none) to 5; `refused` the worker's own refusals that apply;
    `open` says that the work asks no training and no experience.
    """

    closeness: int
    related: Said
    months: int
    months_asked: int
    essential: tuple[tuple[str, int], ...]
    optional: tuple[tuple[str, int], ...]
    languages: tuple[tuple[str, Cefr, Cefr | None], ...]
    education: int | None
    education_asked: int | None
    licences_lacking: tuple[str, ...]
    wage: int | None
    floor: int
    currency: str | None
    overlap_days: int
    contract_days: int
    named: bool
    returning: bool
    wish: int
    refused: tuple[str, ...]
    open: bool
    consent: bool | None


class _Criterion(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind"):
    weight: Weight

    def value(self, facts: Facts) -> tuple[int, Evidence]:
        """(value in thousandths, the evidence)."""
        raise NotImplementedError


class Occupation(_Criterion, frozen=True, tag="occupation"):
    """How close the worker's occupation is to the vacancy's: 1000 for the same concept."""

    def value(self, facts: Facts) -> tuple[int, Evidence]:
        return facts.closeness, (facts.related,)


def _cover(asked: tuple[tuple[str, int], ...], facts: Facts) -> tuple[int, Evidence]:
    if not asked:
        return facts.closeness, (Said("no_skills"),)
    lacking = tuple(skill for skill, strength in asked if not strength)
    evidence = [Said("held", {"held": len(asked) - len(lacking), "asked": len(asked)})]
    if lacking:
        evidence.append(Said("lacking", {"skills": lacking[:5]}))
    return sum(strength for _, strength in asked) // len(asked), tuple(evidence)


class EssentialSkills(_Criterion, frozen=True, tag="essential_skills"):
    """The mean strength, over the essential skills asked, with which the worker holds them."""

    def value(self, facts: Facts) -> tuple[int, Evidence]:
        return _cover(facts.essential, facts)


class OptionalSkills(_Criterion, frozen=True, tag="optional_skills"):
    """The same over the optional skills."""

    def value(self, facts: Facts) -> tuple[int, Evidence]:
        return _cover(facts.optional, facts)


class Experience(_Criterion, frozen=True, tag="experience"):
    """Months of experience, weighted by the closeness of the occupations, against those asked or `full_months`."""

    full_months: Annotated[int, msgspec.Meta(ge=1, le=960, description="months that count in full if fewer are asked")]

    def value(self, facts: Facts) -> tuple[int, Evidence]:
        full = max(self.full_months, facts.months_asked)
        counted = min(1000, facts.months * facts.closeness // full)
        return counted, (Said("months", {"months": facts.months, "closeness": facts.closeness, "full": full}),)


class Language(_Criterion, frozen=True, tag="language"):
    """Per language asked: `met` at the level, `step_above` more a CEFR step above, `step_below` less a step below.

    The mean over the languages; `met` if none is asked. A language not held is a step below A1.
    """

    met: Thousandths
    step_above: Thousandths
    step_below: Thousandths

    def value(self, facts: Facts) -> tuple[int, Evidence]:
        if not facts.languages:
            return self.met, (Said("no_language"),)
        total = 0
        evidence = []
        for language, asked, held in facts.languages:
            steps = (CEFR.index(held) if held else -1) - CEFR.index(asked)
            total += max(0, min(1000, self.met + steps * (self.step_above if steps > 0 else self.step_below)))
            levels = {"language": language, "held": held or "–", "asked": asked}
            evidence.append(Said("language", levels))
        return total // len(facts.languages), tuple(evidence)


class Wage(_Criterion, frozen=True, tag="wage"):
    """The wage against the worker's floor: `at_floor` at it, rising evenly to 1000 at `full` (thousandths of it).

    `unknown` where the worker states no floor or the vacancy no wage.
    """

    at_floor: Thousandths
    full: Annotated[int, msgspec.Meta(gt=1000, le=10_000, description="wage in thousandths of the floor")]
    unknown: Thousandths

    def value(self, facts: Facts) -> tuple[int, Evidence]:
        if facts.wage is None or facts.floor <= 0:
            return self.unknown, (Said("no_wage" if facts.wage is None else "no_floor"),)
        above = facts.wage - facts.floor
        points = self.at_floor + (1000 - self.at_floor) * above * 1000 // (facts.floor * (self.full - 1000))
        shown: dict[str, int | str] = {"wage": facts.wage, "floor": facts.floor, "currency": facts.currency or ""}
        return max(0, min(1000, points)), (Said("wage", shown),)


class Availability(_Criterion, frozen=True, tag="availability"):
    """The share of the contract's days on which the worker is available."""

    def value(self, facts: Facts) -> tuple[int, Evidence]:
        share = facts.overlap_days * 1000 // facts.contract_days
        return share, (Said("days", {"days": facts.overlap_days, "of": facts.contract_days}),)


class Returning(_Criterion, frozen=True, tag="returning"):
    """`named` if the employer asked for this worker by name, `returning` if the worker has been with them before.

    The criterion's weight is the cap on what a return may count.
    """

    named: Thousandths
    returning: Thousandths

    def value(self, facts: Facts) -> tuple[int, Evidence]:
        if facts.named:
            return self.named, (Said("named"),)
        return (self.returning, (Said("returning"),)) if facts.returning else (0, (Said("first_time"),))


class Wish(_Criterion, frozen=True, tag="wish"):
    """The worker's own strongest wish (1 to 5) that this destination or employer meets, 200 a step."""

    def value(self, facts: Facts) -> tuple[int, Evidence]:
        return 200 * facts.wish, (Said("wish", {"strength": facts.wish}) if facts.wish else Said("no_wish"),)


Criterion: TypeAlias = (
    Occupation | EssentialSkills | OptionalSkills | Experience | Language | Wage | Availability | Returning | Wish
)
CRITERIA: tuple[type[Criterion], ...] = (
    Occupation,
    EssentialSkills,
    OptionalSkills,
    Experience,
    Language,
    Wage,
    Availability,
    Returning,
    Wish,
)
"""All kinds, in the order of a breakdown."""


class Contribution(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of a breakdown: the value of a criterion and its weight, both in thousandths, and the evidence.

    `evidence` is in English; `said` is the same, to be put into other languages.
    """

    criterion: str
    value: Thousandths
    weight: Weight
    evidence: str
    said: Evidence = ()

    def words(self, lang: str = "en", name: Callable[[str], str] = str) -> str:
        """The evidence in a language; `name` as in :meth:`Said.words`."""
        return self.evidence if lang == "en" and name is str else _in_words(self.said, lang, name)


def _in_words(evidence: Evidence, lang: str = "en", name: Callable[[str], str] = str) -> str:
    return "; ".join(said.words(lang, name) for said in evidence)


def breakdown(facts: Facts, criteria: tuple[Criterion, ...]) -> list[Contribution]:
    """The contributions of `criteria`, in their order; :func:`score` is their weighted mean."""
    lines = []
    for criterion in criteria:
        value, evidence = criterion.value(facts)
        kind = str(criterion.__struct_config__.tag)
        lines.append(Contribution(kind, value, criterion.weight, _in_words(evidence), evidence))
    return lines


def score(contributions: list[Contribution]) -> int:
    """The weighted mean in thousandths, rounded half up (weights sum to 1000)."""
    return (sum(line.value * line.weight for line in contributions) + 500) // 1000
