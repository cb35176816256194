"""What every pair is measured by: the taxonomy's skills and neighbours, the policy, the exchange rates."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import polars as pl

from skillbridge.matching.criteria import Contribution, Facts, Said, breakdown, score
from skillbridge.matching.filters import Refusal, refusals
from skillbridge.matching.policy import Policy, load_policy
from skillbridge.matching.profile import Profile
from skillbridge.model import ISCO, Vacancy
from skillbridge.rates import Rates, load_rates
from skillbridge.taxonomies.graph import LEARNING, group_skills, neighbours, skills_of
from skillbridge.taxonomies.pack import Taxonomy

Occupation = tuple[str | None, str | None]
"""(concept URI, ISCO code)."""

Skills = tuple[tuple[str, ...], tuple[str, ...]]
"""(essential, optional) skill URIs, disjoint and sorted."""


MONTHS = 960
"""More experience teaches nothing further."""


def _learned(ceiling: float, half: float) -> npt.NDArray[np.int32]:
    months = np.arange(MONTHS + 1)
    return np.rint(1000 * ceiling * (1 - 0.5 ** (months / half))).astype(np.int32)


LEARNED = np.stack([_learned(*LEARNING["essential"]), _learned(*LEARNING["optional"])])
"""int32 [essential, optional][months]: how strongly an occupation implies its skills, by taxonomies.graph.LEARNING."""

TYPICAL = {"essential": 0.5, "optional": 0.2}
"""A unit group without skills of its own asks for what its occupations ask on average at least this much."""


@dataclass(frozen=True, eq=False)
class Yardstick:
    """How pairs are measured. `skills`: concept -> its skills; `near`: two ISCO codes -> similarity in thousandths."""

    policy: Policy
    rates: Rates
    skills: dict[str, Skills]
    near: dict[tuple[str, str], int] = field(repr=False)

    def related(self, worker: Occupation, vacancy: Occupation) -> tuple[int, Said]:
        """(closeness in thousandths, the relation) of two occupations."""
        closeness = self.policy.closeness
        (concept, isco), (concept_asked, isco_asked) = worker, vacancy
        if concept and concept == concept_asked:
            return 1000, Said("same")
        if not isco or not isco_asked:
            return 0, Said("unknown")
        codes = {"own": isco, "asked": isco_asked}
        if isco == isco_asked and len(isco) >= 4:
            return closeness.same_group, Said("same_group", codes)
        if isco.startswith(isco_asked) or isco_asked.startswith(isco):
            return closeness.wider_group, Said("within", codes)
        similarity = self.near.get((isco, isco_asked), 0)
        if similarity < closeness.min_similarity:
            return 0, Said("unrelated", codes)
        return closeness.neighbour * similarity // 1000, Said("neighbour", codes)

    def closeness_table(self, workers: Sequence[Occupation], vacancies: Sequence[Occupation]) -> npt.NDArray[np.int32]:
        """`related` of every two, int32 [workers x vacancies]: for the distinct occupations, not for people."""
        table = np.zeros((len(workers), len(vacancies)), dtype=np.int32)
        by_isco: dict[str, list[int]] = {}
        by_concept: dict[str, list[int]] = {}
        for number, (concept, isco) in enumerate(vacancies):
            by_concept.setdefault(concept or "", []).append(number)
            by_isco.setdefault(isco or "", []).append(number)
        relevant: dict[str, list[str]] = {}
        for first, second in self.near:
            if second in by_isco:
                relevant.setdefault(first, []).append(second)
        for row, worker in enumerate(workers):
            concept, isco = worker
            columns = set(by_concept.get(concept, ()) if concept else ())
            if isco:
                codes = {code for code in by_isco if code and (code.startswith(isco) or isco.startswith(code))}
                for code in codes.union(relevant.get(isco, ())):
                    columns.update(by_isco[code])
            for column in columns:
                table[row, column] = self.related(worker, vacancies[column])[0]
        return table

    def implied(self, occupation: Occupation) -> Skills:
        """The (essential, optional) skills of an occupation: those of its concept, else those of its ISCO group."""
        concept, isco = occupation
        found = self.skills.get(concept or "")
        return found or self.skills.get(ISCO + (isco or ""), ((), ()))

    def asked(self, occupation: Occupation, stated: Iterable[str]) -> Skills:
        """The skills a vacancy asks: those it states are essential, and its occupation's then optional.

        If it states none, the occupation's own essential and optional ones.
        """
        essential, optional = self.implied(occupation)
        named = tuple(sorted(set(stated)))
        if not named:
            return essential, optional
        return named, tuple(sorted(set(essential + optional) - set(named)))

    def facts(self, worker: Profile, vacancy: Vacancy) -> Facts:
        """What the criteria and the filters look at in this pair."""
        occupation, wanted = (worker.concept, worker.isco), (vacancy.concept, vacancy.isco)
        closeness, related = self.related(occupation, wanted)
        held: dict[str, int] = {}
        for skills, learned in zip(self.implied(occupation), LEARNED, strict=True):
            held.update(dict.fromkeys(skills, int(learned[min(worker.experience_months, MONTHS)])))
        held.update(dict.fromkeys(worker.skills, 1000))
        essential, optional = self.asked(wanted, vacancy.skills)
        start = max(vacancy.start, worker.available_from or vacancy.start)
        end = min(vacancy.end, worker.available_to or vacancy.end)
        mine = {vacancy.destination, vacancy.employer_id, f"employer-{vacancy.employer_id}"}
        wishes = [wish for wish in worker.preferences if wish.target in mine]
        open_group = bool(vacancy.isco) and any(map((vacancy.isco or "").startswith, self.policy.filters.open_groups))
        return Facts(
            closeness=closeness,
            related=related,
            months=min(worker.experience_months, MONTHS),
            months_asked=vacancy.experience_months,
            essential=tuple((skill, held.get(skill, 0)) for skill in essential),
            optional=tuple((skill, held.get(skill, 0)) for skill in optional),
            languages=tuple(
                (language, level, worker.languages.get(language)) for language, level in vacancy.languages.items()
            ),
            education=worker.education,
            education_asked=vacancy.education,
            licences_lacking=tuple(licence for licence in vacancy.licences if licence not in worker.licences),
            wage=vacancy.wage,
            floor=self.floor(worker.wage_floor, worker.currency, vacancy.currency),
            currency=vacancy.currency,
            overlap_days=max(0, (end - start).days + 1),
            contract_days=(vacancy.end - vacancy.start).days + 1,
            named=worker.worker_id in vacancy.named_workers,
            returning=vacancy.employer_id in worker.past_employers,
            wish=max((wish.weight for wish in wishes if not wish.refuses), default=0),
            refused=tuple(wish.target for wish in wishes if wish.refuses),
            open=open_group and vacancy.experience_months == 0,
            consent=worker.consent,
        )

    def floor(self, amount: int | None, given: str | None, wanted: str | None) -> int:
        """A wage floor in minor units of `wanted`: 0 if none is stated, -1 if there is no rate to convert it."""
        if not amount:
            return 0
        factor = self.rates.factor(given, wanted)
        return -1 if factor is None else int(amount * factor + 0.5)

    def breakdown(self, worker: Profile, vacancy: Vacancy) -> list[Contribution]:
        """The pair's score line by line; :func:`skillbridge.matching.criteria.score` adds it up."""
        return breakdown(self.facts(worker, vacancy), self.policy.ordered())

    def score(self, worker: Profile, vacancy: Vacancy) -> int:
        """The pair's score in thousandths, whether or not the pair is a candidate."""
        return score(self.breakdown(worker, vacancy))

    def why_not(self, worker: Profile, vacancy: Vacancy) -> list[Refusal]:
        """Every filter that rules the pair out (the partnerships' rules are asked by :func:`...rank.why_not`)."""
        return refusals(self.facts(worker, vacancy), self.policy.filters)


