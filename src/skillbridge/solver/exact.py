"""The exact part, by OR-Tools: a problem, or a part of one, as an integer or linear program; and plain network flow.

The only module that imports OR-Tools, and only inside functions (it takes most of a second to load).
"""

import datetime
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from skillbridge.errors import BadInput
from skillbridge.solver.groups import Groups
from skillbridge.solver.pricing import Pricer
from skillbridge.solver.problem import Problem

SAVING = 4
"""Totals of cells or vacancies get columns of their own where that takes as many times fewer entries of the matrix."""

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Program:
    """maximise gain @ x subject to matrix @ x <= limit, 0 <= x <= ceiling; x whole where `whole`.

    The first `len(edge)` columns stand for the edges `edge`; `n_totals` totals of cells or vacancies follow where rows
    count them (then what defines them are the last rows), then groups' places and soft rows' excesses. The first
    rows are those of `workers` (then of groups' seats), then of `vacancies`, then of `rows`, all numbered as in the
    problem.
    """

    gain: Floats
    matrix: sparse.csr_array
    lowest: Floats
    limit: Floats
    ceiling: Floats
    whole: npt.NDArray[np.bool_]
    edge: Ints
    vacancies: Ints
    rows: Ints
    first_vacancy_row: int
    n_totals: int = 0


@dataclass(frozen=True)
class Answer:
    """What a solver says of a program: `edges` chosen (None without a plan), its bound, and whether that is proven.

    `x` float64 [columns] is the answer itself. `status`: optimal, feasible, infeasible, unknown. `duals` float64 [rows
    of the program, less those that define totals], for linear programs.
    """

    status: str
    edges: Ints | None
    bound: float
    duals: Floats | None = None
    objective: float = -np.inf
    x: Floats | None = None


def program(pricer: Pricer, edges: Ints, chosen_groups: Ints, limits: Ints) -> Program:
    """The program over `edges` of workers alone (sorted) and all options of `chosen_groups`.

    `limits` are what vacancies, then rows, have left for them.
    """
    p, rows, groups = pricer.problem, pricer.problem.rows, pricer.groups
    free, left = limits[: p.n_vacancies], limits[p.n_vacancies :]
    options, seats, group_edges, seat_of_edge = _seats(groups, chosen_groups)
    edge = np.concatenate([edges, group_edges])
    n_alone, n_edges, n_options = len(edges), len(edge), len(options)
    worker = np.searchsorted(p.indptr, edges, side="right") - 1
    workers, worker_row = np.unique(worker, return_inverse=True)
    vacancies, vacancy_row = np.unique(p.vacancy[edge], return_inverse=True)
    cells, cell_row = np.unique(rows.cell[edge], return_inverse=True)
    columns = np.arange(n_edges)
    ones = np.ones(n_edges)
    in_vacancy = sparse.csr_array((ones, (vacancy_row, columns)), shape=(len(vacancies), n_edges))
    in_cell = sparse.csr_array((ones, (cell_row, columns)), shape=(len(cells), n_edges))
    counted = [(rows.cell_rows[cells], in_cell), (rows.vacancy_rows[vacancies], in_vacancy)]
    touched = np.flatnonzero(sum(np.bincount(own.indices, minlength=p.n_rows) for own, _ in counted))
    use, of_totals, totals = _uses([(sparse.csr_array(own[:, touched]), of) for own, of in counted], n_edges)
    n_totals = totals.shape[0]
    cost = pricer.ceiling[p.n_vacancies :][touched]
    soft = np.flatnonzero(np.isfinite(cost))

    def block(data: Floats, row: Ints, column: Ints, height: int, width: int) -> sparse.csr_array:
        return sparse.csr_array((data, (row, column)), shape=(height, width))

    option_group = np.repeat(np.arange(len(chosen_groups)), np.diff(groups.option_ptr)[chosen_groups])
    seat_option = np.repeat(np.arange(n_options), np.diff(groups.seat_ptr)[options])
    n_seats = len(seats)
    blocks = [
        [block(np.ones(n_alone), worker_row, np.arange(n_alone), len(workers), n_edges), None, None, None],
        [
            block(np.ones(len(group_edges)), seat_of_edge, n_alone + np.arange(len(group_edges)), n_seats, n_edges),
            None,
            block(-np.ones(n_seats), np.arange(n_seats), seat_option, n_seats, n_options),
            None,
        ],
        [
            None,
            None,
            block(np.ones(n_options), option_group, np.arange(n_options), len(chosen_groups), n_options),
            None,
        ],
        [in_vacancy, None, None, None],
        [use, of_totals, None, block(-np.ones(len(soft)), soft, np.arange(len(soft)), len(touched), len(soft))],
        [totals, -sparse.eye_array(n_totals, format="csr"), None, None],
    ]
    heights = [len(workers), n_seats, len(chosen_groups), len(vacancies), len(touched), n_totals]
    widths = [n_edges, n_totals, n_options, len(soft)]
    matrix = sparse.vstack(
        [
            sparse.hstack(
                [
                    part if part is not None else sparse.csr_array((height, width))
                    for part, width in zip(line, widths, strict=True)
                ]
            )
            for line, height in zip(blocks, heights, strict=True)
        ]
    )
    limit = np.concatenate(
        [
            np.ones(len(workers)),
            np.zeros(n_seats),
            np.ones(len(chosen_groups)),
            free[vacancies],
            left[touched],
            np.zeros(n_totals),
        ]
    ).astype(np.float64)
    lowest = np.full(len(limit), -np.inf)
    lowest[len(workers) : len(workers) + n_seats] = 0.0
    lowest[len(limit) - n_totals :] = 0.0
    large = np.full(n_totals, np.inf)
    return Program(
        gain=np.concatenate([p.weight[edge], np.zeros(n_totals + n_options), -cost[soft]]).astype(np.float64),
        matrix=sparse.csr_array(matrix),
        lowest=lowest,
        limit=limit,
        ceiling=np.concatenate([np.ones(n_edges), large, np.ones(n_options), np.full(len(soft), np.inf)]),
        whole=np.concatenate([np.ones(n_edges + n_totals + n_options, bool), np.zeros(len(soft), bool)]),
        edge=edge,
        vacancies=vacancies,
        rows=touched,
        first_vacancy_row=len(workers) + n_seats + len(chosen_groups),
        n_totals=n_totals,
    )


