"""One reason for every worker without a place and every vacancy with open positions, for all of them at once."""

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from skillbridge import plan_folder, tables
from skillbridge.explain.blocks import Blocks, best_edge, blocks
from skillbridge.matching.candidates import Candidates, reason_words
from skillbridge.matching.search import prepare
from skillbridge.matching.yardstick import Yardstick
from skillbridge.partnerships.admission import admission
from skillbridge.partnerships.partnership import Partnership
from skillbridge.solver.plan import Solution
from skillbridge.solver.problem import Problem

FILTERS = {
    "consent": "consent",
    "occupation": "no_vacancy",
    "refused": "preference",
    "language": "language",
    "education": "education",
    "licence": "licence",
    "currency": "wage",
    "window": "window",
    "wage": "wage",
}
"""Reason of `matching.filters` -> code of the words' `reason` section."""

KINDS = {"stay": "stay", "wage": "wage", "employer_gate": "employer"}
"""Kind of rule -> code; other kinds are `rule`."""

ASKED = 64
"""Workers looked at to say why a vacancy has no candidate at all."""


def unplaced(
    workers: pl.DataFrame,
    vacancies: pl.DataFrame,
    partnerships: Sequence[Partnership],
    found: Candidates,
    problem: Problem,
    solution: Solution,
) -> pl.DataFrame:
    """plan_folder.UNPLACED of a solution, sorted by worker_id: one reason a worker, never none.

    A worker with candidates is held back by a row (quota, share) if open vacancies of theirs are closed by rows or
    every one is; else outbid at the price of the vacancy that came nearest; `group` where the crew cannot go together;
    `solver` where a place was free all the same. One without candidates gets the reason that ruled most vacancies out.
    """
    state = blocks(problem, solution.chosen, solution.vacancy_price, solution.row_price)
    home = _at_home(problem, solution)
    left = np.flatnonzero(home)
    n = problem.n_workers
    gain = problem.weight - state.price
    waiting = home[state.worker]
    nearest = best_edge(gain, state.worker, n, waiting)
    free = best_edge(gain, state.worker, n, waiting & ~state.full & (state.row < 0))
    held = best_edge(gain, state.worker, n, waiting & ~state.full & (state.row >= 0))
    beaten = best_edge(gain, state.worker, n, waiting & state.full & (state.row < 0))
    held = np.where((held < 0) & (beaten < 0), nearest, held)
    edge = np.where(free >= 0, free, np.where(held >= 0, held, nearest))[left]
    kind = np.where(free >= 0, np.where(problem.group >= 0, 3, 2), np.where(held >= 0, 1, 0))[left]
    known = edge >= 0
    names = np.array(["outbid", "quota", "solver", "group"])
    reason = np.where(known, names[kind], "")
    row = (
        np.where(known & (kind == 1), state.row[np.maximum(edge, 0)], -1) if len(state.row) else np.full(len(left), -1)
    )
    reason = np.where((row >= 0) & np.append(state.share, False)[row], "share", reason)
    vacancy = problem.vacancy[np.maximum(edge, 0)] if len(problem.vacancy) else np.zeros(len(left), dtype=np.int32)
    price = np.where(
        row >= 0,
        np.append(solution.row_price, 0.0)[row],
        solution.vacancy_price[vacancy] if len(solution.vacancy_price) else 0.0,
    )
    table = pl.DataFrame(
        {
            "worker": left.astype(np.uint32),
            "reason": reason,
            "row": row.astype(np.int64),
            "vacancy": np.where(known, vacancy, -1).astype(np.int64),
            "price": np.where(known, price, 0.0),
        }
    )
    ruled_out = _without_candidates(workers, partnerships, found)
    refs = _refs(problem)
    named = (
        table.join(refs, on="row", how="left", maintain_order="left")
        .join(ruled_out, on="worker", how="left", maintain_order="left", suffix="_out")
        .with_columns(
            reason=pl.when(pl.col("reason") != "").then(pl.col("reason")).otherwise(pl.col("reason_out")),
            partnership=pl.coalesce("partnership", "partnership_out"),
            rule=pl.coalesce("rule", "rule_out"),
            words=pl.coalesce("words", "words_out"),
            worker_id=workers["worker_id"].gather(left),
            origin=workers["origin"].gather(left),
            vacancy_id=vacancies["vacancy_id"].gather(pl.Series(np.maximum(table["vacancy"].to_numpy(), 0)))
            if vacancies.height
            else pl.lit(None, dtype=pl.String),
        )
        .with_columns(
            pl.col("reason").fill_null("no_vacancy"),
            vacancy_id=pl.when(pl.col("vacancy") >= 0).then(pl.col("vacancy_id")),
        )
        .with_columns(detail=_detail())
    )
    return tables.conform(named, plan_folder.UNPLACED).sort("worker_id")


