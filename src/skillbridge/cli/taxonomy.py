"""`skillbridge taxonomy`: import, list, show, compare, export, migrate and correct taxonomies."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    import polars as pl

    from skillbridge.taxonomies.pack import Import, Taxonomy

PACK = click.option("--taxonomy", default="core", show_default=True, help="A bundled pack's name or a pack's folder.")
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
FOLDER = click.Path(path_type=Path, file_okay=False)
FILE = click.Path(path_type=Path, dir_okay=False)
SHOWN = 20
"""Rows printed of a long list; files hold them all."""


@click.group("taxonomy")
def taxonomy_command() -> None:
    """Import, list, compare and correct taxonomies."""


@taxonomy_command.group("import")
def import_group() -> None:
    """Read a taxonomy from its official files into a pack."""


@import_group.command("esco")
@click.argument("sources", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--labels", type=FILE, help="Labels of more languages: lang, esco_version, concept_uri, label, preferred."
)
@click.option("--labels-version", help="Take the labels of this ESCO version, or `all` [default: nearest].")
@click.option("--version", help="ESCO version, where the names of the files do not say it.")
@click.option("--base", help="A pack to lay ESCO over, such as core: the new pack extends it.")
@click.option("--out", type=FOLDER, required=True, help="Folder of the pack to write.")
@JSON
def esco_command(
    sources: tuple[Path, ...],
    labels: Path | None,
    labels_version: str | None,
    version: str | None,
    base: str | None,
    out: Path,
    as_json: bool,
) -> None:
    """The official ESCO download in CSV: zips or unpacked folders, one language or several.

    Everything odd in the files goes to oddities.csv in the pack, a row each.
    """
    from rich.console import Console

    from skillbridge.taxonomies import esco

    with Console(stderr=True).status("reading ESCO") as status:
        found = esco.read(
            sources,
            labels=labels,
            labels_version=labels_version,
            version=version,
            progress=lambda name: status.update(f"reading {name}"),
        )
        status.update(f"writing {out}")
        _save(found, out, base)
    _tell_import(found, out, as_json)


@import_group.command("skos")
@click.argument("source", type=FILE)
@click.option("--base", help="The pack whose concepts the file adds words to; the new pack extends it.")
@click.option("--id", "id_", help="Name of the pack [default: the scheme's, else the file's].")
@click.option("--version", help="Version of the pack [default: the scheme's].")
@click.option("--kind", type=click.Choice(["occupation", "skill"]), help="Kind of concepts that do not tell theirs.")
@click.option("--out", type=FOLDER, required=True, help="Folder of the pack to write.")
@JSON
def skos_command(
    source: Path,
    base: str | None,
    id_: str | None,
    version: str | None,
    kind: str | None,
    out: Path,
    as_json: bool,
) -> None:
    """A SKOS file: Turtle (.ttl), RDF/XML (.rdf, .xml) or N-Triples (.nt)."""
    from skillbridge.taxonomies import pack, skos

    found = skos.read(source, id=id_, version=version, kind=kind, base=pack.load(base) if base else None)
    _save(found, out, base)
    _tell_import(found, out, as_json)


@taxonomy_command.command("list")
@click.argument("folders", nargs=-1, type=FOLDER)
@JSON
def list_command(folders: tuple[Path, ...], as_json: bool) -> None:
    """The bundled packs, and those of the FOLDERS given."""
    from skillbridge.taxonomies import pack

    rows = [_summary(pack.load(name)) for name in pack.library()] + [_summary(pack.load(path)) for path in folders]
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    for row in rows:
        click.echo(f"{row['id']} {row['version']}  {row['title']}")
        click.echo(f"    {row['concepts']} concepts, {row['labels']} labels, {row['relations']} relations")
        click.echo(f"    languages: {', '.join(row['languages'])}")


@taxonomy_command.command("show")
@click.argument("concept")
@PACK
@click.option("--lang", multiple=True, help="Only labels of these languages.")
@JSON
def show_command(concept: str, taxonomy: str, lang: tuple[str, ...], as_json: bool) -> None:
    """A CONCEPT by URI or notation (9211): its labels, parents, skills and collections."""
    from skillbridge.taxonomies import pack

    told = _told(pack.load(taxonomy), concept, lang)
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
        return
    click.echo(f"{told['label']}  ({told['kind']} {told['notation']})\n{told['concept_uri']}")
    for name in ("broader", "narrower", "essential", "optional", "essential_for", "optional_for", "collections"):
        if told[name]:
            click.echo(f"{name.replace('_', ' ')} ({len(told[name])}):")
            for line in told[name][:SHOWN]:
                click.echo(
                    f"    {line['label']}  {line['notation']}".rstrip() if isinstance(line, dict) else f"    {line}"
                )
            if len(told[name]) > SHOWN:
                click.echo(f"    ... {len(told[name]) - SHOWN} more (--json shows all)")
    for language, labels in told["labels"].items():
        click.echo(f"{language}: {'; '.join(labels)}")
    for attribute, value in told["attributes"].items():
        click.echo(f"{attribute}: {value}")


@taxonomy_command.command("diff")
@click.argument("old")
@click.argument("new")
@click.option("--out", type=FILE, help="CSV of every change.")
@JSON
def diff_command(old: str, new: str, out: Path | None, as_json: bool) -> None:
    """What changed between two packs or versions: added, gone, renamed, reworded, moved, recoded, retyped."""
    from skillbridge.taxonomies import diff, pack

    changes = diff.diff(pack.load(old), pack.load(new))
    counts = {name: changes.filter(changes["change"] == name)["concept_uri"].n_unique() for name in diff.CHANGES}
    if out:
        _write_csv(changes, out)
    if as_json:
        click.echo(json.dumps({"concepts": counts, "changes": changes.to_dicts()}, ensure_ascii=False, indent=2))
        return
    click.echo("concepts " + ", ".join(f"{name} {count}" for name, count in counts.items()))
    for change, uri, lang, before, after in changes.head(SHOWN).rows():
        click.echo(f"{change}  {uri}  {f'[{lang}] ' if lang else ''}{before or '-'} -> {after or '-'}")
    if len(changes) > SHOWN:
        click.echo(f"... {len(changes) - SHOWN} more" + (f" in {out}" if out else " (--out FILE writes all)"))


@taxonomy_command.command("export")
@click.argument("file", type=FILE)
@PACK
def export_command(file: Path, taxonomy: str) -> None:
    """Write a pack as SKOS to FILE: Turtle (.ttl), RDF/XML (.rdf, .xml) or N-Triples (.nt)."""
    from skillbridge.taxonomies import pack, skos

    told = pack.load(taxonomy)
    skos.write(told, file)
    click.echo(f"{len(told.concepts)} concepts, {len(told.labels)} labels -> {file}")


@taxonomy_command.command("migrate")
@click.argument("file", type=FILE)
@click.option("--from", "old", required=True, help="The pack the concepts were stored under.")
@click.option("--to", "new", required=True, help="The pack to move them to.")
@click.option("--column", default="concept", show_default=True, help="The column that holds concept URIs.")
@click.option("--out", type=FILE, required=True, help="The same table with the new concepts (CSV or Parquet).")
@click.option("--report", type=FILE, help="CSV of what each concept became.")
@JSON
def migrate_command(file: Path, old: str, new: str, column: str, out: Path, report: Path | None, as_json: bool) -> None:
    """Move the concepts stored in FILE (CSV or Parquet) from one version to another.

    What nothing replaces becomes empty in the table and stays readable in the report.
    """
    import polars as pl

    from skillbridge.errors import BadInput
    from skillbridge.tables import replace_file
    from skillbridge.taxonomies import diff, pack

    try:
        table = pl.read_parquet(file) if file.suffix == ".parquet" else pl.read_csv(file, infer_schema=False)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise BadInput(str(file), str(error).splitlines()[0], "a CSV or Parquet table") from None
    if column not in table.columns:
        raise BadInput(str(file), f"no column {column} among {', '.join(table.columns)}", "a column of concept URIs")
    plan = diff.migrate(table[column], pack.load(old), pack.load(new))
    table = table.with_columns(diff.apply(table[column], plan).alias(column))
    replace_file(out, table.write_parquet if out.suffix == ".parquet" else table.write_csv)
    if report:
        _write_csv(plan, report)
    counts = {name: len(plan.filter(pl.col("outcome") == name)) for name in diff.OUTCOMES}
    if as_json:
        click.echo(json.dumps({"concepts": counts, "report": plan.to_dicts()}, ensure_ascii=False, indent=2))
        return
    click.echo(f"{len(plan)} distinct concepts: " + ", ".join(f"{name} {n}" for name, n in counts.items()))
    for uri, count, outcome, target, how, label in plan.filter(pl.col("outcome") != "kept").head(SHOWN).rows():
        click.echo(f"{outcome}  {uri} ({count}x) -> {target or 'nothing'}  {how}{f': {label}' if label else ''}")


@taxonomy_command.command("learn")
@click.argument("file", type=FILE)
@PACK
@click.option("--who", default="", help="Who says so, where the file has no such column.")
@click.option("--when", help="When it was said (YYYY-MM-DD), where the file has no such column [default: today].")
@click.option("--out", type=FOLDER, help="Folder of the corrections' own pack [default: beside the pack].")
def learn_command(file: Path, taxonomy: str, who: str, when: str | None, out: Path | None) -> None:
    """Correct the normalizer once and for all: FILE is CSV with columns text and concept (URI or notation).

    An empty concept takes a correction back. Optional columns: lang, kind, who, when. The corrections are a pack of
    their own; every later run on the corrected pack, or on OUT, knows them.
    """
    from datetime import UTC, datetime

    from skillbridge.taxonomies import learn, pack

    loaded = pack.load(taxonomy)
    base = pack.base_folder(pack.locate(taxonomy), loaded)
    told = learn.read_corrections(file, loaded, who=who, when=when or datetime.now(UTC).date().isoformat())
    folder = out or learn.folder_beside(base)
    now = learn.learn(told, folder, base)
    click.echo(f"{len(told)} read, {len(now.attributes)} corrections hold -> {folder}")


@taxonomy_command.command("compile")
@PACK
@click.option("--titles", type=FILE, help="CSV with columns text, concept: titles the classifier also learns from.")
@click.option("--kind", "kinds", multiple=True, type=click.Choice(["occupation", "skill"]), help="[default: both]")
def compile_command(taxonomy: str, titles: Path | None, kinds: tuple[str, ...]) -> None:
    """Make a pack's index for `normalize` now, rather than at its first use."""
    from skillbridge.cli.normalize import progress_bar
    from skillbridge.taxonomies import pack
    from skillbridge.taxonomies.index import KINDS, open_index, read_titles

    loaded = pack.load(taxonomy)
    taught = read_titles(titles, loaded) if titles else None
    with progress_bar() as progress:
        index = open_index(loaded, loaded.index_folder, kinds or KINDS, titles=taught, progress=progress)  # type: ignore[arg-type]
    for kind, branch in index.branches.items():
        besides = f", learned from {branch.titles} titles besides" if branch.titles else ""
        told = f"{len(branch.concepts)} concepts, {len(branch.labels)} labels{besides}"
        click.echo(f"{kind}: {told} -> {loaded.index_folder}/{kind}")