def _uses(
    counted: list[tuple[sparse.csr_array, sparse.csr_array]], n_edges: int
) -> tuple[sparse.csr_array, sparse.csr_array, sparse.csr_array]:
    """(what rows use of edges, what they use of totals, which edges each total counts), of `counted`: (rows by owner,
    edges by owner) of cells and of vacancies.

    An owner whose edges many rows count is counted once and its total by the rows, where that saves most entries.
    """
    n_rows = counted[0][0].shape[1]
    direct: list[sparse.csr_array] = [sparse.csr_array((n_rows, n_edges))]
    through: list[sparse.csr_array] = [sparse.csr_array((n_rows, 0))]
    totals: list[sparse.csr_array] = [sparse.csr_array((0, n_edges))]
    for own, edges in counted:
        rows, heads = np.diff(own.indptr), np.diff(edges.indptr)
        if (rows * heads).sum() > SAVING * (rows + heads).sum():
            owners = np.flatnonzero(rows)
            through.append(sparse.csr_array(own[owners].T))
            totals.append(edges[owners])
        else:
            direct.append(sparse.csr_array(own.T @ edges))
    return sum(direct[1:], direct[0]), sparse.csr_array(sparse.hstack(through)), sparse.csr_array(sparse.vstack(totals))


def _seats(groups: Groups, chosen: Ints) -> tuple[Ints, Ints, Ints, Ints]:
    """(options, seats, edges, each edge's number among the seats) of the `chosen` groups."""
    options = _spans(groups.option_ptr, chosen)
    seats = _spans(groups.seat_ptr, options)
    edges = groups.edge[_spans(groups.edge_ptr, seats)]
    return options, seats, edges, np.repeat(np.arange(len(seats)), np.diff(groups.edge_ptr)[seats])


