"""The skill graph of a taxonomy: what occupations ask for, which of them and which skills are close, what people can.

Everything is sparse: an occupation times skill matrix and products of it. The figures below are policy choices, stated
here once; the same input gives the same frames.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import sparse

from skillbridge.taxonomies.pack import Taxonomy

OPTIONAL_WEIGHT = 0.4
"""What an optional skill counts where an essential one counts 1."""

SIBLINGS = {3: 0.5, 2: 0.2}
"""Closeness of two unit groups that share a minor group (3 digits), else a sub-major group (2 digits)."""

SKILL_LINKS = {"broader": 0.5, "essential": 0.6, "optional": 0.4, "related": 0.4}
"""Closeness of two skills one of which is broader than, essential or optional for, or related to the other."""

LEARNING = {"essential": (0.95, 3.0), "optional": (0.6, 12.0)}
"""(ceiling, half) of a skill after m months in an occupation: strength = ceiling x (1 - 1/2 ** (m / half))."""


def skills_of(taxonomy: Taxonomy) -> pl.DataFrame:
    """concept, isco, skill, strength (`essential` | `optional`): what each occupation and ISCO group asks for.

    Sorted by concept and skill, each pair once (essential wins). `isco` is the unit group. Relations whose end is
    no concept of the taxonomy are left out.
    """
    asking = taxonomy.concepts.filter(pl.col("kind").is_in(["occupation", "isco_group"])).select("concept_uri", "isco")
    asked = taxonomy.concepts.filter(pl.col("kind").is_in(["skill", "skill_group"])).select(skill="concept_uri")
    links = taxonomy.relations.filter(pl.col("relation").is_in(["essential", "optional"])).select(
        concept="subject", skill="object", strength="relation"
    )
    return (
        links.join(asking, left_on="concept", right_on="concept_uri")
        .join(asked, on="skill", how="semi")
        .sort("concept", "skill", "strength")
        .unique(["concept", "skill"], keep="first", maintain_order=True)
        .select("concept", "isco", "skill", "strength")
    )


def group_skills(taxonomy: Taxonomy) -> pl.DataFrame:
    """isco, skill, weight (0..1): what a unit group asks for, from its own links and the mean of its occupations.

    An essential link weighs 1, an optional one OPTIONAL_WEIGHT. Sorted by isco and skill.
    """
    links = skills_of(taxonomy).filter(pl.col("isco").is_not_null())
    weight = pl.when(pl.col("strength") == "essential").then(1.0).otherwise(OPTIONAL_WEIGHT)
    members = links.group_by("isco").agg(members=pl.col("concept").n_unique())
    return (
        links.group_by("isco", "skill")
        .agg(total=weight.sum())
        .join(members, on="isco")
        .select("isco", "skill", weight=(pl.col("total") / pl.col("members")).cast(pl.Float32))
        .sort("isco", "skill")
    )


def neighbours(taxonomy: Taxonomy, *, least: float = 0.1) -> pl.DataFrame:
    """isco_a, isco_b, similarity (least..1): unit groups close by the skills they share or by being ISCO siblings.

    Both directions, without a group and itself; sorted by isco_a, then most similar first. Shared skills count by
    how rare they are (cosine of weights x log rarity), languages not at all, siblings by SIBLINGS, and the two add up
    as independent evidence: 1 - (1 - a)(1 - b).
    """
    groups = taxonomy.concepts.filter(pl.col("kind") == "isco_group", pl.col("isco").is_not_null())["isco"]
    codes = sorted({*groups.to_list(), *taxonomy.concepts["isco"].drop_nulls().to_list()})
    languages = taxonomy.collections.filter(pl.col("collection") == "language").select(skill="concept_uri")
    skills, frame = _numbered(group_skills(taxonomy).join(languages, on="skill", how="anti"), codes)
    matrix = _unit_rows(_rarity(_matrix(frame, len(codes), len(skills))))
    shared = (matrix @ matrix.T).tocsr()
    kin = sparse.csr_array((len(codes), len(codes)), dtype=np.float64)
    for digits in sorted(SIBLINGS):  # from the wider family to the closer one, which overwrites it
        family = _one_hot([code[:digits] for code in codes])
        same = (family @ family.T).tocsr()
        same.data[:] = SIBLINGS[digits]
        kin = kin.maximum(same)
    return _pairs(shared + kin - shared.multiply(kin), codes, least).rename({"a": "isco_a", "b": "isco_b"})


def skill_similarity(taxonomy: Taxonomy, *, least: float = 0.2, limit: int = 20) -> pl.DataFrame:
    """skill_a, skill_b, similarity (least..1): adjacent skills, at most `limit` for each skill_a, most similar first.

    From occurring together over occupations (cosine of the link weights, shrunk by n / (n + 2) where only n of the N
    share the pair, and by 2 log(N / n) / log(N) where more than the root of N do), from a common direct parent
    (.9 / sqrt of its number of children) and from direct links (SKILL_LINKS), added up as independent evidence.
    """
    links = skills_of(taxonomy)
    rows = sorted(set(links["concept"].to_list()))
    links = links.join(
        taxonomy.concepts.filter(pl.col("kind") == "skill"), left_on="skill", right_on="concept_uri", how="semi"
    )
    skills = sorted(taxonomy.concepts.filter(pl.col("kind") == "skill")["concept_uri"].to_list())
    weight = pl.when(pl.col("strength") == "essential").then(1.0).otherwise(OPTIONAL_WEIGHT)
    frame = links.select(row=_number(links["concept"], rows), column=_number(links["skill"], skills), weight=weight)
    matrix = _matrix(frame, len(rows), len(skills))
    present = matrix.copy()
    present.data[:] = 1.0
    together = (present.T @ present).tocsr()
    rarity = 2 * np.log(len(rows) / together.data) / max(np.log(len(rows)), 1e-9)
    together.data *= np.minimum(rarity, 1.0) / (together.data + 2.0)
    columns = _unit_rows(matrix.T.tocsr())
    result = (columns @ columns.T).multiply(together).tocsr()
    for evidence in (_common_parents(taxonomy, skills), _direct_links(taxonomy, skills)):
        result = (result + evidence - result.multiply(evidence)).tocsr()
    return _pairs(result, skills, least, limit).rename({"a": "skill_a", "b": "skill_b"})


def expected_skills(taxonomy: Taxonomy, history: pl.DataFrame, stated: pl.DataFrame | None = None) -> pl.DataFrame:
    """person, skill, strength (0..1), source, concept: what people can be expected to do, stated skills included.

    `history` has person, concept (an occupation's or ISCO group's URI) and months; months of the same concept add up.
    `stated` has person and skill: strength 1, source `stated`. A skill of several occupations gains by each:
    1 - product of (1 - strength), and `source` (`essential` | `optional`) and `concept` name the strongest.
    An occupation without links of its own is read as its unit group, a unit group without any as the mean of its
    occupations. Sorted by person, then strongest first. Unknown concepts give nothing.
    """
    spells = history.group_by("person", "concept").agg(pl.col("months").sum()).filter(pl.col("months") > 0)
    asked = _asked(taxonomy, spells["concept"].unique())
    evidence = spells.join(asked, on="concept").with_columns(
        strength=pl.col("weight")
        * pl.when(pl.col("source") == "essential")
        .then(_learned(*LEARNING["essential"]))
        .otherwise(_learned(*LEARNING["optional"]))
    )
    columns = ["person", "skill", "strength", "source", "concept"]
    parts = [evidence.select(columns)]
    if stated is not None:
        parts.append(
            stated.select(
                "person", "skill", strength=pl.lit(1.0), source=pl.lit("stated"), concept=pl.lit(None, pl.String)
            ).unique()
        )
    strongest = ["strength", "source", "concept"]
    told = pl.concat(parts).sort("person", "skill", *strongest, descending=[False, False, True, True, False])
    return (
        told.group_by("person", "skill", maintain_order=True)
        .agg(
            strength=(1 - (1 - pl.col("strength")).product()).cast(pl.Float32),
            source=pl.col("source").first(),
            concept=pl.col("concept").first(),
        )
        .sort("person", "strength", "skill", descending=[False, True, False])
        .select(columns)
    )


def _learned(ceiling: float, half: float) -> pl.Expr:
    return ceiling * (1 - (pl.lit(0.5) ** (pl.col("months").cast(pl.Float64) / half)))


def _asked(taxonomy: Taxonomy, concepts: pl.Series) -> pl.DataFrame:
    """concept, skill, source, weight (0..1) of these concepts: own links, else the unit group's."""
    links = skills_of(taxonomy)
    own = links.filter(pl.col("concept").is_in(concepts.implode())).select(
        "concept", "skill", source="strength", weight=pl.lit(1.0)
    )
    bare = concepts.to_frame("concept").join(own, on="concept", how="anti")
    unit = bare.join(taxonomy.concepts, left_on="concept", right_on="concept_uri").select("concept", "isco")
    groups = group_skills(taxonomy).filter(pl.col("isco").is_in(unit["isco"].implode()))
    sources = links.group_by("isco", "skill").agg(essential=(pl.col("strength") == "essential").any())
    inherited = (
        unit.join(groups, on="isco")
        .join(sources, on=["isco", "skill"])
        .select(
            "concept",
            "skill",
            source=pl.when("essential").then(pl.lit("essential")).otherwise(pl.lit("optional")),
            weight=pl.when("essential").then("weight").otherwise(pl.col("weight") / OPTIONAL_WEIGHT).cast(pl.Float64),
        )
    )
    return pl.concat([own, inherited])


