"""Ranked pairs and their scores. See the package for how they hang together."""

from datetime import date
from typing import Annotated

from skillbridge.workspace.views.base import Moment, View, doc


class Criterion(View, frozen=True):
    """One part of a score."""

    criterion: Annotated[str, doc("Name of the criterion.", "skills")]
    thousandths: Annotated[int, doc("How well it is met, 0 to 1000.", 800)]
    weight: Annotated[int, doc("Its weight in the sum.", 400)]
    evidence: Annotated[str, doc("What was compared.", "3 of 4 essential skills")]


class Pair(View, frozen=True):
    """A worker and a vacancy that may legally come together, and how well they suit each other."""

    worker_id: Annotated[str, doc("The worker's pseudonym.", "w-1042")]
    vacancy_id: Annotated[str, doc("The vacancy.", "v-9")]
    partnership: Annotated[str, doc("The pathway that carries the pair.", "nz-rse")]
    start: Annotated[date, doc("First day.", "2026-11-01")]
    end: Annotated[date, doc("Last day.", "2027-04-30")]
    score: Annotated[int, doc("Thousandths; in steps of 50 for roles to whom parts of it are not shown.", 742)]


class Match(Pair, frozen=True):
    """A legal pair with its score, and the reason for it."""

    breakdown: Annotated[
        list[Criterion],
        doc("The parts of the score that the role may see."),
    ]


class Matches(View, frozen=True):
    """Ranked legal pairs, best first; how many are refused, and by which rule."""

    items: Annotated[list[Match], doc("Best first.")]
    considered: Annotated[int, doc("Pairs looked at after the filters.", 1200)]
    refused: Annotated[dict[str, int], doc("Refused pairs per rule.", {"nz-rse age: must be 18 or older": 3})]
    labels: Annotated[
        dict[str, str],
        doc(
            "What each concept is called that the evidence names by its URI.",
            {"http://data.europa.eu/esco/isco/C9211": "Crop farm labourers"},
        ),
    ]
    as_of: Annotated[Moment, doc("The moment whose stored rows were ranked.", "2026-03-01T09:00:00+00:00")]
