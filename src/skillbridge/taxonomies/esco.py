"""Read the official ESCO download (CSV, any version and language) into a taxonomy, and say what is odd in it.

The files differ between versions in columns, line ends, suffixes (`skillSkillRelations.csv`, later `..._en.csv`) and
in the collections they hold; they are told by their names, read by their columns, and what no rule knows is kept as an
attribute.
Nothing is dropped: labels, relations and texts all arrive, and every irregularity is a row of `oddities`.
"""

import re
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import polars as pl

from skillbridge.errors import BadInput
from skillbridge.model import ISCO
from skillbridge.tables import RELATIONS
from skillbridge.taxonomies.esco_files import Table, read_csv_file, read_tables
from skillbridge.taxonomies.pack import ATTRIBUTES, COLLECTIONS, ODDITIES, Import, from_tables

_KINDS = {
    "Occupation": "occupation",
    "ISCOGroup": "isco_group",
    "KnowledgeSkillCompetence": "skill",
    "SkillGroup": "skill_group",
}
_ROLE_KINDS = {
    "occupations": "Occupation",
    "iscogroups": "ISCOGroup",
    "skills": "KnowledgeSkillCompetence",
    "skillgroups": "SkillGroup",
}
_EXPECTED = (
    *_ROLE_KINDS,
    "broaderrelationsoccpillar",
    "broaderrelationsskillpillar",
    "occupationskillrelations",
    "skillskillrelations",
)
_COLLECTION_NAMES = {"ict": "digital", "digcomp": "digcomp"}
_HANDLED = {"conceptType", "conceptUri", "preferredLabel", "altLabels", "hiddenLabels", "status", "iscoGroup", "code"}
_REPEATED = {"broaderConceptUri", "broaderConceptPT"}
_TRANSLATED = {"description", "definition", "scopeNote", "note", "editorialNote", "title"}
_RELATION_WORDS = (("essential", "essential"), ("optional", "optional"), ("broader", "broader"), ("related", "related"))
_REGULATED = "http://data.europa.eu/esco/regulated-professions/regulated"


class _Collector:
    """The rows met so far; one place so that each reader below only says what it found."""

    def __init__(self) -> None:
        self.concepts: list[pl.DataFrame] = []
        self.labels: list[pl.DataFrame] = []
        self.relations: list[pl.DataFrame] = []
        self.collections: list[pl.DataFrame] = []
        self.attributes: list[pl.DataFrame] = []
        self.oddities: list[pl.DataFrame] = []

    def odd(self, oddity: str, subject: pl.Expr, detail: pl.Expr, rows: pl.DataFrame) -> None:
        if not rows.is_empty():
            self.oddities.append(
                rows.select(oddity=pl.lit(oddity), subject=subject.cast(pl.String), detail=detail.cast(pl.String))
            )

    def odd_one(self, oddity: str, subject: str, detail: str) -> None:
        self.oddities.append(pl.DataFrame([[oddity], [subject], [detail]], schema=ODDITIES))


def read(
    sources: Sequence[Path],
    *,
    labels: Path | None = None,
    labels_version: str | None = None,
    version: str | None = None,
    progress: Callable[[str], object] = lambda _: None,
) -> Import:
    """The ESCO of these zips or unzipped folders (one language or several), with every oddity met.

    `labels` adds a table (CSV or CSV.gz) of columns lang, esco_version, concept_uri, pos, label, preferred,
    concept_kind; of each language it takes the rows of `version`, else of the nearest version it holds, or of
    `labels_version` (`all` takes every version). `version` is read from the names of the sources where not given.
    `progress` hears what is being read. Raises `BadInput` for what is no ESCO download, is
    damaged, or lacks a needed column.
    """
    tables = read_tables(sources, progress)
    version = version or _version_of(sources)
    found = _Collector()
    if version == "unknown":
        found.odd_one("version not stated", ", ".join(path.name for path in sources), "give --version")
    roles = {table.role for table in tables}
    for role in _EXPECTED:
        if role not in roles:
            found.odd_one("file missing", role, "the pack holds nothing of it")
    for table in tables:
        _READERS.get(table.role, _read_other)(table, found)
    concepts = _concepts(found)
    if concepts.is_empty():
        names = ", ".join(table.name for table in tables)
        raise BadInput(names, "no concept in these files", "occupations, skills or ISCO groups of an ESCO download")
    relations = _relations(concepts, found)
    if labels is not None:
        progress(labels.name)
        _read_labels(labels, version, labels_version, concepts, found)
    words = _labels(concepts, found)
    _look_for_ambiguity(words, concepts, found)
    taxonomy = from_tables(
        "esco",
        version,
        concepts=concepts,
        labels=words,
        relations=relations,
        collections=_stack(found.collections, COLLECTIONS),
        attributes=_stack(found.attributes, ATTRIBUTES),
        meta={
            "id": "esco",
            "version": version,
            "title": f"ESCO {version}, European Skills, Competences, Qualifications and Occupations",
            "licence": "European Union, reuse authorised with the source named (Commission Decision 2011/833/EU)",
            "source": ", ".join(sorted(path.name for path in sources)),
        },
    )
    return Import(taxonomy, _stack(found.oddities, ODDITIES).unique().sort(list(ODDITIES)))


