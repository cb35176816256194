"""The prices that prove the least bound, exactly: the linear relaxation over few edges, more of them as they pay.

At any prices >= 0 the dual function bounds every plan (see FORMULATION.md). The relaxation over some of the edges is
worth no more than that over all; its duals, priced over all edges, prove a bound from above. Edges that would pay at
these prices are added until both meet. Groups have all their options from the start.
"""

import numpy as np

from skillbridge.solver.exact import program, solve_program
from skillbridge.solver.pricing import Floats, Pricer

WITHIN = 10.0
"""Points (at `Pricer.scale`) to their worker's best edge at the first prices within which edges are there first."""
AHEAD = 1.0
"""Points (at `Pricer.scale`) below what would pay from which on edges are added."""
ROUNDS = 20
"""Times that edges are added, at most."""


def least_prices(pricer: Pricer, price: Floats, *, rounds: int = ROUNDS, enough: float = 0.5) -> tuple[Floats, float]:
    """(prices, the bound they prove), starting from those of a similar problem; never a worse bound than theirs.

    The bound is at most `enough` points above that of the linear relaxation unless the `rounds` end before. Cost: some
    linear programs of about three edges a worker: tenths of a second for 1,000 workers, seconds for 10,000.
    """
    p = pricer.problem
    owner = np.repeat(np.arange(p.n_workers), np.diff(p.indptr))
    alone = (p.group < 0)[owner]
    best, least = price, pricer.demand(price).value
    surplus = _surplus(pricer, price)
    most = np.zeros(p.n_workers)
    np.maximum.at(most, owner, surplus)
    inside = alone & (surplus >= most[owner] - WITHIN * pricer.scale)
    for _ in range(rounds):
        edges = np.flatnonzero(inside)
        found = program(pricer, edges, pricer.all_groups, pricer.limits)
        answer = solve_program(found, whole=False)
        if answer.duals is None and len(found.edge):  # too few edges for a minimum, or no legal plan at all
            if (inside == alone).all():
                break
            inside = alone.copy()
            continue
        duals = np.zeros(len(found.limit)) if answer.duals is None else np.maximum(answer.duals, 0.0)
        more = np.zeros(len(inside), dtype=np.bool_)
        for elsewhere in (best, np.zeros(len(best))):  # what limits cost that none of the edges takes
            price = elsewhere.copy()
            first = found.first_vacancy_row
            price[found.vacancies] = duals[first : first + len(found.vacancies)]
            price[p.n_vacancies + found.rows] = duals[first + len(found.vacancies) :]
            price = np.minimum(price, pricer.ceiling)
            bound = pricer.demand(price).value
            if bound < least:
                best, least = price, bound
            if not more.any():
                surplus = _surplus(pricer, price)
                most = np.zeros(p.n_workers)
                np.maximum.at(most, owner[edges], surplus[edges])
                more = alone & ~inside & (surplus > most[owner] - AHEAD * pricer.scale)
        if least - answer.objective <= enough or not more.any():
            break
        inside |= more
    return best, least


def _surplus(pricer: Pricer, price: Floats) -> Floats:
    """float64 [edges]: points of each edge less what it pays."""
    p, at = pricer.problem, pricer.surcharge(price)
    return np.asarray(p.weight - at.vacancy[p.vacancy] - at.cell[p.rows.cell], np.float64)