def _number(column: pl.Series, names: Sequence[str]) -> pl.Series:
    return column.replace_strict(names, range(len(names)), return_dtype=pl.Int64)


def _numbered(frame: pl.DataFrame, codes: Sequence[str]) -> tuple[list[str], pl.DataFrame]:
    skills = sorted(set(frame["skill"].to_list()))
    return skills, frame.select(
        row=_number(frame["isco"], codes), column=_number(frame["skill"], skills), weight="weight"
    )


def _matrix(frame: pl.DataFrame, rows: int, columns: int) -> Any:
    where = (frame["row"].to_numpy(), frame["column"].to_numpy())
    return sparse.csr_array((frame["weight"].cast(pl.Float64).to_numpy(), where), shape=(rows, columns))


def _one_hot(names: Sequence[str]) -> Any:
    kinds, codes = np.unique(np.array(names, dtype=object).astype(str), return_inverse=True)
    return sparse.csr_array((np.ones(len(names)), (np.arange(len(names)), codes)), shape=(len(names), len(kinds)))


def _rarity(matrix: Any) -> Any:
    """Columns scaled by log(rows / rows that have it): what everybody needs tells nothing."""
    having = np.maximum(np.bincount(matrix.indices, minlength=matrix.shape[1]), 1)
    busy = max(int((np.diff(matrix.indptr) > 0).sum()), 1)
    return matrix @ sparse.diags_array(np.log1p(busy / having) - np.log(2.0) + 1e-6)