def _stack(frames: Sequence[pl.DataFrame], schema: dict[str, pl.DataType]) -> pl.DataFrame:
    return pl.concat(frames) if frames else pl.DataFrame(schema=schema)


def _version_of(sources: Sequence[Path]) -> str:
    for path in sources:
        if match := re.search(r"\bv\.?(\d+(?:\.\d+)+)", path.resolve().name, re.IGNORECASE):
            return match[1]
    return "unknown"


def _snake(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()).strip("_")


def _read_concepts(table: Table, found: _Collector) -> None:
    """Occupations, skills, groups: concepts, labels by kind, and every other column as an attribute."""
    frame, lang = table.frame, table.lang
    table.require("conceptUri")
    for optional in ("conceptType", "status", "code", "iscoGroup"):
        if optional not in frame.columns:
            frame = frame.with_columns(pl.lit(None, pl.String).alias(optional))
    kind = pl.col("conceptType").fill_null(_ROLE_KINDS.get(table.role, "")).str.strip_chars()
    kinds = kind.replace_strict(_KINDS, default=None, return_dtype=pl.String)
    if table.role in _ROLE_KINDS:
        strange = frame.filter(kinds.is_null())
        found.odd("unknown concept type", pl.col("conceptUri"), pl.col("conceptType"), strange)
        kinds = kinds.fill_null(_KINDS[_ROLE_KINDS[table.role]])
    found.concepts.append(
        frame.select(
            concept_uri="conceptUri", kind=kinds, notation="code", isco=_isco(pl.col("iscoGroup")), status="status"
        )
    )
    _split_labels(table, frame, found)
    if table.role == "skills" and "skillType" in frame.columns:
        untyped = frame.filter(pl.col("skillType").is_null())
        found.odd("skill without type", pl.col("conceptUri"), pl.col("preferredLabel"), untyped)
    if "regulatedProfessionNote" in frame.columns:
        regulated = frame.filter(pl.col("regulatedProfessionNote").str.strip_chars() == _REGULATED)
        found.collections.append(regulated.select(concept_uri="conceptUri", collection=pl.lit("regulated")))
    _keep_attributes(table, frame, lang, found)


def _isco(column: pl.Expr) -> pl.Expr:
    """The digits of `2654`, `C2654` or a group's URI; a lost leading zero of the armed forces (`110`) is put back."""
    digits = column.str.extract(r"(\d+)\s*$")
    return pl.when(digits.str.len_chars() == 3).then(pl.lit("0") + digits).otherwise(digits)


def _split_labels(table: Table, frame: pl.DataFrame, found: _Collector) -> None:
    bars = table.role.endswith("collection")
    for column, kind in (("preferredLabel", "preferred"), ("altLabels", "alternative"), ("hiddenLabels", "hidden")):
        if column not in frame.columns:
            continue
        cell = pl.col(column)
        if kind != "preferred":
            cell = (
                (cell.str.replace_all(r" \| ", "\n") if bars else cell).str.replace_all("\r\n?", "\n").str.split("\n")
            )
        rows = frame.select(concept_uri="conceptUri", raw=cell).drop_nulls()
        if kind != "preferred":
            rows = rows.explode("raw", empty_as_null=False)
        label = pl.col("raw").str.replace_all(r"\s+", " ").str.strip_chars()
        if not bars:
            padded = rows.filter((pl.col("raw") != pl.col("raw").str.strip_chars()) & (label != ""))
            found.odd(f"{kind} label with outer blanks", pl.col("concept_uri"), pl.col("raw"), padded)
        found.labels.append(
            rows.filter(label != "").select(
                concept_uri="concept_uri", lang=pl.lit(table.lang), label=label, label_kind=pl.lit(kind)
            )
        )


