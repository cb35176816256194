"""SKOS in and out (Turtle, RDF/XML): how a country adds its own words, and how a taxonomy leaves for other tools.

Concepts are `skos:Concept` with ESCO's classes; labels are SKOS labels by language; essential and optional skills are
ESCO's own properties. What SKOS has no word for is under `urn:skillbridge:terms#`: the unit group of a concept
and the review state of labels (the scheme states the usual one, SKOS-XL labels the exceptions), so that a pack comes
back as it left.
"""

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from xml.sax import SAXParseException

import polars as pl
from rdflib import RDF, SKOS, BNode, Graph, Literal, Namespace, URIRef
from rdflib.exceptions import ParserError
from rdflib.namespace import DCTERMS
from rdflib.plugins.parsers.notation3 import BadSyntax
from rdflib.term import Node

from skillbridge.errors import BadInput
from skillbridge.model import ISCO
from skillbridge.tables import CONCEPTS, LABELS, RELATIONS, replace_file
from skillbridge.taxonomies.pack import ATTRIBUTES, COLLECTIONS, ODDITIES, Import, Taxonomy, from_tables

ESCO = Namespace("http://data.europa.eu/esco/model#")
SKOSXL = Namespace("http://www.w3.org/2008/05/skos-xl#")
STATUS = Namespace("http://purl.org/iso25964/skos-thes#")
TERMS = Namespace("urn:skillbridge:terms#")
EXTRA = Namespace("urn:skillbridge:attribute#")

_NAMESPACES = {"skos": SKOS, "skosxl": SKOSXL, "esco": ESCO, "iso-thes": STATUS, "terms": TERMS, "extra": EXTRA}

FORMATS = {".ttl": "turtle", ".rdf": "xml", ".xml": "xml", ".owl": "xml", ".nt": "nt"}
"""File ending -> rdflib's name of the format."""

_CLASSES: dict[str, Node] = {
    "occupation": ESCO.Occupation,
    "skill": ESCO.Skill,
    "isco_group": ESCO.ISCOGroup,
    "skill_group": ESCO.SkillGroup,
}
_LABELS = {"preferred": SKOS.prefLabel, "alternative": SKOS.altLabel, "hidden": SKOS.hiddenLabel}
_XL_LABELS = {"preferred": SKOSXL.prefLabel, "alternative": SKOSXL.altLabel, "hidden": SKOSXL.hiddenLabel}
_RELATIONS = {
    "broader": SKOS.broader,
    "essential": ESCO.relatedEssentialSkill,
    "optional": ESCO.relatedOptionalSkill,
    "related": SKOS.related,
    "exact": SKOS.exactMatch,
    "close": SKOS.closeMatch,
    "broad": SKOS.broadMatch,
    "narrow": SKOS.narrowMatch,
    "related_match": SKOS.relatedMatch,
    "replaced_by": DCTERMS.isReplacedBy,
}
_INVERSE = {
    SKOS.narrower: "broader",
    ESCO.isEssentialForOccupation: "essential",
    ESCO.isOptionalForOccupation: "optional",
    ESCO.isEssentialSkillFor: "essential",
    ESCO.isOptionalSkillFor: "optional",
    DCTERMS.replaces: "replaced_by",
}
_NOTES = {
    "description": DCTERMS.description,
    "definition": SKOS.definition,
    "scope_note": SKOS.scopeNote,
    "editorial_note": SKOS.editorialNote,
    "example": SKOS.example,
    "in_scheme": SKOS.inScheme,
}
_PREFIXES = (
    ("isco_group", ISCO),
    ("occupation", "http://data.europa.eu/esco/occupation/"),
    ("skill_group", "http://data.europa.eu/esco/isced-f/"),
    ("skill", "http://data.europa.eu/esco/skill/"),
)


def write(taxonomy: Taxonomy, path: Path) -> Path:
    """The file at `path` (its ending decides the format, see FORMATS) holding all of `taxonomy`."""
    graph = to_graph(taxonomy)
    format = _format(path)
    replace_file(path, lambda temporary: graph.serialize(temporary, format=format, encoding="utf-8"))
    return path


