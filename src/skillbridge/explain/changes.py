"""What would have led to a place: each change is confirmed by solving again with it before it is shown.

*Confirmed* means: with the change made and everyone else's place kept, those who wait are placed anew by the exact
solver (where the worker would take the place of someone, up to NEARBY who hold or wait for the same are set free too),
and a plan that gives the worker the place is worth more than any plan that does not. Both values are proven, so every
best plan of that part has a place for the worker; a tie is not enough.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import msgspec
import numpy as np
import numpy.typing as npt
import polars as pl

from skillbridge.explain.explainer import Explainer, place_of
from skillbridge.explain.mends import Step
from skillbridge.explain.remedies import Remedy, remedies, steps_of_room
from skillbridge.explain.resolve import NEARBY, Nearby, certain, changed, nearby, worth
from skillbridge.explain.seats import Larger, Seat, crowd_of, crowd_workers, joined, own_seat, seats, with_crowd
from skillbridge.partnerships.rows import compile_rows
from skillbridge.solver.plan import usage
from skillbridge.solver.problem import Problem

I64 = npt.NDArray[np.int64]
QUEUE = 4_000
"""Workers placed anew in a confirmation of places more, at most."""
TRIES = 12
"""Changes that are tried for one worker before the answer is that none was found."""
TOLD = 4
"""Changes told at most."""


class Change(msgspec.Struct, frozen=True):
    """A change that was confirmed: with all its `steps` every best plan has a place for the worker.

    `kind` and `values` are those of the first step, `also` the others; `vacancy` is where the place would be; `anew` is
    how many workers were placed anew in the confirmation, everyone else kept.
    """

    kind: str
    values: dict[str, str]
    anew: int
    also: tuple[Step, ...] = ()
    vacancy: str = ""


def for_worker(explainer: Explainer, worker: int) -> list[Change]:
    """The smallest changes, each confirmed, that would have given a worker a place; fewest steps first, TOLD at most.

    A change of several steps is looked for only where no single one is confirmed. Cost: tenths of a second a try.
    """
    if explainer.chosen[worker] >= 0:
        return []
    found: dict[tuple[str, ...], Change] = {}
    open_ends: list[tuple[Remedy, Seat | None]] = []
    tried = 0
    for remedy, seat in _seated(explainer, worker, remedies(explainer, worker)):
        kinds = tuple(step.kind for step in remedy.steps)
        if kinds in found or len(found) == TOLD or tried == TRIES:
            continue
        if len(kinds) > 1 and any(len(known) == 1 for known in found):
            break
        if seat is None and (remedy.alone or explainer.problem.group[worker] < 0):
            continue
        tried += 1
        change = confirm(explainer, worker, remedy, seat)
        if change is not None:
            found[kinds] = change
        elif not remedy.room:
            open_ends.append((remedy, seat))
    for remedy, seat in open_ends[: 0 if found else TRIES]:
        change = confirm(explainer, worker, replace(remedy, room=True), seat)
        if change is not None:
            return [change]
    single = [change for change in found.values() if not change.also]
    return single or list(found.values())


def _seated(explainer: Explainer, worker: int, found: Sequence[Remedy]) -> Iterator[tuple[Remedy, Seat | None]]:
    for first in range(0, len(found), TRIES):
        batch = found[first : first + TRIES]
        yield from zip(batch, seats(explainer, worker, batch), strict=True)


def confirm(explainer: Explainer, worker: int, remedy: Remedy, seat: Seat | None) -> Change | None:
    """The remedy, with the place it is about, as a change if solving again confirms it, with as few places more as it
    takes where it needs room."""
    problem, crew = explainer.problem, explainer.problem.group[worker]
    if crew >= 0 and not remedy.alone:
        return _crew(explainer, int(crew), remedy)
    if seat is None:
        return None
    if remedy.opens:
        seat = with_crowd(explainer, worker, remedy, seat)
        if seat is None or len(seat.crowd) > QUEUE:
            return None
    slack, hard, share = _state(explainer, seat)
    stopped = seat.rows[hard[seat.rows] & (seat.amount > slack[seat.rows]) & (seat.amount > 0)]
    known = seat.known(stopped, problem.n_rows)
    full = explainer.state.heads[seat.vacancy] >= problem.positions[seat.vacancy] + seat.more
    apart = _without(problem, worker)
    if not full and not len(stopped):
        others, among = _waiting(explainer, worker, [seat.vacancy] if seat.more else [], [])
        anew = _wins(explainer, apart, seat, others, among, {}, {})
        if anew is not None or not remedy.room:
            return _change(explainer, remedy, seat, {}, {}, anew)
    if not remedy.room:
        others = _rivals(explainer, worker, seat, known, full=bool(full))
        return _change(explainer, remedy, seat, {}, {}, _wins(explainer, apart, seat, others, None, {}, {}))
    if share[stopped].any():
        return None
    positions = [seat.vacancy] if full or seat.more else []
    others, among = _waiting(explainer, worker, positions, known)
    for more_positions, more_rows in _rooms(explainer, worker, seat, positions, known):
        anew = _wins(explainer, apart, seat, others, among, more_positions, more_rows)
        if anew is not None:
            return _change(explainer, remedy, seat, more_positions, more_rows, anew)
    return None


def _change(
    explainer: Explainer,
    remedy: Remedy,
    seat: Seat | None,
    positions: Mapping[int, int],
    rows: Mapping[int, int],
    anew: int | None,
) -> Change | None:
    """What was confirmed, in steps: the remedy's own, then the room it takes, its own positions more counted in."""
    if anew is None:
        return None
    wider = dict(positions)
    if seat is not None and seat.more:
        wider[seat.vacancy] = wider.get(seat.vacancy, 0) + seat.more
    room = steps_of_room(explainer, wider, rows, seat.limits.refs if seat is not None else ())
    told = {place_of(step.values["row"]): int(step.values["n"]) for step in room if step.kind == "places"}
    room += tuple(step for vacancy, n in sorted(wider.items()) for step in _follow(explainer, vacancy, n, told))
    first, *rest = (*(step for step in remedy.steps if step.kind not in ("positions", "places")), *room)
    name = str(explainer.folder.vacancies["vacancy_id"][remedy.vacancy])
    return Change(first.kind, first.values, anew, tuple(rest), name)