def _keep_attributes(table: Table, frame: pl.DataFrame, lang: str, found: _Collector) -> None:
    for column in table.frame.columns:
        if column in _HANDLED or column in _REPEATED:
            continue
        value = pl.col(column)
        rows = frame.select(
            concept_uri="conceptUri",
            attribute=pl.lit(_snake(column)),
            lang=pl.lit(lang if column in _TRANSLATED else None, pl.String),
            value=value.str.split("\n") if column in ("inScheme", "hasTopConcept") else value,
        ).drop_nulls("value")
        if column in ("inScheme", "hasTopConcept"):
            rows = rows.explode("value", empty_as_null=False).with_columns(pl.col("value").str.strip_chars(" ,\r"))
        found.attributes.append(rows.filter(pl.col("value") != ""))


def _read_collection(table: Table, found: _Collector) -> None:
    """A collection's members; its rows repeat the concepts' own, so only what is new in them is added later."""
    table.require("conceptUri")
    stem = re.sub(r"collection$", "", table.role)
    name = re.sub(r"(skills|occupations)$", "", stem)
    name = _COLLECTION_NAMES.get(name, name)
    if name == "research":
        name = f"research_{stem.removeprefix('research')}"
    found.collections.append(table.frame.select(concept_uri="conceptUri", collection=pl.lit(name)))
    _read_concepts(table, found)
    if "broaderConceptUri" in table.frame.columns:
        rows = table.frame.select(subject="conceptUri", object=pl.col("broaderConceptUri").str.split("|")).drop_nulls()
        rows = rows.explode("object", empty_as_null=False).with_columns(pl.col("object").str.strip_chars())
        found.relations.append(_relation(rows.filter(pl.col("object") != ""), "broader"))


def _relation(rows: pl.DataFrame, relation: str) -> pl.DataFrame:
    return rows.select("subject", relation=pl.lit(relation), object="object")


def _read_relations(subject: str, object: str, relation: str | None = None) -> Callable[[Table, _Collector], None]:
    """A reader of relation files: `relation` for all rows, or what the column relationType says."""

    def reader(table: Table, found: _Collector) -> None:
        table.require(subject, object)
        frame = table.frame
        if relation is not None or "relationType" not in frame.columns:
            word = pl.lit(relation or "related")
        else:
            told = pl.col("relationType").str.to_lowercase()
            word = pl.coalesce(pl.when(told.str.contains(w)).then(pl.lit(r)) for w, r in _RELATION_WORDS)
            strange = frame.filter(word.is_null())
            found.odd("unknown relation type", pl.col(subject), pl.col("relationType") + " " + pl.col(object), strange)
            word = word.fill_null("related")
        rows = frame.select(subject=pl.col(subject), relation=word, object=pl.col(object))
        found.odd("relation without an end", pl.col("subject"), pl.col("object"), rows.filter(_incomplete()))
        rows = rows.filter(~_incomplete())
        twice = rows.filter(rows.is_duplicated()).unique()
        found.odd("relation told twice", pl.col("subject"), pl.col("relation") + " " + pl.col("object"), twice)
        found.relations.append(rows)

    return reader


def _incomplete() -> pl.Expr:
    return pl.col("subject").is_null() | pl.col("object").is_null()


def _read_schemes(table: Table, found: _Collector) -> None:
    """Concept schemes are kept as attributes of their URI: what they are called and their top concepts."""
    table.require("conceptSchemeUri")
    frame = table.frame.rename({"conceptSchemeUri": "conceptUri"})
    if "preferredLabel" in frame.columns:
        named = frame.filter(pl.col("preferredLabel").is_not_null())
        found.attributes.append(
            named.select(
                concept_uri="conceptUri",
                attribute=pl.lit("scheme_label"),
                lang=pl.lit(table.lang),
                value="preferredLabel",
            )
        )
    _keep_attributes(Table(table.name, table.role, table.lang, frame), frame, table.lang, found)


