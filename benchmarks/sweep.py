"""What a sweep of 64 scenarios costs from a base's plan and prices: `python -m benchmarks.sweep --workers 10000`.

The base is a synthetic season under five agreements. The scenarios combine four sizes of US demand, four of New
Zealand's, and four pools. `--cold K`: K of them, spread over the sweep, are planned without the base too, for the
CPU-seconds and the points that saves or costs. `--base DIR` keeps the base's plan for the next time.

`cores_used` counts CPU-seconds a second. On a machine that others use too they get less than they ask for:
`cores_wanted` adds the time that the processes' threads stood in the line for a core (Linux's schedstat), which is
more than they would have used alone where several threads of one stand in it. `all_at_work` is the share of the time
in which every process had a scenario or was getting ready for its first, whatever else the machine did.
"""

import argparse
import itertools
import json
import multiprocessing
import os
import resource
import tempfile
import threading
import time
from pathlib import Path

import polars as pl

from skillbridge import plan_folder, scenarios, synth
from skillbridge.partnerships.partnership import load
from skillbridge.pipeline import PlaceRequest, place
from skillbridge.taxonomies import pack

AGREEMENTS = ("nz-rse", "au-palm-short", "us-h2a", "ca-sawp", "gb-seasonal")
SWEEP = """
name = "demand and pool"
base = "{base}"
[[demand]]
where = {{ destination = "US" }}
positions = 1.0
[[demand]]
where = {{ destination = "NZ" }}
positions = 1.0
[[pool]]
share = 1.0
[sweep]
"demand.0.positions" = [0.8, 0.95, 1.05, 1.2]
"demand.1.positions" = [0.5, 0.9, 1.1, 1.5]
"pool.0.share" = [0.85, 0.9, 0.95, 1.0]
"""


def base(workers: int, root: Path) -> None:
    """The base's plan of `workers` as a folder."""
    demand = synth.vacancies(workers // 8, 1, AGREEMENTS, year=2026)
    demand = demand.filter(demand["positions"].cum_sum() <= 0.65 * workers)
    people = pl.concat(list(synth.workers(workers, 1, AGREEMENTS, year=2026, vacancies=demand)))
    agreements = [load(one) for one in AGREEMENTS]
    asked = PlaceRequest(people, demand, agreements, pack.load("core"), seed=1, synthetic=("workers", "vacancies"))
    plan_folder.write(place(asked).folder, root)


def cpu() -> float:
    """CPU-seconds of this process and of those it has waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


class Wanted:
    """Seconds that the threads of the child processes ran or waited for a core, watched from a thread, and since when
    (of the monotonic clock) so many processes are there."""

    def __init__(self, processes: int) -> None:
        self.seconds = dict[str, float]()
        self.since: float | None = None
        self._processes = processes
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "Wanted":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(0.2):
            children = multiprocessing.active_children()
            if self.since is None and len(children) >= self._processes:
                self.since = time.monotonic()
            for child in children:
                for thread in Path(f"/proc/{child.pid}/task").glob("*/schedstat"):
                    try:
                        ran, waited, _ = thread.read_text(encoding="ascii").split()
                    except OSError:
                        continue
                    self.seconds[str(thread)] = (int(ran) + int(waited)) / 1e9


def measure(root: Path, cold: int, processes: int, most: int, out: Path) -> dict[str, object]:
    """CPU-seconds of the sweep and of each cold run, and what plans of both are worth."""
    file = out / "sweep.toml"
    file.write_text(SWEEP.format(base=root.resolve()), encoding="utf-8")
    load_before = os.getloadavg()[0]
    began, spent = time.monotonic(), cpu()
    done: list[tuple[float, scenarios.Line]] = []
    with Wanted(processes) as wanted:
        running = itertools.islice(scenarios.run_all(file, out / "plans", processes=processes), most)
        done.extend((time.monotonic(), line) for line in running)
    wall, spent = time.monotonic() - began, cpu() - spent
    lines = sorted((line for _, line in done), key=lambda line: line.folder)
    alone = done[-processes][0] if len(done) >= processes else began  # from here on one of them has nothing more
    found: dict[str, object] = {
        "scenarios": len(lines),
        "load_before": round(load_before, 1),
        "wall_s": round(wall, 1),
        "cpu_s_each": round(spent / len(lines), 2),
        "cores_used": round(spent / wall, 2),
        "cores_wanted": round(sum(wanted.seconds.values()) / wall, 2),
        "all_at_work": round((alone - (wanted.since or alone)) / wall, 3),
        "gap_mean": round(sum(line.gap for line in lines) / len(lines), 5),
        "gap_most": round(max(line.gap for line in lines), 5),
    }
    opened, asked = plan_folder.read(root), scenarios.load(file)
    runs = []
    for number in range(0, len(lines), max(1, len(lines) // cold)) if cold else ():
        spent = time.process_time()
        again = scenarios.run(opened, asked[number], cold=True).plan
        spent = time.process_time() - spent
        runs.append(
            {
                "scenario": number,
                "cold_cpu_s": round(spent, 1),
                "cold_gap": round(again.gap, 5),
                "warm_gap": round(lines[number].gap, 5),
                "warm_points": round(lines[number].objective / again.objective, 5),
            }
        )
    return found | {"cold": runs}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=10_000)
    parser.add_argument("--cold", type=int, default=0)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--most", type=int, default=64, help="stop after so many")
    parser.add_argument("--base", type=Path, default=None)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = given.base or Path(folder) / "base"
        if not (root / "plan.json").is_file():
            base(given.workers, root)
        print(json.dumps(measure(root, given.cold, given.processes, given.most, Path(folder)), indent=1))
