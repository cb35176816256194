"""Occupations and skills. See the package for how they hang together."""

from typing import Annotated, Literal

from skillbridge.workspace.views.base import View, doc


class TaxonomyView(View, frozen=True):
    """A taxonomy that this installation carries."""

    taxonomy_id: Annotated[str, doc("Name of the pack.", "core")]
    version: Annotated[str, doc("Its version.", "1.0.0")]
    languages: Annotated[list[str], doc("Languages of its labels, BCP 47.", ["en", "fr"])]
    concepts: Annotated[int, doc("Concepts.", 619)]
    labels: Annotated[int, doc("Labels.", 7500)]


class TaxonomyList(View, frozen=True):
    """The taxonomies."""

    items: Annotated[list[TaxonomyView], doc("The taxonomies, by name.")]


class Resolve(View, frozen=True):
    """Texts to understand."""

    texts: Annotated[
        list[Annotated[str, doc("A job title or skill as someone wrote it.", "fruit picker", max_length=500)]],
        doc("The texts.", ["fruit picker", "cueilleur de fruits"], min_length=1, max_length=1_000),
    ]
    kind: Annotated[Literal["occupation", "skill"], doc("What the texts name.", "occupation")] = "occupation"
    lang: (
        Annotated[
            str,
            doc("Language of the texts, BCP 47; all if left out.", "en", max_length=35, pattern="^[A-Za-z0-9-]*$"),
        ]
        | None
    ) = None
    limit: Annotated[int, doc("Answers a text.", 3, ge=1, le=20)] = 3


class Understood(View, frozen=True):
    """One answer to one text."""

    rank: Annotated[int, doc("1 is the best.", 1)]
    concept_uri: Annotated[
        str | None, doc("The concept; null if none was found.", "http://data.europa.eu/esco/isco/C9211")
    ]
    notation: Annotated[str | None, doc("Its code.", "9211")]
    isco: Annotated[str | None, doc("ISCO-08 group.", "9211")]
    label: Annotated[str | None, doc("The label that matched.", "Crop farm labourers")]
    score: Annotated[float | None, doc("Calibrated probability that this is right.", 0.97)]
    method: Annotated[str | None, doc("How it was found.", "label")]
    decision: Annotated[str | None, doc("accept, review or reject.", "accept")]


class Resolution(View, frozen=True):
    """The answers to one text."""

    text: Annotated[str, doc("The text as given.", "fruit picker")]
    answers: Annotated[list[Understood], doc("Best first.")]


class Resolutions(View, frozen=True):
    """The answers, in the order of the texts."""

    items: Annotated[list[Resolution], doc("One a text.")]


class ConceptHit(View, frozen=True):
    """A label of which a word begins as typed."""

    concept_uri: Annotated[str, doc("The concept.", "http://data.europa.eu/esco/isco/C9211")]
    notation: Annotated[str, doc("Its code.", "9211")]
    kind: Annotated[str, doc("occupation, isco_group, skill or skill_group.", "isco_group")]
    label: Annotated[str, doc("The label that matched.", "Crop farm labourers")]
    lang: Annotated[str, doc("Language of the label.", "en")]


class ConceptHits(View, frozen=True):
    """Labels with words that begin as typed, whole labels first, then the shortest."""

    items: Annotated[list[ConceptHit], doc("The labels.")]


class ConceptLink(View, frozen=True):
    """A relation of a concept to another."""

    relation: Annotated[str, doc("broader, narrower, essential, optional or related.", "essential")]
    concept_uri: Annotated[str, doc("The other concept.", "http://data.europa.eu/esco/isco/C92")]
    label: Annotated[str, doc("Its label.", "Agricultural labourers")]


class ConceptView(View, frozen=True):
    """A concept with its labels and its place in the graph of skills."""

    concept_uri: Annotated[str, doc("The concept.", "http://data.europa.eu/esco/isco/C9211")]
    kind: Annotated[str, doc("occupation, isco_group, skill or skill_group.", "isco_group")]
    notation: Annotated[str, doc("Its code.", "9211")]
    label: Annotated[str, doc("Preferred label.", "Crop farm labourers")]
    labels: Annotated[dict[str, str], doc("Language -> preferred label.", {"en": "Crop farm labourers"})]
    links: Annotated[list[ConceptLink], doc("Relations to and from other concepts.")]