def _read_hierarchy(table: Table, found: _Collector) -> None:
    """The skills hierarchy by levels: parents, and the groups and codes that no other file tells."""
    known = pl.concat(found.concepts)["concept_uri"].unique() if found.concepts else pl.Series([], dtype=pl.String)
    levels = [f"Level {n}" for n in range(9) if f"Level {n} URI" in table.frame.columns]
    for upper, lower in pairwise(levels):
        rows = (
            table.frame.select(subject=f"{lower} URI", object=f"{upper} URI").drop_nulls().unique(maintain_order=True)
        )
        found.relations.append(_relation(rows, "broader"))
    for level in levels:
        columns = {"concept_uri": f"{level} URI", "code": f"{level} code", "label": f"{level} preferred term"}
        rows = table.frame.select(
            (pl.col(column) if column in table.frame.columns else pl.lit(None, pl.String)).alias(name)
            for name, column in columns.items()
        )
        rows = rows.drop_nulls("concept_uri").unique("concept_uri", keep="first", maintain_order=True)
        new = rows.filter(~pl.col("concept_uri").is_in(known.implode()))
        found.odd("skill group only in the hierarchy", pl.col("concept_uri"), pl.col("label"), new)
        none = pl.lit(None, pl.String)
        found.concepts.append(
            rows.select("concept_uri", kind=pl.lit("skill_group"), notation="code", isco=none, status=none)
        )
        label = pl.col("label").str.replace_all(r"\s+", " ").str.strip_chars()
        found.labels.append(
            rows.drop_nulls("label").select(
                "concept_uri", lang=pl.lit(table.lang), label=label, label_kind=pl.lit("preferred")
            )
        )


def _read_share(table: Table, found: _Collector) -> None:
    table.require("conceptUri", "greenShare")
    found.attributes.append(
        table.frame.select(
            concept_uri="conceptUri", attribute=pl.lit("green_share"), lang=pl.lit(None, pl.String), value="greenShare"
        ).drop_nulls("value")
    )


def _read_other(table: Table, found: _Collector) -> None:
    if table.role.endswith("collection"):
        _read_collection(table, found)
    elif table.role != "dictionary":
        found.odd_one("file not understood", table.name, ", ".join(table.frame.columns))


_READERS: dict[str, Callable[[Table, _Collector], None]] = {
    **dict.fromkeys(_ROLE_KINDS, _read_concepts),
    "broaderrelationsoccpillar": _read_relations("conceptUri", "broaderUri", "broader"),
    "broaderrelationsskillpillar": _read_relations("conceptUri", "broaderUri", "broader"),
    "occupationskillrelations": _read_relations("occupationUri", "skillUri"),
    "skillskillrelations": _read_relations("originalSkillUri", "relatedSkillUri"),
    "conceptschemes": _read_schemes,
    "skillshierarchy": _read_hierarchy,
    "greenshareocc": _read_share,
}


def _concepts(found: _Collector) -> pl.DataFrame:
    """One row a concept, the first filled value of each column winning over the files read."""
    if not found.concepts:
        return pl.DataFrame()
    rows = pl.concat(found.concepts).filter(pl.col("concept_uri").is_not_null())
    merged = rows.group_by("concept_uri", maintain_order=True).agg(pl.all().drop_nulls().first())
    found.odd("concept without kind", pl.col("concept_uri"), pl.lit(""), merged.filter(pl.col("kind").is_null()))
    merged = merged.with_columns(pl.col("kind").fill_null("skill"))
    code = pl.col("concept_uri").str.strip_prefix(ISCO)
    group = pl.col("kind") == "isco_group"
    merged = merged.with_columns(
        notation=pl.when(group & pl.col("notation").is_null()).then(code).otherwise("notation")
    )
    return merged.with_columns(
        isco=pl.when(group)
        .then(pl.when(pl.col("notation").str.len_chars() == 4).then("notation"))
        .otherwise(pl.when(pl.col("kind") == "occupation").then("isco"))
    )


def _relations(concepts: pl.DataFrame, found: _Collector) -> pl.DataFrame:
    relations = _stack(found.relations, RELATIONS).unique()
    known = concepts.select("concept_uri")
    what = pl.col("relation") + " " + pl.col("object")
    for side, name in (("subject", "relation of a missing concept"), ("object", "relation to a missing concept")):
        rows = relations.join(known, left_on=side, right_on="concept_uri", how="anti")
        found.odd(name, pl.col("subject"), what, rows)
    selfish = relations.filter(pl.col("subject") == pl.col("object"))
    found.odd("concept related to itself", pl.col("subject"), pl.col("relation"), selfish)
    orphans = concepts.filter(pl.col("kind") == "occupation", pl.col("isco").is_null())
    found.odd("occupation without ISCO group", pl.col("concept_uri"), pl.lit(""), orphans)
    return relations