def _spans(ptr: Ints, chosen: Ints) -> Ints:
    """ptr[c]:ptr[c + 1] for each c of `chosen`, one after the other."""
    size = np.diff(ptr)[chosen]
    return np.asarray(np.arange(size.sum()) + np.repeat(ptr[chosen] - np.cumsum(size) + size, size), np.int64)


def solve_program(
    found: Program,
    *,
    whole: bool = True,
    time_limit: float | None = None,
    node_limit: int | None = None,
    relative_gap: float = 0.0,
    seed: int = 0,
    barrier: bool = False,
    bound_only: bool = False,
    start: Ints | None = None,
) -> Answer:
    """HiGHS's answer, through MathOpt; `whole=False` gives the linear relaxation with its duals.

    `start` (edges) is a legal choice that it goes on from.
    Node limits end at the same plan every time, time limits do not. `bound_only` leaves out the searches for plans
    within the search, which take most of the time where few nodes are solved.
    """
    if not len(found.edge):
        feasible = bool((found.limit >= 0).all())
        none = np.zeros(0, np.int64)
        return Answer("optimal" if feasible else "infeasible", none if feasible else None, 0.0, objective=0.0)
    from ortools.math_opt import model_pb2
    from ortools.math_opt.python import mathopt
    from ortools.math_opt.solvers import highs_pb2

    options = highs_pb2.HighsOptionsProto()
    for name in ("rins", "rens", "root_reduced_cost") if bound_only else ():
        options.bool_options[f"mip_heuristic_run_{name}"] = False
    proto = model_pb2.ModelProto()
    n, m = len(found.gain), len(found.limit)
    proto.variables.ids.extend(range(n))
    proto.variables.lower_bounds.extend([0.0] * n)
    proto.variables.upper_bounds.extend(found.ceiling.tolist())
    proto.variables.integers.extend((found.whole & whole).tolist())
    proto.objective.maximize = True
    proto.objective.linear_coefficients.ids.extend(range(n))
    proto.objective.linear_coefficients.values.extend(found.gain.tolist())
    proto.linear_constraints.ids.extend(range(m))
    proto.linear_constraints.lower_bounds.extend(found.lowest.tolist())
    proto.linear_constraints.upper_bounds.extend(found.limit.tolist())
    matrix = sparse.csr_array(found.matrix)
    matrix.sum_duplicates()
    matrix.sort_indices()
    matrix.eliminate_zeros()
    proto.linear_constraint_matrix.row_ids.extend(np.repeat(np.arange(m), np.diff(matrix.indptr)).tolist())
    proto.linear_constraint_matrix.column_ids.extend(matrix.indices.tolist())
    proto.linear_constraint_matrix.coefficients.extend(matrix.data.tolist())
    model = mathopt.Model.from_model_proto(proto)
    params = mathopt.SolveParameters(
        time_limit=None if time_limit is None else datetime.timedelta(seconds=max(0.01, time_limit)),
        node_limit=node_limit,
        relative_gap_tolerance=relative_gap,
        absolute_gap_tolerance=0.5 if relative_gap == 0 else None,
        random_seed=seed % 2**31,
        lp_algorithm=mathopt.LPAlgorithm.BARRIER if barrier else None,
        highs=options,
    )
    known = mathopt.ModelSolveParameters()
    if start is not None:
        known.solution_hints.append(
            mathopt.SolutionHint(dict(zip(model.variables(), _columns(found, start), strict=True)))
        )
    result = mathopt.solve(model, mathopt.SolverType.HIGHS, params=params, model_params=known)
    reason = result.termination.reason
    bound = float(result.termination.objective_bounds.dual_bound)
    if reason in (mathopt.TerminationReason.INFEASIBLE, mathopt.TerminationReason.INFEASIBLE_OR_UNBOUNDED):
        return Answer("infeasible", None, bound)
    if not result.has_primal_feasible_solution():
        return Answer("unknown", None, bound)
    x = np.fromiter(result.variable_values().values(), np.float64, n)  # in the order of the model's ids
    status = "optimal" if reason == mathopt.TerminationReason.OPTIMAL else "feasible"
    duals = None
    if not whole and result.has_dual_feasible_solution():
        duals = np.fromiter(result.dual_values().values(), np.float64, m)[: m - found.n_totals]
    return Answer(status, found.edge[x[: len(found.edge)] > 0.5], bound, duals, float(found.gain @ x), x)


