"""`skillbridge normalize`: job titles or skills to concepts."""

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from skillbridge.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import polars as pl

COLUMNS = ("id", "text", "rank", "concept_uri", "notation", "label", "score", "method", "decision")


@click.command("normalize")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--kind", type=click.Choice(["occupation", "skill"]), required=True, help="What the texts name.")
@click.option("--lang", help="Language of the texts (BCP 47), where no column says so.")
@click.option("--taxonomy", default="core", show_default=True, help="A bundled pack's name or a pack's folder.")
@click.option("--limit", type=click.IntRange(1, 100), default=5, show_default=True, help="Answers per text.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="CSV or Parquet file to write.")
def normalize_command(file: Path, kind: str, lang: str | None, taxonomy: str, limit: int, out: Path) -> None:
    """Map the texts of FILE (- is standard input) to ranked ESCO or ISCO-08 concepts.

    FILE is CSV, Parquet or XLSX with a column text and, optionally, id and lang.
    """
    import polars as pl

    from skillbridge.tables import replace_file
    from skillbridge.taxonomies import pack
    from skillbridge.taxonomies.index import open_index
    from skillbridge.taxonomies.normalizer import resolve

    asked = _read(file)
    loaded = pack.load(taxonomy)
    with progress_bar() as progress:
        index = open_index(loaded, loaded.index_folder, (kind,), progress=progress)  # type: ignore[arg-type]
    langs = asked["lang"].fill_null(lang or "").to_list() if "lang" in asked.columns else lang
    found = resolve(asked["text"], index, kind=kind, lang=langs, limit=limit)  # type: ignore[arg-type]
    ids = asked.select("id", "text").with_row_index("item")
    answers = ids.join(found, on="item", how="left", maintain_order="left_right").select(COLUMNS)

    def write(path: Path) -> None:
        if out.suffix == ".parquet":
            answers.write_parquet(path)
        else:
            answers.with_columns(pl.col("score").round(4)).write_csv(path)

    replace_file(out, write)
    first = answers.filter(pl.col("rank") == 1)
    counts = dict(first.group_by("decision").len().rows())
    told = ", ".join(f"{counts.get(name, 0)} {name}" for name in ("accept", "review", "reject"))
    click.echo(f"{len(first)} texts: {told} -> {out}")


def _read(file: Path) -> "pl.DataFrame":
    """id, text and, where given, lang, all as text."""
    import polars as pl

    try:
        if str(file) == "-":
            frame = pl.read_csv(sys.stdin.buffer.read(), infer_schema=False)
        elif file.suffix == ".parquet":
            frame = pl.read_parquet(file)
        elif file.suffix in (".xlsx", ".xls", ".ods"):
            frame = pl.read_excel(file)
        else:
            frame = pl.read_csv(file, infer_schema=False)
    except FileNotFoundError:
        raise BadInput(str(file), "no such file", "a CSV, Parquet or XLSX file") from None
    except (pl.exceptions.PolarsError, OSError) as error:
        raise BadInput(str(file), str(error).splitlines()[0], "a CSV, Parquet or XLSX table with a header") from None
    if "text" not in frame.columns:
        raise BadInput(str(file), f"columns {', '.join(frame.columns) or 'none'}", "a column text")
    if "id" not in frame.columns:
        frame = frame.with_columns(id=pl.int_range(1, pl.len() + 1).cast(pl.String))
    kept = [name for name in ("id", "text", "lang") if name in frame.columns]
    return frame.select(pl.col(kept).cast(pl.String)).with_columns(pl.col("text").fill_null(""))


@contextmanager
def progress_bar() -> "Iterator[Callable[[str, float], None] | None]":
    """A progress bar on a terminal, nothing when piped; told the kind and the share of it compiled."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress, TaskID

    tasks: dict[str, TaskID] = {}
    with Progress(console=Console(stderr=True), transient=True) as bar:

        def tell(kind: str, share: float) -> None:
            if kind not in tasks:
                tasks[kind] = bar.add_task(f"compiling the {kind} index", total=1.0)
            bar.update(tasks[kind], completed=share)

        yield tell
