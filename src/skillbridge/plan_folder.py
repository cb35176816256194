"""A plan as a folder: everything a check, an explanation and a report need, and nothing from elsewhere.

::

    plan.json             model.Plan; its manifest holds the SHA-256 of every other file
    placements.csv        one row a placed worker
    unfilled.csv          one row a vacancy with open positions, and why
    unplaced.csv          one row a worker without a place, and why
    certificate.parquet   a price per vacancy and per row: what the bound recomputes from
    report.html           for people
    inputs/               workers, vacancies, edges and taxonomy tables (Parquet), partnerships (TOML), and what scores
                          were made by: objective.toml, matching.toml, rates.csv

A folder is written beside its place and renamed, and plan.json is written last: half a folder never reads as a plan.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import msgspec
import polars as pl

from skillbridge import resources, tables
from skillbridge.errors import BadInput, Corrupt
from skillbridge.matching.objective import objective_path
from skillbridge.model import Plan
from skillbridge.partnerships.partnership import Partnership
from skillbridge.partnerships.partnership import dump as dump_partnership
from skillbridge.partnerships.partnership import load as load_partnership
from skillbridge.taxonomies import pack
from skillbridge.taxonomies.pack import Taxonomy

UNFILLED: dict[str, pl.DataType] = {
    "vacancy_id": pl.String(),
    "employer_id": pl.String(),
    "destination": pl.String(),
    "positions": pl.Int32(),
    "filled": pl.Int32(),
    "reason": pl.String(),
    "partnership": pl.String(),
    "rule": pl.String(),
    "price": pl.Float64(),
    "detail": pl.String(),
}
"""`reason` is a code of explain.REASONS, `partnership` and `rule` say whose row or rule it is, `price` is in objective
points, `detail` is the reason in English words."""

UNPLACED: dict[str, pl.DataType] = {
    "worker_id": pl.String(),
    "origin": pl.String(),
    "reason": pl.String(),
    "partnership": pl.String(),
    "rule": pl.String(),
    "vacancy_id": pl.String(),
    "price": pl.Float64(),
    "detail": pl.String(),
}
"""`vacancy_id` is the worker's best alternative, where there was one; the rest as in UNFILLED."""

NAMES: dict[str, pl.DataType] = {"concept_uri": pl.String(), "lang": pl.String(), "label": pl.String()}
"""What a skill is called in each language that reasons are given in."""

CERTIFICATE: dict[str, pl.DataType] = {"kind": pl.String(), "key": pl.String(), "price": pl.Float64()}
"""`kind` vacancy (key: vacancy_id) in the order of the vacancies, then `kind` row (key: see `row_keys`) in the order
of the rows; `price` >= 0 in objective points per head or per unit of the row. Where rows implied in whole heads prove
more (`matching.implied`), prices over all of them follow, as `whole vacancy` and `whole row`. For each TERM of a
lexicographic objective follow `TERM vacancy` and `TERM row`, over the rows that hold the terms before it
(`matching.held`), in the term's points, and (but for the first) `TERM alone vacancy` and `TERM alone row`."""

_FRAMES = {"workers": tables.WORKERS, "vacancies": tables.VACANCIES, "edges": tables.EDGES}
_LISTS = {"placements": tables.PLACEMENTS, "unfilled": UNFILLED, "unplaced": UNPLACED}
SETTINGS = ("objective.toml", "matching.toml", "rates.csv")
"""The files beside the inputs that scores and weights depend on."""

_TAXONOMY = ("concepts", "relations", "collections")
_NAMES = "inputs/taxonomy/names.parquet"
_GUARD = r"^'*[=+\-@\t\r]"