def _save(found: "Import", out: Path, base: str | None) -> None:
    """Write the pack, and what it extends as a bundled name or as a path seen from the pack."""
    from dataclasses import replace
    from os.path import relpath

    from skillbridge.taxonomies import pack

    taxonomy = found.taxonomy
    if base:
        below = base if base in pack.library() else Path(relpath(pack.locate(base), out)).as_posix()
        taxonomy = replace(taxonomy, meta={**taxonomy.meta, "extends": [below]})
    pack.save(taxonomy, out, extra={"oddities": found.oddities})


def _write_csv(frame: "pl.DataFrame", path: Path) -> None:
    from skillbridge.tables import replace_file

    replace_file(path, frame.write_csv)


def _tell_import(found: "Import", out: Path, as_json: bool) -> None:
    summary = _summary(found.taxonomy) | {"oddities": found.counts(), "out": str(out)}
    if as_json:
        click.echo(json.dumps(summary, ensure_ascii=False, indent=2))
        return
    click.echo(f"{summary['id']} {summary['version']} -> {out}")
    kinds = ", ".join(f"{count} {kind}" for kind, count in summary["kinds"].items())
    click.echo(_count(summary["concepts"], "concept") + (f" ({kinds})" if kinds else ""))
    spoken = f"{_count(summary['labels'], 'label')} in {_count(len(summary['languages']), 'language')}"
    click.echo(f"{spoken}, {_count(summary['relations'], 'relation')}")
    if summary["collections"]:
        click.echo("collections: " + ", ".join(f"{name} {count}" for name, count in summary["collections"].items()))
    if found.oddities.is_empty():
        click.echo("nothing odd")
        return
    click.echo(f"odd ({len(found.oddities)} rows in {out / 'oddities.csv'}):")
    total: dict[str, list[int]] = {}
    for name, count in summary["oddities"].items():
        total.setdefault(name.partition(" (")[0], []).append(count)
    for name, counts in sorted(total.items(), key=lambda item: -sum(item[1])):
        click.echo(f"    {sum(counts):>6} {name}{f' in {len(counts)} languages' if len(counts) > 1 else ''}")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _summary(taxonomy: "Taxonomy") -> dict[str, Any]:
    kinds = taxonomy.concepts["kind"].value_counts().sort("kind")
    collections = taxonomy.collections["collection"].value_counts().sort("collection")
    return {
        "id": taxonomy.id,
        "version": taxonomy.version,
        "title": taxonomy.meta.get("title", ""),
        "languages": list(taxonomy.languages),
        "concepts": len(taxonomy.concepts),
        "kinds": dict(kinds.rows()),
        "labels": len(taxonomy.labels),
        "relations": len(taxonomy.relations),
        "collections": dict(collections.rows()),
    }


