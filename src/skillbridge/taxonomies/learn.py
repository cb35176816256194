"""Corrections of the normalizer as data: a pack of its own beside the taxonomy, with who said so and when.

::

    <pack>-learned/pack.toml        extends the corrected pack; corrections = true
                   corrections.csv  the history, in order: text, lang, kind, concept_uri, who, when
                   attributes.csv   what holds now, as the attribute `correction`

A later row about the same text, language and kind replaces an earlier one; a row without a concept takes it back.
Nothing is trained: a corrected text, however it is spelled or spaced, gets its concept from the next run on.
"""

from os.path import relpath
from pathlib import Path

import polars as pl

from skillbridge.errors import BadInput, BadInputs
from skillbridge.tables import CONCEPTS, LABELS, RELATIONS
from skillbridge.taxonomies import pack
from skillbridge.taxonomies.fold import fold
from skillbridge.taxonomies.pack import Taxonomy, from_tables

ATTRIBUTE = "correction"
COLUMNS = ("text", "concept", "lang", "kind", "who", "when")
HISTORY: dict[str, pl.DataType] = dict.fromkeys(("text", "lang", "kind", "concept_uri", "who", "when"), pl.String())


def folder_beside(folder: Path) -> Path:
    """Where the corrections of the pack in `folder` are kept unless told otherwise."""
    return folder.with_name(f"{folder.name}-learned")


def read_corrections(path: Path, taxonomy: Taxonomy, *, who: str, when: str) -> pl.DataFrame:
    """The rows of a CSV as HISTORY: columns text and concept (URI or notation, empty to take back); lang, who, when.

    `who` and `when` fill what the file leaves open. Raises `BadInputs` naming every row that cannot be used.
    """
    try:
        frame = pl.read_csv(path, infer_schema=False)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise BadInput(str(path), str(error).splitlines()[0], "a CSV table with columns text, concept") from None
    if missing := {"text", "concept"} - set(frame.columns):
        raise BadInput(str(path), f"no column {', '.join(sorted(missing))}", "columns text, concept")
    if strange := set(frame.columns) - {"text", "concept", "lang", "kind", "who", "when"}:
        raise BadInput(
            str(path), f"unknown columns {', '.join(sorted(strange))}", "text, concept, lang, kind, who, when"
        )
    kinds = dict(taxonomy.concepts.select("concept_uri", "kind").rows())
    problems, rows = [], []
    for number, row in enumerate(frame.to_dicts(), start=2):
        text, concept = (row["text"] or "").strip(), (row["concept"] or "").strip()
        where = f"{path} row {number}"
        if not any(fold([text])):
            problems.append(BadInput(where, f"text {text!r} holds nothing legible", "the text as it was met"))
            continue
        uri = None
        kind = (row.get("kind") or "").strip() or "occupation"
        if concept:
            try:
                uri = pack.find(taxonomy, concept).uri
            except BadInput as error:
                problems.append(BadInput(where, error.what, error.expected))
                continue
            kind = "skill" if kinds[uri] in ("skill", "skill_group") else "occupation"
        rows.append((text, row.get("lang"), kind, uri, row.get("who") or who, row.get("when") or when))
    if problems:
        raise BadInputs(problems)
    return pl.DataFrame(rows, schema=HISTORY, orient="row")


def learn(corrections: pl.DataFrame, folder: Path, base: Path) -> Taxonomy:
    """The pack of corrections in `folder` with HISTORY rows added to it; `base` is the folder of the corrected pack."""
    told = history(folder)
    whole = pl.concat([told, corrections])
    key = pl.Series(fold(whole["text"]))
    active = (
        whole.with_columns(key=key, lang=pl.col("lang").fill_null(""))
        .unique(["key", "lang", "kind"], keep="last", maintain_order=True)
        .filter(pl.col("concept_uri").is_not_null())
    )
    attributes = active.select("concept_uri", attribute=pl.lit(ATTRIBUTE), lang="lang", value="text")
    own = pack.locate(base)
    learned = from_tables(
        f"{own.name}-learned",
        str(len(whole)),
        concepts=pl.DataFrame(schema=CONCEPTS),
        labels=pl.DataFrame(schema=LABELS),
        relations=pl.DataFrame(schema=RELATIONS),
        attributes=attributes,
        meta={"corrections": True, "extends": [Path(relpath(own, folder)).as_posix()]},
    )
    pack.save(learned, folder, extra={"corrections": whole})
    return learned


def history(folder: Path) -> pl.DataFrame:
    """Every correction ever told to the pack in `folder`, oldest first."""
    path = folder / "corrections.csv"
    if not path.is_file():
        return pl.DataFrame(schema=HISTORY)
    return pl.read_csv(path, infer_schema=False).select(HISTORY.keys()).cast(pl.Schema(HISTORY))


def corrections(taxonomy: Taxonomy) -> pl.DataFrame:
    """What holds now: text, lang (empty for any) and concept_uri."""
    return taxonomy.attributes.filter(pl.col("attribute") == ATTRIBUTE).select(
        "concept_uri", pl.col("lang").fill_null(""), text="value"
    )