@dataclass(frozen=True)
class PlanFolder:
    """A plan with its inputs and results as frames; `taxonomy` carries no labels once read back.

    `settings` are the texts of objective.toml, matching.toml and rates.csv (see `bundled_settings`); `names` is NAMES;
    `extra` holds further files by name, such as report.html.
    """

    plan: Plan
    workers: pl.DataFrame
    vacancies: pl.DataFrame
    edges: pl.DataFrame
    partnerships: Sequence[Partnership]
    taxonomy: Taxonomy
    settings: Mapping[str, str]
    placements: pl.DataFrame
    unfilled: pl.DataFrame
    unplaced: pl.DataFrame
    certificate: pl.DataFrame
    names: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=NAMES))
    extra: Mapping[str, str] = field(default_factory=dict)


def bundled_settings(
    objective: str, text: str | None = None, *, matching: str = "default", rates: str = "2025"
) -> dict[str, str]:
    """The texts of the objective, matching policy and exchange rates of these names; `objective` may be a file.

    `text`, where given, is the objective's.
    """
    paths = {
        "matching.toml": resources.folder("datasets") / "matching" / f"{matching}.toml",
        "rates.csv": resources.folder("datasets") / "rates" / f"{rates}.csv",
    }
    texts = {name: path.read_text(encoding="utf-8") for name, path in paths.items()}
    return {"objective.toml": text or objective_path(objective).read_text(encoding="utf-8")} | texts


def certificate(
    vacancy_ids: pl.Series,
    vacancy_price: Sequence[float],
    row_keys: Sequence[str],
    row_price: Sequence[float],
    *,
    kinds: tuple[str, str] = ("vacancy", "row"),
) -> pl.DataFrame:
    """The prices of a solution as (a part of) the CERTIFICATE table, with these `kinds`."""

    def part(kind: str, keys: Sequence[str], price: Sequence[float]) -> pl.DataFrame:
        columns = {"kind": [kind] * len(keys), "key": list(keys), "price": list(price)}
        return pl.DataFrame(columns, schema=CERTIFICATE)

    return pl.concat([part(kinds[0], vacancy_ids.to_list(), vacancy_price), part(kinds[1], row_keys, row_price)])


def row_keys(refs: Sequence[tuple[str, str, str]]) -> list[str]:
    """A key for each (partnership, rule, label): `partnership/rule: label`, numbered where two would be the same."""
    seen: dict[str, int] = {}
    keys = []
    for partnership, rule, label in refs:
        key = f"{partnership}/{rule}: {label}"
        seen[key] = seen.get(key, 0) + 1
        keys.append(key if seen[key] == 1 else f"{key} #{seen[key]}")
    return keys


def write(folder: PlanFolder, out: Path) -> PlanFolder:
    """Write the folder at `out` in one step and give it back with the hashes of its files in the plan's manifest.

    `out` may be absent, empty or an older plan, which is then replaced; anything else there is refused.
    """
    if out.exists() and not (out.is_dir() and (not any(out.iterdir()) or (out / "plan.json").is_file())):
        raise BadInput(str(out), "already there and not a plan", "a new, an empty or a plan's folder")
    return tables.replace_folder(out, partial(_write_files, folder))


def _write_files(folder: PlanFolder, root: Path) -> PlanFolder:
    (root / "inputs" / "partnerships").mkdir(parents=True)
    (root / "inputs" / "taxonomy").mkdir()
    for name, schema in _FRAMES.items():
        frame: pl.DataFrame = getattr(folder, name)
        tables.conform(frame, schema).write_parquet(root / "inputs" / f"{name}.parquet")
    for name in _TAXONOMY:
        getattr(folder.taxonomy, name).write_parquet(root / "inputs" / "taxonomy" / f"{name}.parquet")
    folder.names.write_parquet(root / _NAMES)
    for name in SETTINGS:
        (root / "inputs" / name).write_text(folder.settings[name], encoding="utf-8")
    for number, partnership in enumerate(folder.partnerships):
        path = root / "inputs" / "partnerships" / f"{number:02d}-{partnership.id}.toml"
        path.write_text(dump_partnership(partnership), encoding="utf-8")
    for name, schema in _LISTS.items():
        write_csv(tables.conform(getattr(folder, name), schema), root / f"{name}.csv")
    folder.certificate.write_parquet(root / "certificate.parquet")
    for name, text in folder.extra.items():
        (root / name).write_text(text, encoding="utf-8")
    hashes = {path.relative_to(root).as_posix(): tables.sha256(path) for path in _files(root)}
    manifest = msgspec.structs.replace(folder.plan.manifest, hashes={**folder.plan.manifest.hashes, **hashes})
    plan = msgspec.structs.replace(folder.plan, manifest=manifest)
    text = msgspec.json.format(msgspec.json.encode(plan).decode(), indent=2)
    (root / "plan.json").write_text(text + "\n", encoding="utf-8")
    return replace(folder, plan=plan)


