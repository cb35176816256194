"""Published optima are reproduced: generalised assignment through rows with amounts, min-cost flow through flow."""

import bz2
import csv
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import sparse

from skillbridge.errors import BadInput
from skillbridge.partnerships.rows import RowRef, Rows
from skillbridge.solver.exact import flow, plain_flow
from skillbridge.solver.plan import usage, value
from skillbridge.solver.problem import Problem
from skillbridge.solver.solve import solve

HIGH = 1_000
"""Points of an assigned item, above any cost: all items are assigned if they can be."""


def assignment(path: Path) -> Problem:
    """A generalised-assignment instance: agents are vacancies, items workers, each edge a cell with its amount."""
    numbers = np.array(path.read_text().split(), np.int64)
    agents, items = numbers[:2].tolist()
    cost, amount = numbers[2 : 2 + 2 * agents * items].reshape(2, agents, items)
    capacity = numbers[2 + 2 * agents * items :]
    edges = np.arange(agents * items)
    agent = np.tile(np.arange(agents), items)
    rows = Rows(
        edges.astype(np.int32),
        capacity,
        sparse.csr_array((amount.T.ravel(), (edges, agent)), shape=(len(edges), agents)),
        sparse.csr_array((agents, agents), dtype=np.int64),
        tuple(RowRef("instance", f"agent {a}", f"agent {a}", "hours") for a in range(agents)),
    )
    return Problem(
        np.arange(items + 1) * agents,
        agent.astype(np.int32),
        (HIGH - cost.T.ravel()).astype(np.int32),
        np.full(agents, items, np.int32),
        rows,
        np.full(items, -1, np.int32),
        np.arange(agents, dtype=np.int32),
    )


def published(folder: Path) -> dict[str, tuple[int, int]]:
    """Name -> (items, best known cost)."""
    with (folder / "best_known.csv").open() as file:
        return {
            row["Path"]: (int(row["Item number"]), int(row["Optimum"]))
            for row in csv.DictReader(file)
            if row["Optimum"]
        }


@pytest.mark.data
@pytest.mark.parametrize("number", range(1, 5))
def test_generalised_assignment_optima(shared_data: Path, number: int) -> None:
    folder = shared_data / "instances" / "gap"
    known = published(folder)
    for k in range(5):
        name = f"cattrysse1994/gap{number}-{k}"
        items, optimum = known[name]
        found = solve(assignment(folder / "data" / name))
        assert found.status == "optimal"
        assert items * HIGH - found.objective == optimum


@pytest.mark.data
@pytest.mark.slow
@pytest.mark.parametrize("number", range(5, 13))
def test_larger_generalised_assignment_optima(shared_data: Path, number: int) -> None:
    test_generalised_assignment_optima(shared_data, number)


class _Graph(dict):  # type: ignore[type-arg]
    """Stands in for the library class that the file was written with."""


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if module == "builtins" or module == "__builtin__":
            return {"dict": dict, "list": list, "set": set}[name]
        return _Graph


@pytest.mark.data
def test_netgen_2_flow_costs_what_was_published(shared_data: Path) -> None:
    path = shared_data / "instances" / "mincostflow" / "netgen-2.gpickle.bz2"
    with bz2.open(path) as file:
        graph = vars(_Unpickler(file).load())
    names = {node: k for k, node in enumerate(graph["_node"])}
    supply = np.array([-data.get("demand", 0) for data in graph["_node"].values()], np.int64)
    arcs = [
        (names[a], names[b], data["capacity"], data.get("weight", 0))
        for a, heads in graph["_adj"].items()
        for b, data in heads.items()
    ]
    tail, head, capacity, cost = np.array(arcs, np.int64).T
    total, flows = flow(tail, head, capacity, cost, supply)
    assert total == 6_749_969_302
    assert (flows <= capacity).all()


def test_a_flow_that_cannot_be_carried_is_refused_in_words() -> None:
    one = np.array([1])
    with pytest.raises(BadInput, match="no flow"):
        flow(np.array([0]), np.array([1]), one, one, np.array([2, -2]))


def test_plain_flow_is_the_optimum_without_rows() -> None:
    rng = np.random.default_rng(4)
    vacancy = np.concatenate([np.sort(rng.permutation(6)[:3]) for _ in range(20)]).astype(np.int32)
    none = Rows(np.zeros(60, np.int32), np.zeros(0, np.int64), sparse.csr_array((1, 0)), sparse.csr_array((6, 0)), ())
    problem = Problem(
        np.arange(21, dtype=np.int64) * 3,
        vacancy,
        rng.integers(1, 100, 60).astype(np.int32),
        np.full(6, 2, np.int32),
        none,
        np.full(20, -1, np.int32),
        np.arange(6, dtype=np.int32),
    )
    chosen = plain_flow(problem)
    assert (usage(problem, chosen)[0] <= problem.positions).all()
    assert value(problem, chosen) == solve(problem).objective