def _follow(explainer: Explainer, vacancy: int, more: int, told: Mapping[str, int]) -> Iterator[Step]:
    """Places more in limits (beds, say) of which the plan has no row, as the positions posted could never use them up,
    and positions more of a vacancy could: as many as if all at its site were taken, where more than are `told`."""
    folder = explainer.folder
    jobs = folder.vacancies
    site = jobs["site_id"][vacancy]
    beside = np.flatnonzero((jobs["site_id"] == site).to_numpy()) if site else np.array([vacancy])
    into = folder.edges.filter(pl.col("vacancy").is_in(beside.tolist()))
    people = np.unique(into["worker"].to_numpy())
    if not len(people):
        return
    edges = into.with_columns(
        worker=pl.Series(np.searchsorted(people, into["worker"].to_numpy()), dtype=pl.UInt32),
        vacancy=pl.Series(np.searchsorted(beside, into["vacancy"].to_numpy()), dtype=pl.UInt32),
    )
    positions = jobs["positions"].to_numpy()[beside] + more * (beside == vacancy)
    wider = jobs[beside].with_columns(positions=pl.Series(positions, dtype=pl.Int32))
    rows = compile_rows(edges, folder.workers[people], wider, folder.partnerships)
    at = edges["vacancy"].to_numpy()
    amounts = (rows.cell_rows[rows.cell] + rows.vacancy_rows[at]).tocsc()
    lacking: dict[str, tuple[int, str, str]] = {}
    for number, ref in enumerate(rows.refs):
        if (ref.partnership, ref.rule, ref.label) in explainer.row_number or ref.penalty is not None:
            continue
        mine = slice(amounts.indptr[number], amounts.indptr[number + 1])
        each = np.zeros(len(beside), dtype=np.int64)
        np.maximum.at(each, at[amounts.indices[mine]], amounts.data[mine])
        n = int(each @ positions - rows.limit[number])
        place = place_of(ref.label)
        if n > max(told.get(place, 0), lacking.get(place, (0,))[0]):
            lacking[place] = n, ref.label, ref.partnership
    for _, (n, label, partnership) in sorted(lacking.items()):
        yield Step("places", {"n": str(n), "row": label, "partnership": partnership})