def to_graph(taxonomy: Taxonomy) -> Graph:
    """All of `taxonomy` as RDF."""
    graph = Graph()
    for prefix, namespace in _NAMESPACES.items():
        graph.bind(prefix, namespace)
    scheme = URIRef(f"urn:skillbridge:taxonomy:{taxonomy.id}")
    states = taxonomy.labels["review"].value_counts(sort=True)["review"].to_list() or ["unreviewed"]
    graph.add((scheme, RDF.type, SKOS.ConceptScheme))
    graph.add((scheme, DCTERMS.identifier, Literal(taxonomy.id)))
    graph.add((scheme, DCTERMS.hasVersion, Literal(taxonomy.version)))
    graph.add((scheme, TERMS.review, Literal(states[0])))
    for uri, kind, notation, isco, status in taxonomy.concepts.rows():
        concept = URIRef(uri)
        graph.add((concept, RDF.type, SKOS.Concept))
        graph.add((concept, RDF.type, _CLASSES[kind]))
        told = ((SKOS.notation, notation), (TERMS.isco, isco), (STATUS.status, status))
        _add_literals(graph, concept, ((predicate, value, None) for predicate, value in told))
    for uri, lang, label, kind, review in taxonomy.labels.rows():
        literal = Literal(label, lang=None if lang == "und" else lang)
        graph.add((URIRef(uri), _LABELS[kind], literal))
        if review != states[0]:
            node = BNode()
            graph.add((URIRef(uri), _XL_LABELS[kind], node))
            graph.add((node, RDF.type, SKOSXL.Label))
            graph.add((node, SKOSXL.literalForm, literal))
            graph.add((node, TERMS.review, Literal(review)))
    for subject, relation, object in taxonomy.relations.rows():
        graph.add((URIRef(subject), _RELATIONS.get(relation, TERMS[relation]), URIRef(object)))
    for uri, collection in taxonomy.collections.rows():
        group = URIRef(f"urn:skillbridge:collection:{collection}")
        graph.add((group, RDF.type, SKOS.Collection))
        graph.add((group, SKOS.notation, Literal(collection)))
        graph.add((group, SKOS.member, URIRef(uri)))
    for uri, attribute, lang, value in taxonomy.attributes.rows():
        if attribute == "in_scheme":
            graph.add((URIRef(uri), SKOS.inScheme, URIRef(value)))
        else:
            _add_literals(graph, URIRef(uri), [(_NOTES.get(attribute, EXTRA[attribute]), value, lang)])
    return graph


def _add_literals(graph: Graph, subject: URIRef, told: Iterable[tuple[URIRef, str | None, str | None]]) -> None:
    for predicate, value, lang in told:
        if value is not None:
            graph.add((subject, predicate, Literal(value, lang=lang)))


def read(
    path: Path,
    *,
    id: str | None = None,
    version: str | None = None,
    kind: str | None = None,
    base: Taxonomy | None = None,
) -> Import:
    """The taxonomy of a SKOS file, with every statement that was not understood as an oddity.

    With `base`, concepts it already has are not told again: the file then only adds words and relations to them, and a
    pack of it is laid over the base. `kind` is for concepts whose kind no class, URI or link tells. `id` and
    `version` come from the concept scheme where not given. Raises `BadInput` for a file that cannot be parsed or
    holds no concept.
    """
    graph, warnings = _parse(path)
    known = dict(base.concepts.select("concept_uri", "kind").rows()) if base is not None else {}
    concepts, assumed = _concepts(graph, kind, known)
    if not concepts:
        raise BadInput(str(path), f"no skos:Concept in {len(graph)} statements", "a SKOS file")
    schemes = sorted(set(graph.subjects(RDF.type, SKOS.ConceptScheme)) & set(graph.subjects(TERMS.review)), key=str)
    scheme = schemes[0] if schemes else None
    usual = _text(graph, scheme, TERMS.review, "unreviewed")
    oddities = [("kind assumed", uri, concepts[uri]["kind"]) for uri in assumed]
    oddities += [("doubtful URI or literal", " ".join(text.split()), "") for text in warnings]
    oddities += _not_understood(graph)
    taxonomy = from_tables(
        id or _text(graph, scheme, DCTERMS.identifier, path.stem),
        version or _text(graph, scheme, DCTERMS.hasVersion, "unknown"),
        concepts=pl.DataFrame([row for uri, row in concepts.items() if uri not in known], schema=CONCEPTS),
        labels=pl.DataFrame(list(_read_labels(graph, usual)), schema=LABELS, orient="row"),
        relations=pl.DataFrame(list(_read_relations(graph)), schema=RELATIONS, orient="row"),
        collections=pl.DataFrame(list(_read_collections(graph)), schema=COLLECTIONS, orient="row"),
        attributes=pl.DataFrame(list(_read_attributes(graph)), schema=ATTRIBUTES, orient="row"),
    )
    return Import(taxonomy, pl.DataFrame(sorted(set(oddities)), schema=ODDITIES, orient="row"))