def _columns(found: Program, edges: Ints) -> list[float]:
    """Each column's value where `edges` are chosen: of groups' places by their seats, of excesses by their rows."""
    n, m = len(found.edge), len(found.limit) - found.n_totals
    x = np.isin(found.edge, edges).astype(np.float64)
    x = np.concatenate([x, found.matrix[m:, :n] @ x])
    n += found.n_totals
    use = found.matrix[:, :n] @ x
    over = np.where(found.lowest == 0, use, np.maximum(0.0, use - found.limit))
    own = sparse.csr_array(found.matrix[:, n:].T) < 0
    return [*x.tolist(), *((own @ over) / np.maximum(1, np.diff(own.indptr))).tolist()]


def flow(
    tail: npt.NDArray[np.integer],
    head: npt.NDArray[np.integer],
    capacity: npt.NDArray[np.integer],
    cost: npt.NDArray[np.integer],
    supply: npt.NDArray[np.integer],
) -> tuple[int, Ints]:
    """(least total cost, flow of each arc) that carries `supply` (negative: demand) of the nodes over the arcs.

    Raises `BadInput` where the arcs cannot carry it.
    """
    from ortools.graph.python.min_cost_flow import SimpleMinCostFlow

    network = SimpleMinCostFlow()
    arcs = network.add_arcs_with_capacity_and_unit_cost(
        tail.astype(np.int32), head.astype(np.int32), capacity.astype(np.int64), cost.astype(np.int64)
    )
    network.set_nodes_supplies(np.arange(len(supply), dtype=np.int32), supply.astype(np.int64))
    status = network.solve()
    if status != network.OPTIMAL:
        raise BadInput("network", f"no flow ({status.name.lower()})", "supplies that the arcs can carry")
    return int(network.optimal_cost()), np.asarray(network.flows(arcs), np.int64)


def plain_flow(problem: Problem) -> Ints:
    """The best choice of edges if there were no rows and no groups: int64 [workers], by min-cost flow."""
    everyone = np.arange(problem.n_workers)
    return _flow_of(problem, everyone, np.arange(len(problem.vacancy)), problem.positions)


def flow_around(problem: Problem, chosen: Ints, edges: Ints) -> Ints:
    """The plan `chosen` (int64 [workers], edges or -1) with workers alone placed best where groups leave room.

    Rows are not looked at. `edges` (of workers alone) are those that may be taken, beside those chosen.
    """
    p = problem
    alone = p.group < 0
    held = chosen[~alone]
    free = p.positions - np.bincount(p.vacancy[held[held >= 0]], minlength=p.n_vacancies)
    edges = np.union1d(edges, chosen[alone & (chosen >= 0)])
    return np.where(alone, _flow_of(p, np.flatnonzero(alone), edges, free), chosen)


def _flow_of(problem: Problem, people: Ints, edges: Ints, positions: npt.NDArray[np.integer]) -> Ints:
    """int64 [workers]: which of `edges` (sorted, of `people`) to take so that points are most; -1 for none."""
    p = problem
    m, k = p.n_vacancies, len(people)
    sink = m + k
    number = np.zeros(p.n_workers, np.int64)
    number[people] = m + np.arange(k)
    worker = np.searchsorted(p.indptr, edges, side="right") - 1
    full = np.flatnonzero(positions > 0)
    everyone = m + np.arange(k)
    tail = np.concatenate([number[worker], full, everyone])
    head = np.concatenate([p.vacancy[edges], np.full(len(full), sink), np.full(k, sink)])
    capacity = np.concatenate([np.ones(len(edges)), positions[full], np.ones(k)])
    cost = np.concatenate([-p.weight[edges], np.zeros(len(full) + k, np.int64)])
    supply = np.concatenate([np.zeros(m), np.ones(k), [-k]])
    _, flows = flow(tail, head, capacity.astype(np.int64), cost, supply)
    chosen = np.full(p.n_workers, -1, np.int64)
    used = np.flatnonzero(flows[: len(edges)])
    chosen[worker[used]] = edges[used]
    return chosen