def _state(explainer: Explainer, seat: Seat) -> tuple[I64, npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """(what is left of each row, whether it is hard, whether a share) of the plan's rows and of the seat's limits."""
    rows, limits = explainer.problem.rows, seat.limits
    hard = [ref.penalty is None for ref in (*rows.refs, *limits.refs)]
    return (
        np.append(rows.limit - explainer.state.used, limits.left),
        np.array(hard, dtype=np.bool_),
        np.append(explainer.state.share, limits.share),
    )


def _without(problem: Problem, worker: int) -> Problem:
    """The problem with the worker in no crew."""
    if problem.group[worker] < 0:
        return problem
    group = problem.group.copy()
    group[worker] = -1
    return replace(problem, group=group)


def _waiting(
    explainer: Explainer, worker: int, positions: list[int], rows: list[int]
) -> tuple[I64, npt.NDArray[np.bool_]]:
    """(who waits and could go somewhere with room in these, their edges): open ones, and those that a share stops."""
    lines = explainer.lines
    fine = lines.opened(positions, rows)
    fine = fine[lines.worker[fine] != worker]
    among = np.zeros(len(explainer.problem.vacancy), dtype=np.bool_)
    among[lines.edge[fine]] = True
    return np.unique(lines.worker[fine]), among


def _rivals(explainer: Explainer, worker: int, seat: Seat, stopped: list[int], *, full: bool) -> I64:
    """Up to NEARBY who hold what the seat takes, the least worth first, or wait for it, the most worth first."""
    problem, state = explainer.problem, explainer.state
    rows = problem.rows
    at_cell = np.zeros(rows.n_cells, dtype=np.bool_)
    at_vacancy = np.zeros(problem.n_vacancies, dtype=np.bool_)
    for row in stopped:
        at_cell |= np.asarray(rows.cell_rows[:, [row]].sum(axis=1)).ravel() > 0
        at_vacancy |= np.asarray(rows.vacancy_rows[:, [row]].sum(axis=1)).ravel() > 0
    if full:
        at_vacancy[seat.vacancy] = True
    edges = np.flatnonzero(at_cell[rows.cell] | at_vacancy[problem.vacancy])
    value = problem.weight[edges] - state.price[edges]
    who = state.worker[edges]
    holds, waits = explainer.chosen[who] == edges, explainer.chosen[who] < 0
    holders = who[holds][np.lexsort((who[holds], value[holds]))][: NEARBY // 2]
    queue = who[waits][np.lexsort((who[waits], -value[waits]))]
    _, first = np.unique(queue, return_index=True)
    queue = queue[np.sort(first)][: NEARBY - len(holders)]
    found = np.concatenate([holders, queue])
    return np.unique(found[(found != worker) & (problem.group[found] < 0)]).astype(np.int64)


def _rooms(
    explainer: Explainer, worker: int, seat: Seat, positions: list[int], rows: list[int]
) -> Iterator[tuple[dict[int, int], dict[int, int]]]:
    """How many places more (by vacancy, by row) to try: what those ahead in the line would take, then one for each;
    then the same with all of the crews of those ahead, who may bring along others who are not.

    In all that the seat uses: a limit with room for the worker may have none left once those ahead are placed.
    """
    lines, problem = explainer.lines, explainer.problem
    slack, hard, share = _state(explainer, seat)
    own = {
        row: amount
        for row, amount in zip(seat.rows.tolist(), seat.amount.tolist(), strict=True)
        if amount > 0 and hard[row] and not share[row]
    }
    free = int(problem.positions[seat.vacancy] - explainer.state.heads[seat.vacancy]) + seat.more
    ahead = lines.opened(positions, rows, least=seat.weight)
    ahead = ahead[lines.worker[ahead] != worker]
    crowd = crowd_workers(seat, seat.weight)
    alone = np.union1d(lines.worker[ahead], crowd).astype(np.int64)
    here = np.union1d(lines.worker[ahead[lines.vacancy[ahead] == seat.vacancy]], crowd).astype(np.int64)
    tried = -1
    for before, at in ((alone, here), (_with_crews(problem, worker, alone), _with_crews(problem, worker, here))):
        if len(before) == tried:
            continue
        tried = len(before)
        each = {row: amount - int(slack[row]) + len(before) * amount for row, amount in own.items()}
        if len(before) and len(before) <= QUEUE:
            among = np.isin(explainer.state.worker, before[~np.isin(before, alone)])
            among[lines.edge[ahead]] = True
            part = nearby(_without(problem, worker), explainer.chosen, before, among)
            room = {row: max(0, n) for row, n in each.items()}
            more = crowd_of(part, seat, seat.weight)
            larger = _larger(problem, part, seat, more, explainer.chosen, {seat.vacancy: len(before)}, room)
            answer = worth(larger.problem)
            if answer is not None:
                heads, used = usage(larger.problem, answer.chosen)
                n = int(heads[larger.vacancies == seat.vacancy].sum()) + 1 - free
                need = {row: int(used[larger.rows == row].sum()) + own[row] - int(slack[row]) for row in own}
                yield ({seat.vacancy: n} if n > 0 else {}, {row: more for row, more in need.items() if more > 0})
        n = 1 + len(at) - free
        yield ({seat.vacancy: n} if n > 0 else {}, {row: more for row, more in each.items() if more > 0})


def _with_crews(problem: Problem, worker: int, people: npt.NDArray[np.integer]) -> I64:
    """The people and all of their crews, who go only together; without the worker."""
    crews = problem.group[people.astype(np.int64)]
    found = np.union1d(people, np.flatnonzero(np.isin(problem.group, crews[crews >= 0])))
    return np.asarray(found[found != worker], dtype=np.int64)


def _wins(
    explainer: Explainer,
    problem: Problem,
    seat: Seat,
    others: I64,
    among: npt.NDArray[np.bool_] | None,
    positions: Mapping[int, int],
    rows: Mapping[int, int],
) -> int | None:
    """How many others were placed anew, if with this room every best plan of them and the worker seats the worker."""
    who = np.union1d(others, crowd_workers(seat)).astype(np.int64)
    if len(who) > QUEUE:
        return None
    part = nearby(problem, explainer.chosen, who, among)
    larger = _larger(problem, part, seat, [*crowd_of(part, seat), (-1, seat)], explainer.chosen, positions, rows)
    made, worker = larger.problem, len(part.workers)
    if made.indptr[worker + 1] - made.indptr[worker] != 1 or made.positions[made.vacancy[made.indptr[worker]]] < 1:
        return None
    return worker + 1 if certain(made, worker) else None


def _larger(
    problem: Problem,
    part: Nearby,
    seat: Seat,
    more: Sequence[tuple[int, Seat]],
    chosen: I64,
    positions: Mapping[int, int],
    rows: Mapping[int, int],
) -> Larger:
    """The part with these seats in one vacancy more, so many positions and places more there and in rows, and the
    seat's own."""
    held = chosen.copy()
    held[part.workers] = -1
    heads, used = usage(problem, held)
    left = np.append(problem.rows.limit - used, seat.limits.left)
    for row, by in rows.items():
        left[row] += by
    at, wider = seat.vacancy, dict(positions)
    wider[at] = wider.get(at, 0) + seat.more
    open_ = int(problem.positions[at] - heads[at]) + wider[at]
    return joined(
        changed(part, rows=rows, positions=wider),
        problem,
        left,
        at,
        more,
        open_,
        (*problem.rows.refs, *seat.limits.refs),
    )


def _crew(explainer: Explainer, crew: int, remedy: Remedy) -> Change | None:
    """Places more for a whole crew: at the remedy's vacancy's site, as many as those ahead and the crew take."""
    problem, lines = explainer.problem, explainer.lines
    if not remedy.room:
        return None
    members = np.flatnonzero(problem.group == crew).astype(np.int64)
    place = problem.place[remedy.vacancy]
    best: list[int] = []
    for member in members.tolist():
        edges = np.arange(problem.indptr[member], problem.indptr[member + 1])
        edges = edges[problem.place[problem.vacancy[edges]] == place]
        if not len(edges):
            return None
        best.append(int(edges[np.argmax(problem.weight[edges] - explainer.state.price[edges])]))
    at = np.searchsorted(lines.edge, best)
    if lines.shared[at].any():
        return None
    rows = sorted(
        {row for edge in best for row in lines.stops(int(problem.rows.cell[edge]), int(problem.vacancy[edge]))}
    )
    targets = [int(problem.vacancy[edge]) for edge in best]
    free = problem.positions - explainer.state.heads
    positions = sorted({v for v in targets if targets.count(v) > free[v]})
    slack = problem.rows.limit - explainer.state.used
    use: dict[int, int] = {}
    for edge in best:
        seat = own_seat(problem, Remedy(int(problem.vacancy[edge]), edge=edge))
        for row, amount in zip(seat.rows.tolist(), seat.amount.tolist(), strict=True) if seat else ():
            use[row] = use.get(row, 0) + amount
    hard = {row for row in use if problem.rows.refs[row].penalty is None}
    tight = {row for row in hard if use[row] > slack[row]}
    if any(explainer.state.share[row] for row in tight):
        return None
    rows = sorted({*rows, *tight})
    fine = lines.opened(positions, rows)
    fine = fine[~np.isin(lines.worker[fine], members)]
    before = np.unique(lines.worker[fine[lines.weight[fine] >= problem.weight[best].min()]])
    more_rows = {row: max(1, use.get(row, 1) - int(slack[row]) + len(before)) for row in rows}
    for row in sorted(hard - set(rows)):
        if not explainer.state.share[row] and use[row] + len(before) > slack[row]:
            more_rows[row] = use[row] + len(before) - int(slack[row])
    more_positions = {v: max(1, targets.count(v) - int(free[v])) + len(before) for v in positions}
    among = np.zeros(len(problem.vacancy), dtype=np.bool_)
    among[lines.edge[fine]] = True
    others = np.unique(lines.worker[fine])
    if len(others) > QUEUE:
        return None
    among[np.isin(explainer.state.worker, members)] = True
    everyone = nearby(problem, explainer.chosen, np.union1d(others, members).astype(np.int64), among)
    steps = steps_of_room(explainer, more_positions, more_rows)
    larger = changed(everyone, rows=more_rows, positions=more_positions).problem
    if not steps or not certain(larger, int(np.searchsorted(everyone.workers, members[0]))):
        return None
    return _change(explainer, replace(remedy, steps=()), None, more_positions, more_rows, len(everyone.workers))