def _format(path: Path) -> str:
    if path.suffix.lower() not in FORMATS:
        raise BadInput(str(path), f"ending {path.suffix!r}", f"one of {', '.join(FORMATS)}")
    return FORMATS[path.suffix.lower()]


def _parse(path: Path) -> tuple[Graph, list[str]]:
    """The statements of a file and the parser's own warnings (URIs with characters they may not have)."""
    format = _format(path)
    if not path.is_file():
        raise BadInput(str(path), "no such file", "a SKOS file")
    graph = Graph()
    try:
        with _warnings() as warnings:
            graph.parse(data=path.read_bytes(), format=format, publicID="http://relative.invalid/")
    except BadSyntax as error:
        raise BadInput(f"{path} line {error.lines + 1}", "not Turtle", "Turtle in UTF-8") from None
    except SAXParseException as error:
        raise BadInput(f"{path} line {error.getLineNumber()}", error.getMessage(), "RDF/XML") from None
    except (ParserError, ValueError, LookupError, TypeError, AttributeError, AssertionError, RecursionError) as error:
        what = str(error).partition("\n")[0] or type(error).__name__
        raise BadInput(str(path), f"cannot be parsed ({what})", f"{format} in UTF-8") from None
    return graph, warnings


@contextmanager
def _warnings() -> Iterator[list[str]]:
    """What rdflib would print to the log meanwhile, caught as a list."""
    caught: list[str] = []
    logger = logging.getLogger("rdflib.term")

    def catch(record: logging.LogRecord) -> bool:
        caught.append(record.getMessage())
        return False

    logger.addFilter(catch)
    try:
        yield caught
    finally:
        logger.removeFilter(catch)


def _concepts(
    graph: Graph, kind: str | None, known: dict[str, str]
) -> tuple[dict[str, dict[str, str | None]], list[str]]:
    """URI -> its row, and the URIs whose kind had to be assumed."""
    classes = {node: name for name, node in _CLASSES.items()}
    asked = {o for p in (ESCO.relatedEssentialSkill, ESCO.relatedOptionalSkill) for o in graph.objects(None, p)}
    nodes = set(graph.subjects(RDF.type, SKOS.Concept)).union(*(graph.subjects(RDF.type, c) for c in classes))
    rows: dict[str, dict[str, str | None]] = {}
    assumed = []
    for node in sorted((n for n in nodes if isinstance(n, URIRef)), key=str):
        uri = str(node)
        told = [classes[c] for c in graph.objects(node, RDF.type) if c in classes]
        told += [known[uri]] if uri in known else []
        told += [name for name, prefix in _PREFIXES if uri.startswith(prefix)] + ["skill"] * (node in asked)
        if not told:
            assumed.append(uri)
            told = [kind or "occupation"]
        notation = _one(graph, node, SKOS.notation)
        unit = notation if told[0] == "isco_group" and len(notation or "") == 4 else None
        rows[uri] = {
            "concept_uri": uri,
            "kind": told[0],
            "notation": notation,
            "isco": _one(graph, node, TERMS.isco) or unit,
            "status": _one(graph, node, STATUS.status),
        }
    return rows, assumed


