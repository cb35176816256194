"""The fast path: compiled, over chunks of workers, and never a dense matrix.

Work that many pairs share is done once: what a job asks is weighed once per worker and job, who may go and what a cell
pays at most once per worker and cell. Cells are then opened in the order of the best score they could still hold, and
the search ends when no unopened cell can improve the worker's list. Within cells that promise the same, vacancies are
visited in an order of the worker's own, so that equal vacancies share the candidates evenly.
"""

# mypy: disable-error-code="assignment,return-value,no-any-return"

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from skillbridge.matching.encode import Jobs, Profiles
from skillbridge.matching.formulas import (
    CURRENCY,
    OCCUPATION,
    WINDOW,
    Settings,
    bonds,
    compiled,
    cover,
    floor_in,
    hold,
    pair_closed,
    pair_points,
    release,
    ties_of,
    wage_value,
)
from skillbridge.matching.pairs import CONSENT, REFUSAL, REFUSED, RULE, Carried, weigh


@compiled
def mixed(value: np.uint64) -> np.uint64:
    """A bijective mix of 64 bits."""
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


STEPS = np.array(
    [
        2147483647, 2147483629, 2147483587, 2147483579, 2147483563, 2147483549, 2147483543, 2147483497,
        2147483489, 2147483477, 2147483423, 2147483399, 2147483353, 2147483323, 2147483269, 2147483249,
    ],
    dtype=np.int64,
)  # fmt: skip
"""Primes above any number of vacancies or workers: coprime to it, so that a walk by one visits every place."""


@compiled
def stride(n: int, seed: np.uint64) -> tuple[int, int]:
    """(start, step) of a walk start, start + step, ... modulo `n` that visits every number once."""
    first, second = STEPS[seed >> np.uint64(60)], STEPS[(seed >> np.uint64(56)) & np.uint64(15)]
    return np.int64(seed % np.uint64(n)), (first % n) * (second % n) % n


@compiled
def place_of(ends: npt.NDArray[np.int64], n: int, position: int) -> int:
    """The first of `n` running totals that exceeds `position`."""
    low, high = 0, n - 1
    while low < high:
        middle = (low + high) // 2
        if ends[middle] > position:
            high = middle
        else:
            low = middle + 1
    return low


