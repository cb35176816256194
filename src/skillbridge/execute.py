"""Work in parts: one after the other or in processes, and what it costs.

Parts are small things that pickle (paths of Arrow files, seeds, scenario names), never frames: handing over 190 MB in a
pipe costs more than most work saves.
"""

import resource
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from typing import TypeVar

Part = TypeVar("Part")
Result = TypeVar("Result")


def each(work: Callable[[Part], Result], parts: Sequence[Part], *, processes: int = 1) -> Iterator[tuple[int, Result]]:
    """(number of the part, its result) as they are done, so that finished parts are kept if the rest is stopped."""
    if processes <= 1 or len(parts) <= 1:
        for number, part in enumerate(parts):
            yield number, work(part)
        return
    with ProcessPoolExecutor(min(processes, len(parts)), mp_context=get_context("spawn")) as pool:
        waiting = {pool.submit(work, part): number for number, part in enumerate(parts)}
        try:
            for done in as_completed(waiting):
                yield waiting[done], done.result()
        finally:
            for future in waiting:
                future.cancel()


def peak_rss_mb() -> float:
    """The most memory this process has held at once, in megabytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak / 1e3