def _one(graph: Graph, node: Node, predicate: URIRef) -> str | None:
    values = sorted(str(value) for value in graph.objects(node, predicate))
    return values[0] if values else None


def _text(graph: Graph, node: Node | None, predicate: URIRef, default: str) -> str:
    return (_one(graph, node, predicate) if node is not None else None) or default


def _read_labels(graph: Graph, usual: str) -> Iterator[tuple[str, str, str, str, str]]:
    """Plain and SKOS-XL labels; an XL label of the same words tells the plain one's review state."""
    plain = {
        (str(s), o.language or "und", str(o), kind): usual
        for kind, predicate in _LABELS.items()
        for s, o in graph.subject_objects(predicate)
        if isinstance(s, URIRef) and isinstance(o, Literal) and str(o).strip()
    }
    for kind, predicate in _XL_LABELS.items():
        for s, node in graph.subject_objects(predicate):
            for form in graph.objects(node, SKOSXL.literalForm):
                if isinstance(s, URIRef) and isinstance(form, Literal) and str(form).strip():
                    state = _text(graph, node, TERMS.review, usual)
                    plain[str(s), form.language or "und", str(form), kind] = state
    order = list(_LABELS)
    strongest: dict[tuple[str, str, str], tuple[int, str]] = {}
    for (uri, lang, label, kind), state in plain.items():
        key, told = (uri, lang, " ".join(label.split())), (order.index(kind), state)
        strongest[key] = min(strongest.get(key, told), told)
    for (uri, lang, label), (rank, state) in strongest.items():
        yield uri, lang, label, order[rank], state


def _read_relations(graph: Graph) -> Iterator[tuple[str, str, str]]:
    told = [(predicate, name, False) for name, predicate in _RELATIONS.items()]
    told += [(predicate, name, True) for predicate, name in _INVERSE.items()]
    told += [(p, str(p).removeprefix(str(TERMS)), False) for p in _own_predicates(graph)]
    for predicate, name, inverse in told:
        for s, o in graph.subject_objects(predicate):
            if isinstance(s, URIRef) and isinstance(o, URIRef):
                yield (str(o), name, str(s)) if inverse else (str(s), name, str(o))


def _own_predicates(graph: Graph) -> list[URIRef]:
    """Relations under our own terms: an imported pack may know relations that SKOS has no word for."""
    own = {p for p in graph.predicates() if isinstance(p, URIRef) and p.startswith(str(TERMS))}
    return sorted(own - {TERMS.review, TERMS.isco})


def _read_collections(graph: Graph) -> Iterator[tuple[str, str]]:
    for group, member in graph.subject_objects(SKOS.member):
        if isinstance(member, URIRef):
            yield str(member), _one(graph, group, SKOS.notation) or str(group)


def _read_attributes(graph: Graph) -> Iterator[tuple[str, str, str | None, str]]:
    names = {predicate: name for name, predicate in _NOTES.items()}
    names |= {p: p[len(EXTRA) :] for p in graph.predicates() if isinstance(p, URIRef) and p.startswith(str(EXTRA))}
    for predicate, name in sorted(names.items()):
        for s, o in graph.subject_objects(predicate):
            if isinstance(s, URIRef) and not isinstance(o, BNode):
                yield str(s), name, o.language if isinstance(o, Literal) else None, str(o)


def _not_understood(graph: Graph) -> list[tuple[str, str, str]]:
    """Statements about concepts under predicates that no rule reads: one row each predicate with how often."""
    read = {RDF.type, SKOS.notation, SKOS.member, SKOS.topConceptOf, SKOS.hasTopConcept, STATUS.status}
    read |= {DCTERMS.identifier, DCTERMS.hasVersion, SKOSXL.literalForm, *_INVERSE}
    read |= {*_LABELS.values(), *_XL_LABELS.values(), *_RELATIONS.values(), *_NOTES.values()}
    counts: dict[str, int] = {}
    for predicate in graph.predicates():
        if predicate not in read and not str(predicate).startswith((str(TERMS), str(EXTRA))):
            counts[str(predicate)] = counts.get(str(predicate), 0) + 1
    return [("statements not understood", predicate, str(count)) for predicate, count in sorted(counts.items())]
