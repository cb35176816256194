"""Work in parts: one after the other or in processes, and what it costs.

Parts are small things that pickle (paths of Arrow files, seeds, scenario names), never frames: handing over 190 MB in a
pipe costs more than most work saves.
"""

import os
import resource
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import active_children, get_context, parent_process
from typing import TypeVar

Part = TypeVar("Part")
Result = TypeVar("Result")


def each(work: Callable[[Part], Result], parts: Sequence[Part], *, processes: int = 1) -> Iterator[tuple[int, Result]]:
    """(number of the part, its result) as they are done, so that finished parts are kept if the rest is stopped: parts
    that are being worked on then end unfinished, at once."""
    if processes <= 1 or len(parts) <= 1:
        for number, part in enumerate(parts):
            yield number, work(part)
        return
    context, others = get_context("spawn"), set(active_children())
    with ProcessPoolExecutor(min(processes, len(parts)), mp_context=context, initializer=_end_with_parent) as pool:
        waiting = {pool.submit(work, part): number for number, part in enumerate(parts)}
        try:
            for done in as_completed(waiting):
                yield waiting[done], done.result()
        except BaseException:
            for child in set(active_children()) - others:
                child.terminate()
            raise


def _end_with_parent() -> None:
    """Let this process end when the one that started it does, however that ended: nobody waits for its results."""
    parent = parent_process()

    def watch() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=watch, name="parent", daemon=True).start()


def peak_rss_mb() -> float:
    """The most memory this process has held at once, in megabytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak / 1e3