def unfilled(
    workers: pl.DataFrame,
    vacancies: pl.DataFrame,
    partnerships: Sequence[Partnership],
    found: Candidates,
    problem: Problem,
    solution: Solution,
    measure: Yardstick,
) -> pl.DataFrame:
    """plan_folder.UNFILLED of a solution, sorted by vacancy_id: one reason a vacancy, for all its open positions.

    `quota` or `share` where waiting candidates are held back by a row; `few_workers` where the pool has fewer eligible
    workers than positions; `competition` where all candidates are placed elsewhere; without any candidate, what ruled
    out most of the workers of its occupation; `no_worker` where there are none of it.
    """
    state = blocks(problem, solution.chosen, solution.vacancy_price, solution.row_price)
    positions = problem.positions.astype(np.int64)
    short = np.flatnonzero(state.heads < positions)
    waiting = _at_home(problem, solution)[state.worker]
    vacancy = problem.vacancy.astype(np.int64)
    n = problem.n_vacancies
    candidates = np.bincount(vacancy, minlength=n)
    free = np.bincount(vacancy[waiting & (state.row < 0)], minlength=n)
    alone = np.bincount(vacancy[waiting & (state.row < 0) & (problem.group[state.worker] < 0)], minlength=n)
    row = _most_common_row(vacancy, state, waiting)
    share = np.append(state.share, False)[row]
    reason = np.select(
        [candidates == 0, row >= 0, candidates < positions, alone > 0, free > 0],
        ["", np.where(share, "share", "quota"), "few_workers", "solver", "group"],
        "competition",
    )[short]
    table = pl.DataFrame(
        {
            "vacancy": short.astype(np.uint32),
            "reason": reason,
            "row": np.where(reason == "", -1, row[short]),
            "candidates": candidates[short],
            "price": np.where(
                row[short] >= 0, np.append(solution.row_price, 0.0)[row[short]], solution.vacancy_price[short]
            ),
        },
        schema_overrides={"row": pl.Int64, "reason": pl.String, "price": pl.Float64},
    )
    nobody = short[candidates[short] == 0]
    ruled_out = _without_workers(workers, vacancies, partnerships, measure, nobody)
    named = (
        table.join(_refs(problem), on="row", how="left", maintain_order="left")
        .join(ruled_out, on="vacancy", how="left", maintain_order="left", suffix="_out")
        .with_columns(
            reason=pl.when(pl.col("reason") != "").then(pl.col("reason")).otherwise(pl.col("reason_out")),
            partnership=pl.coalesce("partnership", "partnership_out"),
            rule=pl.coalesce("rule", "rule_out"),
            words=pl.coalesce("words", "words_out"),
            filled=pl.Series(state.heads[short], dtype=pl.Int32),
            **{
                name: vacancies[name].gather(short)
                for name in ("vacancy_id", "employer_id", "destination", "positions")
            },
        )
        .with_columns(pl.col("reason").fill_null("no_worker"))
        .with_columns(detail=_detail())
    )
    return tables.conform(named, plan_folder.UNFILLED).sort("vacancy_id")


