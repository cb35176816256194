"""The policy of a match, as data: which criteria count how much, and what rules a pair out before any score."""

from pathlib import Path
from typing import Annotated

import msgspec

from skillbridge import resources
from skillbridge.errors import BadInput
from skillbridge.matching.criteria import CRITERIA, Criterion
from skillbridge.model import Thousandths


class Closeness(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a relation of two occupations is worth, in thousandths; the same concept is 1000, no relation 0.

    `same_group`: the same ISCO unit group. `wider_group`: one code contains the other. `neighbour`: times the
    similarity of the two groups, those under `min_similarity` left out.
    """

    same_group: Thousandths
    wider_group: Thousandths
    neighbour: Thousandths
    min_similarity: Thousandths


class Filters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What rules a pair out, beside the partnerships' rules.

    `min_overlap`: share of the contract on which the worker is available. `language_steps_below`: CEFR steps a
    worker may lack. `min_cover`: cover of the essential skills that opens an unrelated occupation. `open_groups`:
    ISCO prefixes of work that needs no training; where it asks no experience either, it is open to every worker.
    """

    min_overlap: Thousandths
    language_steps_below: Annotated[int, msgspec.Meta(ge=0, le=6)]
    min_cover: Annotated[int, msgspec.Meta(ge=1, le=1000)]
    open_groups: tuple[str, ...]


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Every choice a match makes; each kind of criterion at most once, weights summing to 1000."""

    name: str
    closeness: Closeness
    filters: Filters
    criteria: tuple[Criterion, ...]

    def __post_init__(self) -> None:
        kinds = [type(criterion) for criterion in self.criteria]
        if len(set(kinds)) < len(kinds):
            raise ValueError("criteria: a kind is given twice, expected each at most once")
        total = sum(criterion.weight for criterion in self.criteria)
        if total != 1000:
            raise ValueError(f"criteria: weights sum to {total}, expected 1000")

    def ordered(self) -> tuple[Criterion, ...]:
        """The criteria in the order of :data:`skillbridge.matching.criteria.CRITERIA`."""
        return tuple(sorted(self.criteria, key=lambda criterion: CRITERIA.index(type(criterion))))


def load_policy(name_or_file: str | Path = "default") -> Policy:
    """The bundled policy of a name (datasets/matching/), or that of a TOML file. Raises `BadInput`."""
    path = Path(name_or_file)
    if path.suffix != ".toml":
        path = resources.folder("datasets") / "matching" / f"{name_or_file}.toml"
    if not path.is_file():
        raise BadInput("matching policy", f"{name_or_file}", "a bundled name such as default, or a TOML file")
    try:
        return msgspec.toml.decode(path.read_bytes(), type=Policy)
    except msgspec.DecodeError as error:
        raise BadInput(f"matching policy {path.name}", str(error), "see docs/matching.md") from error