def _unit_rows(matrix: Any) -> Any:
    norm = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
    return (sparse.diags_array(np.divide(1.0, norm, out=np.zeros_like(norm), where=norm > 0)) @ matrix).tocsr()


def _common_parents(taxonomy: Taxonomy, skills: Sequence[str]) -> Any:
    broader = taxonomy.relations.filter(
        pl.col("relation") == "broader", pl.col("subject").is_in(skills), pl.col("subject") != pl.col("object")
    )
    parents = sorted(set(broader["object"].to_list()))
    frame = broader.select(row=_number(broader["subject"], skills), column=_number(broader["object"], parents))
    children = frame.group_by("column").len()
    frame = frame.join(children, on="column").with_columns(weight=pl.col("len").cast(pl.Float64) ** -0.25)
    frame = frame.filter(pl.col("len").is_between(2, 400))
    matrix = _matrix(frame, len(skills), len(parents))
    shared = (matrix @ matrix.T).tocsr()
    shared.data = np.minimum(shared.data, 1.0) * 0.9
    return shared


def _direct_links(taxonomy: Taxonomy, skills: Sequence[str]) -> Any:
    links = taxonomy.relations.filter(pl.col("subject").is_in(skills), pl.col("object").is_in(skills)).filter(
        pl.col("subject") != pl.col("object"), pl.col("relation").is_in(list(SKILL_LINKS))
    )
    frame = links.select(
        row=_number(links["subject"], skills),
        column=_number(links["object"], skills),
        weight=links["relation"].replace_strict(SKILL_LINKS, return_dtype=pl.Float64),
    )
    frame = frame.group_by("row", "column").agg(pl.col("weight").max())
    matrix = _matrix(frame, len(skills), len(skills))
    return matrix.maximum(matrix.T).tocsr()


def _pairs(matrix: Any, names: Sequence[str], least: float, limit: int | None = None) -> pl.DataFrame:
    """a, b, similarity of a square sparse matrix without its diagonal, from `least`, best first within a."""
    table = matrix.tocoo()
    keep = (table.data >= least) & (table.coords[0] != table.coords[1])
    similarity: npt.NDArray[np.float32] = np.minimum(table.data[keep], 1.0).astype(np.float32)
    frame = pl.DataFrame({"a": table.coords[0][keep], "b": table.coords[1][keep], "similarity": similarity})
    frame = frame.sort("a", "similarity", "b", descending=[False, True, False])
    if limit is not None:
        frame = frame.group_by("a", maintain_order=True).head(limit)
    told = pl.Series(names, dtype=pl.String)
    return frame.select(a=told.gather(frame["a"]), b=told.gather(frame["b"]), similarity="similarity")
