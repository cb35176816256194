"""An instance as a folder of plain tables, so that a solver in any language can enter.

::

    instance.json           name, family, seed, counts, the bound if one is known
    workers.parquet         worker u32; group i32 (-1 alone); arrival i64 (rank, 0 first); points i64 (a points test)
    vacancies.parquet       vacancy u32; positions i32; place i32 (groups go to one place); arrival i64
    edges.parquet           edge u32; worker u32; vacancy u32; cell u32; weight i32 (objective points, >= 1)
    rows.parquet            row u32; limit i64; penalty i64 (null: a hard limit); label; rule; unit
    cell_rows.parquet       cell u32; row u32; amount i64
    vacancy_rows.parquet    vacancy u32; row u32; amount i64

An answer is a CSV with the columns `worker,edge`: one line a worker with a place.
"""

from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import sparse

from skillbridge.errors import BadInput
from skillbridge.partnerships.rows import RowRef, Rows
from skillbridge.solver.problem import Problem, checked
from skillbridge.tables import replace_file, replace_folder

I64 = npt.NDArray[np.int64]
TABLES = ("workers", "vacancies", "edges", "rows", "cell_rows", "vacancy_rows")


class Card(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """instance.json: what the instance is; `bound` in objective points, None until a solver has proven one."""

    name: str
    family: str
    seed: int
    workers: int
    vacancies: int
    positions: int
    edges: int
    rows: int
    synthetic: tuple[str, ...] = ()
    bound: float | None = None


@dataclass(frozen=True)
class Instance:
    """A problem with the orders that real schemes go by.

    `arrival` int64 [workers] and `opened` int64 [vacancies] are ranks, 0 first; `points` int64 [workers] is a score
    of the worker alone, as a points test gives it.
    """

    card: Card
    problem: Problem
    arrival: I64
    opened: I64
    points: I64


def instance(
    name: str,
    family: str,
    seed: int,
    problem: Problem,
    arrival: I64,
    opened: I64,
    points: I64,
    synthetic: tuple[str, ...] = (),
) -> Instance:
    """An instance with its counts."""
    card = Card(
        name=name,
        family=family,
        seed=seed,
        workers=problem.n_workers,
        vacancies=problem.n_vacancies,
        positions=int(problem.positions.sum()),
        edges=len(problem.vacancy),
        rows=problem.n_rows,
        synthetic=synthetic,
    )
    return Instance(card, problem, arrival, opened, points)


def write(made: Instance, root: Path, *, csv: bool = False) -> None:
    """Write the tables and instance.json as the folder `root`, all of it or nothing; with `csv` each table as CSV too.

    The judge reads the Parquet tables.
    """

    def fill(folder: Path) -> None:
        for name, frame in _frames(made).items():
            frame.write_parquet(folder / f"{name}.parquet")
            if csv:
                frame.write_csv(folder / f"{name}.csv")
        write_card(made.card, folder)

    replace_folder(root, fill)


def write_card(card: Card, root: Path) -> None:
    """Write instance.json alone."""
    text = msgspec.json.format(msgspec.json.encode(card).decode(), indent=2)
    replace_file(root / "instance.json", lambda path: path.write_text(text + "\n", encoding="utf-8"))


def read_card(root: Path) -> Card:
    """instance.json; raises `BadInput`."""
    try:
        return msgspec.json.decode((root / "instance.json").read_bytes(), type=Card)
    except (OSError, msgspec.DecodeError) as error:
        raise BadInput(str(root / "instance.json"), str(error), "an instance of the benchmark") from error


def table(root: Path, name: str) -> pl.DataFrame:
    """One table of an instance; raises `BadInput`."""
    try:
        return pl.read_parquet(root / f"{name}.parquet")
    except (OSError, pl.exceptions.PolarsError) as error:
        raise BadInput(str(root / f"{name}.parquet"), str(error), "a table of the instance") from error


def read(root: Path) -> Instance:
    """An instance as it was written."""
    card = read_card(root)
    t = {name: table(root, name) for name in TABLES}
    edges, rows = t["edges"], t["rows"]
    n_cells = int(max(np.max(t[name]["cell"].to_numpy(), initial=0) for name in ("edges", "cell_rows"))) + 1

    def matrix(name: str, key: str, height: int) -> sparse.csr_array:
        frame = t[name]
        line, row = (frame[name].to_numpy().astype(np.int64) for name in (key, "row"))
        data = frame["amount"].to_numpy().astype(np.int64)
        return sparse.csr_array((data, (line, row)), shape=(height, rows.height))

    problem = Problem(
        indptr=np.searchsorted(edges["worker"].to_numpy(), np.arange(card.workers + 1)).astype(np.int64),
        vacancy=edges["vacancy"].to_numpy().astype(np.int32),
        weight=edges["weight"].to_numpy().astype(np.int32),
        positions=t["vacancies"]["positions"].to_numpy().astype(np.int32),
        rows=Rows(
            cell=edges["cell"].to_numpy().astype(np.int32),
            limit=rows["limit"].to_numpy().astype(np.int64),
            cell_rows=matrix("cell_rows", "cell", n_cells),
            vacancy_rows=matrix("vacancy_rows", "vacancy", card.vacancies),
            refs=tuple(
                RowRef("", rule, label, unit, penalty)
                for rule, label, unit, penalty in rows.select("rule", "label", "unit", "penalty").rows()
            ),
        ),
        group=t["workers"]["group"].to_numpy().astype(np.int32),
        place=t["vacancies"]["place"].to_numpy().astype(np.int32),
    )
    return Instance(
        card,
        checked(problem),
        t["workers"]["arrival"].to_numpy().astype(np.int64),
        t["vacancies"]["arrival"].to_numpy().astype(np.int64),
        t["workers"]["points"].to_numpy().astype(np.int64),
    )


def _frames(made: Instance) -> dict[str, pl.DataFrame]:
    p = made.problem
    refs = p.rows.refs

    def entries(matrix: sparse.csr_array, key: str) -> pl.DataFrame:
        line = np.repeat(np.arange(matrix.shape[0], dtype=np.uint32), np.diff(matrix.indptr))
        return pl.DataFrame(
            {key: line, "row": matrix.indices.astype(np.uint32), "amount": matrix.data.astype(np.int64)}
        )

    return {
        "workers": pl.DataFrame(
            {
                "worker": np.arange(p.n_workers, dtype=np.uint32),
                "group": p.group,
                "arrival": made.arrival,
                "points": made.points,
            }
        ),
        "vacancies": pl.DataFrame(
            {
                "vacancy": np.arange(p.n_vacancies, dtype=np.uint32),
                "positions": p.positions,
                "place": p.place,
                "arrival": made.opened,
            }
        ),
        "edges": pl.DataFrame(
            {
                "edge": np.arange(len(p.vacancy), dtype=np.uint32),
                "worker": np.repeat(np.arange(p.n_workers, dtype=np.uint32), np.diff(p.indptr)),
                "vacancy": p.vacancy.astype(np.uint32),
                "cell": p.rows.cell.astype(np.uint32),
                "weight": p.weight,
            }
        ),
        "rows": pl.DataFrame(
            {
                "row": np.arange(p.n_rows, dtype=np.uint32),
                "limit": p.rows.limit,
                "penalty": pl.Series([ref.penalty for ref in refs], dtype=pl.Int64),
                "label": pl.Series([ref.label for ref in refs], dtype=pl.String),
                "rule": pl.Series([f"{ref.partnership}/{ref.rule}" for ref in refs], dtype=pl.String),
                "unit": pl.Series([ref.unit for ref in refs], dtype=pl.String),
            }
        ),
        "cell_rows": entries(p.rows.cell_rows, "cell"),
        "vacancy_rows": entries(p.rows.vacancy_rows, "vacancy"),
    }