def rule_code(code: str, partnerships: Sequence[Partnership]) -> tuple[str, str | None, str | None]:
    """(code of the words' `reason` section, partnership, rule) of a counted reason of `matching.candidates`."""
    if code in FILTERS:
        return FILTERS[code], None, None
    partnership, rule, *_ = (*code.split("/"), "")
    if not rule:
        return ("not_given" if code.endswith("not_given") else "corridor"), None, None
    for one in partnerships:
        if one.id == partnership:
            for binding in one.binding:
                if binding.id == rule:
                    return KINDS.get(binding.kind, "rule"), partnership, rule
    return "rule", partnership, rule


def _at_home(problem: Problem, solution: Solution) -> np.ndarray:
    """Whether each worker is without any placement, bool [workers]; a worker of several seasons has several edges."""
    home = np.ones(problem.n_workers, dtype=np.bool_)
    edges = solution.chosen[solution.chosen >= 0]
    home[np.searchsorted(problem.indptr, edges, side="right") - 1] = False
    return home


def _refs(problem: Problem) -> pl.DataFrame:
    refs = problem.rows.refs
    return pl.DataFrame(
        {
            "row": np.arange(len(refs)),
            "partnership": [ref.partnership for ref in refs],
            "rule": [ref.rule for ref in refs],
            "words": [ref.label for ref in refs],
        },
        schema={"row": pl.Int64, "partnership": pl.String, "rule": pl.String, "words": pl.String},
    )


def _detail() -> pl.Expr:
    english = pl.col("reason").replace_strict(_english(), default=pl.col("reason"), return_dtype=pl.String)
    return pl.when(pl.col("words").is_not_null()).then(pl.format("{}: {}", english, "words")).otherwise(english)


def _english() -> Mapping[str, str]:
    from skillbridge import words

    return {
        key.removeprefix("reason."): text for key, text in words.catalogue("en").items() if key.startswith("reason.")
    }


def _coded(codes: pl.Series, words: Mapping[str, str], partnerships: Sequence[Partnership]) -> pl.DataFrame:
    """code -> reason, partnership, rule, words."""
    known = codes.unique().sort().to_list()
    rows = [(code, *rule_code(code, partnerships), words.get(code)) for code in known]
    names = ("code", "reason", "partnership", "rule", "words")
    return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")


def _without_candidates(workers: pl.DataFrame, partnerships: Sequence[Partnership], found: Candidates) -> pl.DataFrame:
    """worker, reason, partnership, rule, words of workers without any edge."""
    first = found.without.group_by("worker", maintain_order=True).first().rename({"reason": "code"})
    coded = first.join(_coded(first["code"], found.words, partnerships), on="code", how="left", maintain_order="left")
    unread = pl.Series("worker", np.flatnonzero(workers["isco"].is_null().to_numpy()), dtype=pl.UInt32)
    reason = pl.when((pl.col("reason") == "no_vacancy") & pl.col("worker").is_in(unread.implode())).then(
        pl.lit("no_occupation")
    )
    return coded.select(
        "worker",
        reason=reason.otherwise(pl.col("reason")),
        partnership="partnership",
        rule="rule",
        words=pl.when(pl.col("rule").is_not_null()).then(pl.col("words")),
    )


def _most_common_row(vacancy: np.ndarray, state: Blocks, waiting: np.ndarray) -> np.ndarray:
    """For each vacancy the row that holds back most of its waiting candidates, -1 for none."""
    n = len(state.heads)
    held = waiting & (state.row >= 0)
    found = np.full(n, -1, dtype=np.int64)
    if not held.any():
        return found
    width = len(state.used)
    pairs, times = np.unique(vacancy[held] * width + state.row[held], return_counts=True)
    owner, row = pairs // width, pairs % width
    order = np.lexsort((row, -times, owner))
    owner, row = owner[order], row[order]
    first = np.ones(len(owner), dtype=np.bool_)
    first[1:] = owner[1:] != owner[:-1]
    found[owner[first]] = row[first]
    return found


