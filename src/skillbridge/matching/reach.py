"""Candidates from the vacancies' side: whoever the workers' own lists left out is looked for in the whole pool."""

# mypy: disable-error-code="assignment,arg-type"

import numpy as np
import numpy.typing as npt

from skillbridge.matching.encode import Jobs, Profiles
from skillbridge.matching.formulas import Settings, compiled
from skillbridge.matching.kernel import REFUSED, Carried, judge_pairs, mixed, offer, place_of, stride

BATCH = 256
"""Pairs judged at a time, at most."""


def herds(p: Profiles, carried: Carried) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32]]:
    """Workers of an occupation and admission class together: (offsets, workers, within a herd by a hash of the id)."""
    order = np.lexsort((p.tie, carried.worker, p.occupation)).astype(np.int32)
    occupation, admission = p.occupation[order], carried.worker[order]
    new = np.flatnonzero((np.diff(occupation) != 0) | (np.diff(admission) != 0)) + 1
    at = np.concatenate(([0], new, [len(order)])) if len(order) else np.zeros(1)
    return at.astype(np.int64), order


@compiled
def grouped(
    group: npt.NDArray[np.int32], member: npt.NDArray[np.int32], n: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32]]:
    """(offsets [n + 1], members group by group, in order) of pairs (group, member)."""
    at = np.zeros(n + 1, dtype=np.int64)
    for g in group:
        at[g + 1] += 1
    at = np.cumsum(at)
    place = at.copy()
    members = np.empty(len(member), dtype=np.int32)
    for i in range(len(group)):
        members[place[group[i]]] = member[i]
        place[group[i]] += 1
    return at, members


@compiled
def reach(
    p: Profiles,
    jobs: Jobs,
    s: Settings,
    carried: Carried,
    skills: int,
    herd_at: npt.NDArray[np.int64],
    herd_worker: npt.NDArray[np.int32],
    wanted: npt.NDArray[np.int32],
    need: npt.NDArray[np.int64],
    patience: npt.NDArray[np.int64],
    tie: npt.NDArray[np.uint64],
    known_at: npt.NDArray[np.int64],
    known: npt.NDArray[np.int32],
    at: npt.NDArray[np.int64],
    worker: npt.NDArray[np.int32],
    score: npt.NDArray[np.int32],
    found: npt.NDArray[np.int64],
) -> None:
    """Fill for each vacancy wanted[i] up to need[i] workers with their scores, from at[i] on; found[i] says how many.

    Related occupations are searched first, then, if still short, all that the work is open to. Herds are walked in an
    order of the vacancy's own until twice the need is found (the best of them are kept), or patience[i] pairs were
    judged. The workers of vacancy v in known[known_at[v]:known_at[v + 1]] are passed over.
    """
    passed = np.zeros(len(p.months), dtype=np.bool_)
    n_herds = len(herd_at) - 1
    opened = np.zeros(n_herds, dtype=np.int32)
    ends = np.zeros(n_herds, dtype=np.int64)
    asked, offered = np.zeros(BATCH, dtype=np.int32), np.zeros(BATCH, dtype=np.int32)
    points, closed = np.zeros(BATCH, dtype=np.int32), np.zeros(BATCH, dtype=np.int32)
    for i in range(len(wanted)):
        v = wanted[i]
        j, there = jobs.job[v], jobs.cell_admission[jobs.cell[v]]
        for k in range(known_at[v], known_at[v + 1]):
            passed[known[k]] = True
        offered[:] = v
        batch = min(BATCH, 8 + 4 * need[i])
        keys = np.zeros(need[i], dtype=np.int64)
        rows = np.zeros(need[i], dtype=np.int32)
        size = 0
        seen = 0
        judged = 0
        must = jobs.job_essential[j]
        others = jobs.job_open[j] or jobs.list_at[must + 1] > jobs.list_at[must]
        for related in (True, False):
            if not related and (seen >= need[i] or not others):
                break
            n_opened, total = open_herds(
                p, carried, herd_at, herd_worker, jobs.job_occupation[j], there, related, opened, ends
            )
            if total == 0:
                continue
            position, step = stride(total, mixed(tie[i]))
            left = total
            while left and judged < patience[i] and seen < 2 * need[i]:
                n = 0
                while left and n < batch:
                    k = place_of(ends, n_opened, position)
                    w = herd_worker[herd_at[opened[k] + 1] - ends[k] + position]
                    position += step
                    if position >= total:
                        position -= total
                    left -= 1
                    if not passed[w]:
                        asked[n] = w
                        n += 1
                judge_pairs(p, jobs, s, carried, skills, asked[:n], offered[:n], points[:n], closed[:n])
                judged += n
                for k in range(n):
                    if closed[k] < 0:
                        seen += 1
                        size = offer(keys, rows, size, (np.int64(points[k]) << 32) - seen, asked[k])
        for k in range(known_at[v], known_at[v + 1]):
            passed[known[k]] = False
        for k in range(size):
            worker[at[i] + k] = rows[k]
            score[at[i] + k] = (keys[k] + (1 << 31)) >> 32
        found[i] = size


@compiled
def open_herds(
    p: Profiles,
    carried: Carried,
    herd_at: npt.NDArray[np.int64],
    herd_worker: npt.NDArray[np.int32],
    occupation: int,
    there: int,
    related: bool,
    opened: npt.NDArray[np.int32],
    ends: npt.NDArray[np.int64],
) -> tuple[int, int]:
    """(herds, workers in them) that may go there and are related to the occupation, or are not.

    The herds are listed in `opened`, with the running count of their workers in `ends`.
    """
    n = 0
    total = 0
    for herd in range(len(herd_at) - 1):
        first = herd_worker[herd_at[herd]]
        near = p.closeness[p.occupation[first], occupation] > 0
        if near == related and carried.pathway[carried.worker[first], there] != REFUSED:
            total += herd_at[herd + 1] - herd_at[herd]
            opened[n] = herd
            ends[n] = total
            n += 1
    return n, total