@compiled
def offer(keys: npt.NDArray[np.int64], rows: npt.NDArray[np.int32], size: int, key: int, row: int) -> int:
    """Put (key, row) into the heap of the largest keys, smallest on top; gives the new size."""
    limit = len(keys)
    if size == limit:
        if key <= keys[0]:
            return size
        at = 0
        while True:
            child = 2 * at + 1
            if child >= limit:
                break
            if child + 1 < limit and keys[child + 1] < keys[child]:
                child += 1
            if keys[child] >= key:
                break
            keys[at], rows[at] = keys[child], rows[child]
            at = child
        keys[at], rows[at] = key, row
        return size
    at = size
    while at and keys[(at - 1) // 2] > key:
        keys[at], rows[at] = keys[(at - 1) // 2], rows[(at - 1) // 2]
        at = (at - 1) // 2
    keys[at], rows[at] = key, row
    return size + 1


class Scratch(NamedTuple):
    """One worker's working memory, used again for the next.

    Of the worker's admission class: the cells it may enter, block by block (`admitted[admitted_at[b]:...]`), the
    vacancies in them in number, which jobs have any, and what it is refused per block (`rule`, `rule_heads` from
    `rule_at[b]` on). Per block: points, and the next block of the same bound (a list that begins in `block_heads`
    [bound 0..1000]). Per job: points and the reason it is closed. Per cell: points, the next cell of the same bound
    (`heads` as for blocks), and room for the cells being opened with the running count of their vacancies. Per
    currency of the market the wage floor; per destination the wish (-1 refused). `special`: vacancies of employers the
    worker knows, prefers or is named by, listed in `specials`. `keys`, `rows`: the heap of the best.
    """

    admitted_at: npt.NDArray[np.int64]
    admitted: npt.NDArray[np.int32]
    admitted_heads: npt.NDArray[np.int64]
    admitted_job: npt.NDArray[np.bool_]
    rule_at: npt.NDArray[np.int64]
    rule: npt.NDArray[np.int32]
    rule_heads: npt.NDArray[np.int64]
    block_points: npt.NDArray[np.int64]
    block_heads: npt.NDArray[np.int32]
    block_next: npt.NDArray[np.int32]
    strength: npt.NDArray[np.int32]
    covers: npt.NDArray[np.int32]
    at_job: npt.NDArray[np.int64]
    job_closed: npt.NDArray[np.int32]
    at_cell: npt.NDArray[np.int64]
    heads: npt.NDArray[np.int32]
    following: npt.NDArray[np.int32]
    opened: npt.NDArray[np.int32]
    ends: npt.NDArray[np.int64]
    floors: npt.NDArray[np.int64]
    wishes: npt.NDArray[np.int32]
    special: npt.NDArray[np.bool_]
    specials: npt.NDArray[np.int32]
    keys: npt.NDArray[np.int64]
    rows: npt.NDArray[np.int32]


def scratch(p: Profiles, jobs: Jobs, skills: int, limit: int) -> Scratch:
    """Empty working memory for lists of `limit`."""
    n_jobs, n_cells, n_vacancies = len(jobs.job_months), len(jobs.cell_job), len(jobs.job)
    return Scratch(
        admitted_at=np.zeros(len(jobs.block_at), dtype=np.int64),
        admitted=np.zeros(n_cells, dtype=np.int32),
        admitted_heads=np.zeros(len(jobs.block_job), dtype=np.int64),
        admitted_job=np.zeros(n_jobs, dtype=np.bool_),
        rule_at=np.zeros(len(jobs.block_at), dtype=np.int64),
        rule=np.zeros(n_cells, dtype=np.int32),
        rule_heads=np.zeros(n_cells, dtype=np.int64),
        block_points=np.zeros(len(jobs.block_job), dtype=np.int64),
        block_heads=np.full(1001, -1, dtype=np.int32),
        block_next=np.zeros(len(jobs.block_job), dtype=np.int32),
        strength=np.zeros(skills, dtype=np.int32),
        covers=np.zeros(len(jobs.list_at) - 1, dtype=np.int32),
        at_job=np.zeros(n_jobs, dtype=np.int64),
        job_closed=np.zeros(n_jobs, dtype=np.int32),
        at_cell=np.zeros(n_cells, dtype=np.int64),
        heads=np.full(1001, -1, dtype=np.int32),
        following=np.zeros(n_cells, dtype=np.int32),
        opened=np.zeros(n_cells, dtype=np.int32),
        ends=np.zeros(n_cells, dtype=np.int64),
        floors=np.zeros(p.factor.shape[1], dtype=np.int64),
        wishes=np.zeros(int(jobs.cell_destination.max(initial=0)) + 1, dtype=np.int32),
        special=np.zeros(n_vacancies, dtype=np.bool_),
        specials=np.zeros(n_vacancies, dtype=np.int32),
        keys=np.zeros(limit, dtype=np.int64),
        rows=np.zeros(limit, dtype=np.int32),
    )


@compiled
def best(
    p: Profiles,
    jobs: Jobs,
    s: Settings,
    carried: Carried,
    x: Scratch,
    asked: npt.NDArray[np.int32],
    vacancy: npt.NDArray[np.int32],
    score: npt.NDArray[np.int32],
    closed: npt.NDArray[np.int32],
    refused: npt.NDArray[np.int64],
) -> None:
    """Fill, for each worker asked, the best vacancies by score.

    `vacancy`, `score` int32 [asked x limit], sorted by vacancy, -1 where there is none; `closed` int32 [asked x
    reasons] counts the pairs refused where the list is not full, and `refused` [reasons] gains those of all. Reasons
    that follow from a worker and a cell are counted over all pairs, the others over the pairs visited.
    """
    counts = np.zeros(closed.shape[1], dtype=np.int32)
    entered = -1
    for i in np.argsort(carried.worker[asked]):
        w = asked[i]
        if not p.consent[w]:
            closed[i, CONSENT] = len(jobs.job)
            refused[CONSENT] += len(jobs.job)
            continue
        if carried.worker[w] != entered:
            entered = carried.worker[w]
            enter(jobs, carried.pathway[entered], carried.reason[entered], x)
        hold(p, w, x.strength)
        cover(x.strength, jobs.list_at, jobs.list_skill, x.covers, 0, len(x.covers))
        release(p, w, x.strength)
        weigh(p, w, jobs, s, x.covers, x.admitted_job, x.at_job, x.job_closed, 0, len(x.at_job), False)
        for currency in range(len(x.floors)):
            x.floors[currency] = floor_in(p.floor[w], p.factor[p.currency[w], currency])
        counts[:] = 0
        n_special = mark_known(p, w, jobs, x)
        highest = sort_blocks(p, w, jobs, s, x, counts)
        size = visit_known(p, w, jobs, s, x, carried.pathway[entered], n_special, counts)
        size = visit(p, w, jobs, s, x, highest, size, n_special, counts)
        refused += counts
        if size < len(x.keys):
            closed[i] = counts
        x.heads[: highest + 1] = -1
        x.block_heads[: highest + 1] = -1
        for k in range(n_special):
            x.special[x.specials[k]] = False
        text = p.preferences[w]
        for at in range(p.wish_at[text], p.wish_at[text + 1]):
            if p.wish_destination[at] >= 0:
                x.wishes[p.wish_destination[at]] = 0
        order = np.argsort(x.rows[:size])
        for k in range(size):
            vacancy[i, k] = x.rows[order[k]]
            score[i, k] = (x.keys[order[k]] + (1 << 31)) >> 32


@compiled
def mark_known(p: Profiles, w: int, jobs: Jobs, x: Scratch) -> int:
    """Note the worker's wishes by destination, and list the vacancies of employers that matter to the worker."""
    n = 0
    text = p.preferences[w]
    for at in range(p.wish_at[text], p.wish_at[text + 1]):
        place, employer = p.wish_destination[at], p.wish_employer[at]
        if place >= 0 and x.wishes[place] >= 0:
            x.wishes[place] = -1 if p.wish_weight[at] < 0 else max(x.wishes[place], p.wish_weight[at])
        if employer >= 0:
            n = _mark(jobs.employer_at, jobs.employer_vacancy, employer, x.special, x.specials, n)
    for at in range(p.past_at[p.past[w]], p.past_at[p.past[w] + 1]):
        n = _mark(jobs.employer_at, jobs.employer_vacancy, p.past_employer[at], x.special, x.specials, n)
    for at in range(p.named_at[w], p.named_at[w + 1]):
        v = p.named[at]
        if not x.special[v]:
            x.special[v] = True
            x.specials[n] = v
            n += 1
    return n


@compiled
def _mark(
    at: npt.NDArray[np.int64],
    vacancies: npt.NDArray[np.int32],
    employer: int,
    special: npt.NDArray[np.bool_],
    specials: npt.NDArray[np.int32],
    n: int,
) -> int:
    """Add an employer's vacancies to the specials, each once; how many there are now."""
    for k in range(at[employer], at[employer + 1]):
        v = vacancies[k]
        if not special[v]:
            special[v] = True
            specials[n] = v
            n += 1
    return n


@compiled
def enter(jobs: Jobs, pathway: npt.NDArray[np.uint8], reason: npt.NDArray[np.uint16], x: Scratch) -> None:
    """List the cells that an admission class (its rows of `Carried`) may enter, and count what it is refused."""
    block_at, cell_at, cell_admission = jobs.block_at, jobs.cell_at, jobs.cell_admission
    x.admitted_job[:] = False
    n_admitted = 0
    n_rules = 0
    for b in range(len(block_at) - 1):
        x.admitted_at[b] = n_admitted
        x.rule_at[b] = n_rules
        x.admitted_heads[b] = 0
        for c in range(block_at[b], block_at[b + 1]):
            heads = cell_at[c + 1] - cell_at[c]
            there = cell_admission[c]
            if pathway[there] != REFUSED:
                x.admitted[n_admitted] = c
                n_admitted += 1
                x.admitted_heads[b] += heads
                x.admitted_job[jobs.block_job[b]] = True
                continue
            k = x.rule_at[b]
            while k < n_rules and x.rule[k] != RULE + reason[there]:
                k += 1
            if k == n_rules:
                x.rule[k] = RULE + reason[there]
                x.rule_heads[k] = 0
                n_rules += 1
            x.rule_heads[k] += heads
    x.admitted_at[len(block_at) - 1] = n_admitted
    x.rule_at[len(block_at) - 1] = n_rules


@compiled
def sort_blocks(p: Profiles, w: int, jobs: Jobs, s: Settings, x: Scratch, closed: npt.NDArray[np.int32]) -> int:
    """List the blocks by the best score they could hold, count those that are closed altogether; the highest score."""
    job_at, job_heads, block_destination = jobs.job_at, jobs.job_heads, jobs.block_destination
    block_heads, block_currency, block_wage = jobs.block_heads, jobs.block_currency, jobs.block_wage
    block_days, cell_heads = jobs.block_days, x.admitted_heads
    rule_at, rule, rule_heads = x.rule_at, x.rule, x.rule_heads
    at_job, job_closed, at_block = x.at_job, x.job_closed, x.block_points
    heads, following, floors, wishes = x.block_heads, x.block_next, x.floors, x.wishes
    available = max(0, int(p.end[w]) - int(p.start[w]) + 1)
    highest = -1
    for j in range(len(job_heads)):
        if job_closed[j] == OCCUPATION:
            closed[OCCUPATION] += job_heads[j]
            continue
        for b in range(job_at[j], job_at[j + 1]):
            wish = wishes[block_destination[b]]
            if wish < 0:
                closed[REFUSAL] += block_heads[b]
                continue
            for k in range(rule_at[b], rule_at[b + 1]):
                closed[rule[k]] += rule_heads[k]
            if job_closed[j] >= 0:
                closed[job_closed[j]] += cell_heads[b]
                continue
            if cell_heads[b] == 0:
                continue
            points = at_job[j] + s.wish * 200 * wish
            at_block[b] = points
            wage = 1000 if block_currency[b] < 0 else wage_value(block_wage[b], floors[block_currency[b]], s)
            share = 1000 if available >= block_days[b] else available * 1000 // block_days[b]
            bound = (points + s.wage * max(wage, s.unknown_wage) + s.availability * share + 500) // 1000
            following[b] = heads[bound]
            heads[bound] = b
            highest = max(highest, bound)
    return highest


@compiled
def sort_cells(p: Profiles, w: int, jobs: Jobs, s: Settings, x: Scratch, b: int, closed: npt.NDArray[np.int32]) -> None:
    """List the cells of a block by the best score they could hold, count those that are closed altogether."""
    cell_at, cell_currency, cell_wage = jobs.cell_at, jobs.cell_currency, jobs.cell_wage
    cell_days, cell_start, cell_end = jobs.cell_days, jobs.cell_start, jobs.cell_end
    admitted, at_cell, heads, following, floors = x.admitted, x.at_cell, x.heads, x.following, x.floors
    since, until = p.start[w], p.end[w]
    available = max(0, int(until) - int(since) + 1)
    points = x.block_points[b]
    for k in range(x.admitted_at[b], x.admitted_at[b + 1]):
        c = admitted[k]
        floor = floors[cell_currency[c]]
        wage = cell_wage[c]
        if wage >= 0 and floor < 0:
            closed[CURRENCY] += cell_at[c + 1] - cell_at[c]
        elif cell_start[c] > until or cell_end[c] < since:
            closed[WINDOW] += cell_at[c + 1] - cell_at[c]
        else:
            at_cell[c] = points
            share = 1000 if available >= cell_days[c] else available * 1000 // cell_days[c]
            bound = (points + s.wage * wage_value(wage, floor, s) + s.availability * share + 500) // 1000
            following[c] = heads[bound]
            heads[bound] = c


@compiled
def visit_known(
    p: Profiles,
    w: int,
    jobs: Jobs,
    s: Settings,
    x: Scratch,
    pathway: npt.NDArray[np.uint8],
    n_special: int,
    closed: npt.NDArray[np.int32],
) -> int:
    """Put the special vacancies that are open into the heap; its size. `pathway` is the worker's row of `Carried`."""
    cell, starts, stops, wages, employer = jobs.cell, jobs.start, jobs.end, jobs.wage, jobs.employer
    destination, currency, cell_job = jobs.cell_destination, jobs.cell_currency, jobs.cell_job
    at_job, job_closed, wishes, floors, specials = x.at_job, x.job_closed, x.wishes, x.floors, x.specials
    keys, rows, admission, cell_wage = x.keys, x.rows, jobs.cell_admission, jobs.cell_wage
    since, until, mine = p.start[w], p.end[w], ties_of(p, w)
    size = 0
    for k in range(n_special):
        v = specials[k]
        c = cell[v]
        if job_closed[cell_job[c]] >= 0 or pathway[admission[c]] == REFUSED or wishes[destination[c]] < 0:
            continue
        if cell_wage[c] >= 0 and floors[currency[c]] < 0:
            continue
        if jobs.cell_start[c] > until or jobs.cell_end[c] < since:
            continue
        terms = (starts[v], stops[v], since, until, wages[v], floors[currency[c]], s)
        bond, refused = bonds(mine, v, employer[v], destination[c], s)
        reason = REFUSAL if refused else pair_closed(*terms)
        if reason >= 0:
            closed[reason] += 1
            continue
        points = (at_job[cell_job[c]] + pair_points(*terms) + bond + 500) // 1000
        size = offer(keys, rows, size, (points << 32) - k, v)
    return size


@compiled
def visit(
    p: Profiles,
    w: int,
    jobs: Jobs,
    s: Settings,
    x: Scratch,
    highest: int,
    size: int,
    seen: int,
    closed: npt.NDArray[np.int32],
) -> int:
    """Open blocks, and cells in them, from the highest bound down until none can improve the heap; its size."""
    cell_at, cell_vacancy, cell_currency = jobs.cell_at, jobs.cell_vacancy, jobs.cell_currency
    starts, stops, wages = jobs.start, jobs.end, jobs.wage
    heads, following, opened, ends = x.heads, x.following, x.opened, x.ends
    at_cell, floors, special, keys, rows = x.at_cell, x.floors, x.special, x.keys, x.rows
    since, until, tie, limit = p.start[w], p.end[w], p.tie[w], len(x.keys)
    for bound in range(highest, -1, -1):
        if size == limit and (bound << 32) - seen <= keys[0]:
            break
        b = x.block_heads[bound]
        while b >= 0:
            sort_cells(p, w, jobs, s, x, b, closed)
            b = x.block_next[b]
        if heads[bound] < 0:
            continue
        n_opened = 0
        total = 0
        c = heads[bound]
        while c >= 0:
            total += cell_at[c + 1] - cell_at[c]
            opened[n_opened] = c
            ends[n_opened] = total
            n_opened += 1
            c = following[c]
        position, step = stride(total, mixed(tie + np.uint64(bound) * np.uint64(0x9E3779B97F4A7C15)))
        for _ in range(total):
            at = place_of(ends, n_opened, position)
            c = opened[at]
            v = cell_vacancy[cell_at[c + 1] - ends[at] + position]
            position += step
            if position >= total:
                position -= total
            if special[v]:
                continue
            floor = floors[cell_currency[c]]
            reason = pair_closed(starts[v], stops[v], since, until, wages[v], floor, s)
            if reason >= 0:
                closed[reason] += 1
                continue
            points = (at_cell[c] + pair_points(starts[v], stops[v], since, until, wages[v], floor, s) + 500) // 1000
            size = offer(keys, rows, size, (points << 32) - seen, v)
            seen += 1
            if size == limit and (bound << 32) - seen <= keys[0]:
                break
    return size