def _told(taxonomy: "Taxonomy", text: str, langs: tuple[str, ...]) -> dict[str, Any]:
    import polars as pl

    from skillbridge.taxonomies import pack

    concept = pack.find(taxonomy, text)
    uri = concept.uri
    names = pack.preferred(taxonomy).sort(pl.col("lang") != "en", "lang")
    names = names.unique("concept_uri", keep="first", maintain_order=True)
    known = taxonomy.concepts.join(names, on="concept_uri", how="left").select("concept_uri", "notation", "label")

    asked = taxonomy.relations.filter(pl.col("relation").is_in(["essential", "optional"]))
    common = asked.group_by(concept_uri="object").agg(common=pl.len())  # what few occupations ask for comes first

    def ends(relation: str, here: str, there: str) -> list[dict[str, str]]:
        rows = taxonomy.relations.filter(pl.col("relation") == relation, pl.col(here) == uri).select(concept_uri=there)
        order = ["common", "notation", "label", "concept_uri"]
        told = rows.join(known, on="concept_uri", how="left").join(common, on="concept_uri", how="left")
        return told.sort(order, nulls_last=True).drop("common").with_columns(pl.all().fill_null("")).to_dicts()

    labels: dict[str, list[str]] = {}
    order = pl.col("label_kind").replace_strict({"preferred": 0, "alternative": 1, "hidden": 2}, return_dtype=pl.Int8)
    for lang, label in (
        taxonomy.labels.filter(pl.col("concept_uri") == uri).sort("lang", order, "label").select("lang", "label").rows()
    ):
        if not langs or lang in langs:
            labels.setdefault(lang, []).append(label)
    attributes: dict[str, str] = {}
    for attribute, value in (
        taxonomy.attributes.filter(pl.col("concept_uri") == uri)
        .sort("attribute", "value")
        .select("attribute", "value")
        .rows()
    ):
        attributes[attribute] = f"{attributes[attribute]}; {value}" if attribute in attributes else value
    return {
        "concept_uri": uri,
        "kind": concept.kind,
        "notation": concept.notation,
        "label": concept.label,
        "broader": ends("broader", "subject", "object"),
        "narrower": ends("broader", "object", "subject"),
        "essential": ends("essential", "subject", "object"),
        "optional": ends("optional", "subject", "object"),
        "essential_for": ends("essential", "object", "subject"),
        "optional_for": ends("optional", "object", "subject"),
        "collections": taxonomy.collections.filter(pl.col("concept_uri") == uri)["collection"].to_list(),
        "labels": labels,
        "attributes": attributes,
    }