def _files(root: Path) -> list[Path]:
    return sorted(path for path in root.rglob("*") if path.is_file() and path.name != "plan.json")


def read_plan(root: Path) -> Plan:
    """The plan.json of a folder."""
    path = root / "plan.json"
    if not root.exists() and root.parent.is_dir():
        tables.recover(root)
    if not path.is_file():
        raise BadInput(str(root), "no plan.json in it", "a folder written by `skillbridge plan`")
    try:
        return msgspec.json.decode(path.read_bytes(), type=Plan)
    except msgspec.DecodeError as error:
        raise BadInput(str(path), str(error), "a plan as written by `skillbridge plan`") from error


def one_season(plan: Plan, act: str) -> None:
    """Refuse, in words, to `act` on a plan of several seasons a worker where only one is understood."""
    if plan.manifest.seasons:
        raise BadInput("plan", f"of several seasons a worker, which cannot be {act}", "a plan made without --seasons")


def altered_files(root: Path, plan: Plan) -> list[str]:
    """What no longer matches the manifest: files changed, missing or unlisted, each in words, sorted by path."""
    listed = {name: value for name, value in plan.manifest.hashes.items() if _is_inside(name)}
    found = {path.relative_to(root).as_posix(): path for path in _files(root)}
    words = [f"{name}: missing" for name in listed if name not in found]
    words += [f"{name}: not in the manifest" for name in found if name.startswith("inputs/") and name not in listed]
    words += [
        f"{name}: changed since the plan was written"
        for name, path in found.items()
        if name in listed and tables.sha256(path) != listed[name]
    ]
    required = [f"{name}.csv" for name in _LISTS] + [f"inputs/{name}.parquet" for name in _FRAMES]
    words += [f"{name}: not in the manifest" for name in [*required, "certificate.parquet"] if name not in listed]
    return sorted(set(words))


def unaltered(root: Path, plan: Plan, act: str) -> None:
    """Refuse, in words, to `act` on a folder of which a file is no longer what the plan wrote."""
    if wrong := altered_files(root, plan):
        raise BadInput(str(root), "; ".join(wrong[:3]), f"the folder as the plan left it, to be {act}")


def _is_inside(name: str) -> bool:
    return name.startswith("inputs/") or (name.rpartition(".")[2] in {"csv", "parquet", "html"} and "/" not in name)


def read(root: Path) -> PlanFolder:
    """A folder as it was written; raises `BadInput` where a file is missing or cannot be understood.

    Whether files still match the manifest is `check`'s question: see `altered_files`.
    """
    plan = read_plan(root)
    frames = {name: _parquet(root / "inputs" / f"{name}.parquet", schema) for name, schema in _FRAMES.items()}
    lists = {name: read_csv(root / f"{name}.csv", schema) for name, schema in _LISTS.items()}
    parts = {name: _parquet(root / "inputs" / "taxonomy" / f"{name}.parquet", pack.TABLES[name]) for name in _TAXONOMY}
    for name in SETTINGS:
        if not (root / "inputs" / name).is_file():
            raise BadInput(str(root / "inputs" / name), "missing", "a file of the plan's folder")
    return PlanFolder(
        plan=plan,
        partnerships=tuple(
            load_partnership(path, scenario=True)  # a scenario's plan may hold relaxed rules, named in its manifest
            for path in sorted((root / "inputs" / "partnerships").glob("*.toml"))
        ),
        taxonomy=pack.from_tables(
            plan.manifest.versions.get("taxonomy", "taxonomy"),
            plan.manifest.versions.get("taxonomy", ""),
            concepts=parts["concepts"],
            labels=pl.DataFrame(schema=tables.LABELS),
            relations=parts["relations"],
            collections=parts["collections"],
        ),
        settings={name: (root / "inputs" / name).read_text(encoding="utf-8") for name in SETTINGS},
        certificate=_parquet(root / "certificate.parquet", CERTIFICATE),
        workers=frames["workers"],
        vacancies=frames["vacancies"],
        edges=frames["edges"],
        placements=lists["placements"],
        unfilled=lists["unfilled"],
        unplaced=lists["unplaced"],
        # A folder written before names were kept calls skills by their URIs.
        names=_parquet(root / _NAMES, NAMES) if (root / _NAMES).is_file() else pl.DataFrame(schema=NAMES),
    )


