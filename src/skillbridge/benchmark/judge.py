"""The judge of an answer: from the instance's tables alone, without any solver."""

from pathlib import Path

import msgspec
import polars as pl

from skillbridge.benchmark.instance import read_card, table
from skillbridge.errors import BadInput


class Verdict(msgspec.Struct, frozen=True):
    """What an answer is worth: `points` in objective points less penalties, `placed` heads, `first_quarter` the share
    placed of the quarter that arrived first (0 to 1); `broken` says what is not allowed, empty for a legal answer."""

    points: int
    placed: int
    first_quarter: float
    broken: tuple[str, ...]


def read_answer(path: Path) -> pl.DataFrame:
    """An answer's table of `worker` and `edge`; raises `BadInput`."""
    try:
        frame = pl.read_csv(path, columns=["worker", "edge"], schema_overrides={"worker": pl.Int64, "edge": pl.Int64})
    except (OSError, pl.exceptions.PolarsError) as error:
        expected = "a CSV with the whole-number columns worker,edge"
        raise BadInput(str(path), str(error).splitlines()[0], expected) from error
    if frame.null_count().sum_horizontal().item():
        raise BadInput(str(path), "an empty cell", "a worker and an edge in every line")
    return frame


def judge(root: Path, answer: pl.DataFrame) -> Verdict:
    """The verdict on an answer (columns `worker`, `edge`) to the instance in the folder `root`."""
    card = read_card(root)
    edges = table(root, "edges").select(pl.col("edge", "worker", "vacancy", "cell").cast(pl.Int64), "weight")
    workers = table(root, "workers").with_columns(pl.col("worker").cast(pl.Int64))
    jobs = table(root, "vacancies").with_columns(pl.col("vacancy").cast(pl.Int64))
    broken = []
    twice = answer.group_by("worker").len().filter(pl.col("len") > 1)["worker"].sort()
    broken += [f"worker {who} is placed more than once" for who in twice.to_list()]
    taken = answer.join(edges, on="edge", how="left", suffix="_of_edge").sort("worker", "edge")
    strange = taken.filter((pl.col("worker_of_edge") != pl.col("worker")).fill_null(value=True))
    broken += [f"edge {edge} is not one of worker {who}" for who, edge in strange.select("worker", "edge").rows()]
    taken = taken.filter(pl.col("worker_of_edge") == pl.col("worker"))
    heads = taken.group_by("vacancy").len("heads").join(jobs, on="vacancy")
    for vacancy, n, positions in (
        heads.filter(pl.col("heads") > pl.col("positions"))
        .sort("vacancy")
        .select("vacancy", "heads", "positions")
        .rows()
    ):
        broken.append(f"vacancy {vacancy} has {positions} positions, {n} are placed")
    use = _use(root, taken)
    over = use.filter(pl.col("used") > pl.col("limit"))
    for row, label, limit, used in (
        over.filter(pl.col("penalty").is_null()).sort("row").select("row", "label", "limit", "used").rows()
    ):
        broken.append(f"row {row} ({label}): limit {limit}, used {used}")
    soft = over.filter(pl.col("penalty").is_not_null())
    cost = int((soft["penalty"] * (soft["used"] - soft["limit"])).sum())
    places = taken.join(jobs.select("vacancy", "place"), on="vacancy").select("worker", "place")
    crews = (
        workers.filter(pl.col("group") >= 0)
        .join(places, on="worker", how="left")
        .group_by("group")
        .agg(pl.col("place").n_unique().alias("places"))
        .filter(pl.col("places") > 1)["group"]
        .sort()
    )
    broken += [f"group {crew} does not go together" for crew in crews.to_list()]
    first = workers.filter(pl.col("arrival") < card.workers / 4)
    return Verdict(
        points=int(taken["weight"].cast(pl.Int64).sum()) - cost,
        placed=taken.height,
        first_quarter=first.join(taken, on="worker", how="semi").height / max(1, first.height),
        broken=tuple(broken),
    )


def _use(root: Path, taken: pl.DataFrame) -> pl.DataFrame:
    """The rows with what the answer uses of each, zero where nothing adds to it."""
    parts = []
    for name, key in (("cell_rows", "cell"), ("vacancy_rows", "vacancy")):
        adds = table(root, name).with_columns(pl.col(key).cast(pl.Int64))
        counts = taken.group_by(key).len("n").with_columns(pl.col("n").cast(pl.Int64))
        parts.append(adds.join(counts, on=key).select("row", used=pl.col("amount") * pl.col("n")))
    used = pl.concat(parts).group_by("row").agg(pl.col("used").sum())
    return table(root, "rows").join(used, on="row", how="left").with_columns(pl.col("used").fill_null(0))