def _without_workers(
    workers: pl.DataFrame,
    vacancies: pl.DataFrame,
    partnerships: Sequence[Partnership],
    measure: Yardstick,
    nobody: np.ndarray,
) -> pl.DataFrame:
    """vacancy, reason, partnership, rule, words of vacancies without any edge, from a spread of near workers each."""
    schema = {"vacancy": pl.UInt32, **dict.fromkeys(("reason", "partnership", "rule", "words"), pl.String)}
    if not len(nobody) or not workers.height:
        return pl.DataFrame(schema=schema)
    asked, near = _near_workers(workers, vacancies[nobody], measure)
    pool = np.unique(np.concatenate([*near, np.zeros(0, dtype=np.int64)])).astype(np.int64)
    if not len(pool):
        return pl.DataFrame(schema=schema)
    people, jobs = workers[pool], vacancies[nobody]
    admitted = admission(people, jobs, partnerships)
    search = prepare(people, jobs, admitted, measure)
    codes, words = reason_words(admitted)
    counts = np.array([len(near[which]) for which in asked])
    vacancy = np.repeat(np.arange(len(nobody)), counts).astype(np.int32)
    worker = np.concatenate([np.searchsorted(pool, near[which]) for which in asked]).astype(np.int32)
    _, closed = search.judge(worker, vacancy)
    open_ = np.flatnonzero(closed < 0)
    start, end = search.windows(worker[open_], vacancy[open_])
    history = admitted.pairs(worker[open_], vacancy[open_], start.astype("datetime64[D]"), end.astype("datetime64[D]"))
    closed[open_] = np.where(history > 0, len(codes) - len(admitted.reasons) + history.astype(np.int64) - 1, -1)
    told = pl.DataFrame({"at": vacancy, "closed": closed}).group_by("at", "closed").len()
    first = (
        told.sort("at", "len", "closed", descending=[False, True, False]).group_by("at", maintain_order=True).first()
    )
    first = first.with_columns(
        code=pl.Series(
            [codes[number] if number >= 0 else "not_listed" for number in first["closed"].to_list()], dtype=pl.String
        )
    )
    coded = first.join(_coded(first["code"], words, partnerships), on="code", how="left", maintain_order="left")
    return coded.select(
        vacancy=pl.Series(nobody[first["at"].to_numpy()], dtype=pl.UInt32),
        reason=pl.when(pl.col("code") == "not_listed")
        .then(pl.lit("not_listed"))
        .otherwise(pl.col("reason").replace({"no_vacancy": "no_worker"})),
        partnership=pl.when(pl.col("code") != "not_listed").then(pl.col("partnership")),
        rule="rule",
        words=pl.when(pl.col("rule").is_not_null()).then(pl.col("words")),
    )


def _near_workers(
    workers: pl.DataFrame, vacancies: pl.DataFrame, measure: Yardstick
) -> tuple[list[int], list[np.ndarray]]:
    """(for each vacancy the number of its set, sets of up to ASKED workers of its occupation, spread over the pool)."""
    keys = ["concept", "isco"]
    jobs, job = tables.distinct(vacancies.select(pl.struct(keys))["concept"], lambda one: one)
    people, person = tables.distinct(workers.select(pl.struct(keys))["concept"], lambda one: one)
    pair = [[(one["concept"], one["isco"]) for one in side] for side in (people, jobs)]  # type: ignore[index]
    close = measure.closeness_table(*pair)
    sets = []
    for column in range(len(jobs)):
        near = np.flatnonzero((close[:, column] > 0)[person])
        sets.append(near[np.linspace(0, len(near) - 1, ASKED).astype(np.int64)] if len(near) > ASKED else near)
    return job.tolist(), sets