def _labels(concepts: pl.DataFrame, found: _Collector) -> pl.DataFrame:
    """One row a concept, language and label; the strongest kind wins (preferred, alternative, hidden)."""
    columns: dict[str, pl.DataType] = dict.fromkeys(("concept_uri", "lang", "label", "label_kind"), pl.String())
    rows = _stack(found.labels, columns).with_row_index("order")
    rows = rows.with_columns(rank=pl.col("label_kind").replace_strict(_RANK, return_dtype=pl.UInt8))
    rows = rows.sort("rank", "order").unique(["concept_uri", "lang", "label"], keep="first", maintain_order=True)
    second = (pl.col("rank") == 0) & ~pl.struct("concept_uri", "lang", "rank").is_first_distinct()
    extra = rows.filter(second)
    found.odd("second preferred label", pl.col("concept_uri"), pl.col("lang") + ": " + pl.col("label"), extra)
    rows = rows.with_columns(label_kind=pl.when(second).then(pl.lit("alternative")).otherwise("label_kind"))
    bare = concepts.join(rows.filter(pl.col("label_kind") == "preferred"), on="concept_uri", how="anti")
    found.odd("concept without preferred label", pl.col("concept_uri"), pl.col("kind"), bare)
    return rows.select(*columns, review=pl.lit("reviewed"))


_RANK = {"preferred": 0, "alternative": 1, "hidden": 2}


def _look_for_ambiguity(labels: pl.DataFrame, concepts: pl.DataFrame, found: _Collector) -> None:
    kinds = concepts.select("concept_uri", "kind")
    same = (
        labels.join(kinds, on="concept_uri").sort("concept_uri").group_by("kind", "lang", "label", maintain_order=True)
    )
    rows = same.agg(pl.col("concept_uri").unique(maintain_order=True)).filter(pl.col("concept_uri").list.len() > 1)
    for (kind, lang), part in rows.group_by(["kind", "lang"], maintain_order=True):
        name = f"ambiguous {str(kind).replace('_', ' ')} label ({lang})"
        found.odd(name, pl.col("label"), pl.col("concept_uri").list.join(" "), part)


def _read_labels(path: Path, version: str, wanted: str | None, concepts: pl.DataFrame, found: _Collector) -> None:
    """Labels of other languages from a separate table; those of unknown concepts are listed as oddities."""
    columns = ("lang", "esco_version", "concept_uri", "label", "preferred")
    frame = read_csv_file(path, columns)
    held = frame["esco_version"].unique().drop_nulls().to_list()
    if wanted not in (None, "all", *held):
        raise BadInput(str(path), f"no labels of ESCO {wanted}", f"one of {', '.join(sorted(held))} or all")
    if wanted is None:
        best = {
            str(lang): min(versions, key=lambda v: _distance(v, version))
            for lang, versions in frame.group_by("lang", maintain_order=True)
            .agg(pl.col("esco_version").unique())
            .rows()
        }
        for lang, taken in sorted(best.items()):
            if taken != version:
                found.odd_one("labels of another version", lang, f"{taken} instead of {version}")
        frame = frame.filter(pl.col("esco_version") == pl.col("lang").replace_strict(best, return_dtype=pl.String))
    elif wanted != "all":
        frame = frame.filter(pl.col("esco_version") == wanted)
    strange = frame.join(concepts, on="concept_uri", how="anti")
    found.odd("label of an unknown concept", pl.col("concept_uri"), pl.col("lang") + ": " + pl.col("label"), strange)
    frame = frame.join(concepts.select("concept_uri"), on="concept_uri", maintain_order="left")
    newest = pl.col("esco_version").str.split(".").list.eval(pl.element().cast(pl.Int32, strict=False))
    frame = frame.sort(newest, descending=True, maintain_order=True)
    label = pl.col("label").str.replace_all(r"\s+", " ").str.strip_chars()
    found.labels.append(
        frame.filter(label != "").select(
            concept_uri="concept_uri",
            lang="lang",
            label=label,
            label_kind=pl.when(pl.col("preferred").str.to_lowercase().is_in(["1", "true"]))
            .then(pl.lit("preferred"))
            .otherwise(pl.lit("alternative")),
        )
    )


def _distance(candidate: str, version: str) -> tuple[int, tuple[int, ...]]:
    """How far a version is from the wanted one: itself, then the newest older one, then the oldest newer one."""
    a, b = _numbers(candidate), _numbers(version)
    if a == b:
        return 0, ()
    return (1, tuple(-n for n in a)) if a < b else (2, a)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(n) for n in re.findall(r"\d+", version))