@lru_cache(maxsize=4)
def yardstick(taxonomy: Taxonomy, policy: Policy | None = None, rates: Rates | None = None) -> Yardstick:
    """The yardstick of a taxonomy, with the bundled policy and rates unless others are given; the last are kept."""
    essential = pl.col("strength") == "essential"
    own = skills_of(taxonomy).select(pl.col("concept"), pl.col("skill"), essential.alias("essential"))
    typical = group_skills(taxonomy).filter(pl.col("weight") >= TYPICAL["optional"])
    groups = typical.select(
        concept=pl.lit(ISCO) + pl.col("isco"), skill="skill", essential=pl.col("weight") >= TYPICAL["essential"]
    ).join(own, on="concept", how="anti")
    skills: dict[str, Skills] = {}
    for concept, must, may in (
        pl.concat([own, groups])
        .group_by("concept", maintain_order=True)
        .agg(
            must=pl.col("skill").filter(pl.col("essential")).unique().sort(),
            may=pl.col("skill").filter(~pl.col("essential")).unique().sort(),
        )
        .iter_rows()
    ):
        skills[concept] = (tuple(must), tuple(may))
    near = neighbours(taxonomy).select("isco_a", "isco_b", "similarity")
    return Yardstick(
        policy or load_policy(),
        rates or load_rates(),
        skills,
        {(a, b): round(share * 1000) for a, b, share in near.iter_rows()},
    )
