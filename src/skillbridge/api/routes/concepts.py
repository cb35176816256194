"""Taxonomies and concepts."""

from skillbridge.api.operations import Gather, Stands, op
from skillbridge.workspace import catalog as acts
from skillbridge.workspace import views as v

OPERATIONS = (
    op(
        "concepts",
        "list_taxonomies",
        "GET /v1/taxonomies",
        "concepts.read",
        acts.list_taxonomies,
        "List taxonomies",
        answer=v.TaxonomyList,
        slow=True,
    ),
    op(
        "concepts",
        "search_concepts",
        "GET /v1/concepts",
        "concepts.read",
        acts.search,
        "Search labels as they are typed",
        query=acts.SearchQuery,
        answer=v.ConceptHits,
        stands=Stands(),
    ),
    op(
        "concepts",
        "get_concept",
        "GET /v1/concepts/graph",
        "concepts.read",
        acts.read_concept,
        "Read a concept with its place in the graph of skills",
        query=acts.ConceptQuery,
        answer=v.ConceptView,
        slow=True,
        errors=("not_found",),
    ),
    op(
        "concepts",
        "resolve",
        "POST /v1/concepts/resolve",
        "concepts.read",
        acts.resolve,
        "Understand job titles or skills, many at once",
        body=v.Resolve,
        answer=v.Resolutions,
        reads=True,
        beside="reader",
        gather=Gather(acts.known, acts.lacking, acts.find, acts.keep),
    ),
)