def _parquet(path: Path, schema: dict[str, pl.DataType]) -> pl.DataFrame:
    if not path.is_file():
        raise BadInput(str(path), "missing", "a file of the plan's folder")
    try:
        frame = pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise Corrupt(f"{path}: not a Parquet file: {error}") from error
    wrong = [name for name, kind in schema.items() if frame.schema.get(name) != kind]
    if wrong:
        raise BadInput(str(path), f"columns {', '.join(wrong)} missing or of another type", "the declared schema")
    return frame.select(list(schema))


def guarded(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with a leading apostrophe in text cells that a spreadsheet would take for a formula."""
    texts = [name for name, kind in frame.schema.items() if kind == pl.String]
    return frame.with_columns(
        pl.when(pl.col(name).str.contains(_GUARD)).then("'" + pl.col(name)).otherwise(pl.col(name)).alias(name)
        for name in texts
    )


def write_csv(frame: pl.DataFrame, path: Path) -> None:
    """Write a CSV that a spreadsheet shows as text (see `guarded`); `read_csv` takes the apostrophes away again."""
    guarded(frame).write_csv(path)


def read_csv(path: Path, schema: dict[str, pl.DataType]) -> pl.DataFrame:
    """A CSV written by `write_csv`, in the given schema; raises `BadInput` for another header or type."""
    if not path.is_file():
        raise BadInput(str(path), "missing", "a file of the plan's folder")
    try:
        raw = pl.read_csv(path, infer_schema=False)
    except pl.exceptions.PolarsError as error:
        raise BadInput(str(path), f"not a CSV table: {error}", f"columns {', '.join(schema)}") from error
    if raw.columns != list(schema):
        raise BadInput(str(path), f"columns {', '.join(raw.columns)}", f"columns {', '.join(schema)}")
    plain = raw.with_columns(
        pl.when(pl.col(name).str.contains("^'" + _GUARD[1:]))
        .then(pl.col(name).str.slice(1))
        .otherwise(pl.col(name))
        .alias(name)
        for name in raw.columns
    )
    try:
        return plain.select(
            pl.col(name).str.to_date("%Y-%m-%d", strict=True)
            if kind == pl.Date
            else pl.col(name).cast(kind, strict=True)
            for name, kind in schema.items()
        )
    except pl.exceptions.PolarsError as error:
        raise BadInput(str(path), str(error).splitlines()[0], "values of the declared types") from error


def why_unplaced(root: Path, worker_id: str) -> str | None:
    """The code of the reason for which the plan of a folder has no place for a worker; None if it has, or never
    considered them. Reads two columns of one file: tens of milliseconds for 100,000 workers."""
    path = root / "unplaced.csv"
    if not path.is_file():
        raise BadInput(str(path), "missing", "a file of the plan's folder")
    mine = pl.col("worker_id").is_in([worker_id, "'" + worker_id])
    found = pl.scan_csv(path, infer_schema=False).filter(mine).select("reason").collect()
    return next(iter(found["reason"].to_list()), None)
