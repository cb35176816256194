"""Counts and durations in the Prometheus text format: by operation and status, never by person."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

BOUNDS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)
"""Upper bounds of the buckets, in seconds."""


class Metrics(Collector):
    """The metrics of one server process. Counted in its event loop, put into the format only when asked for."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.registry.register(self)
        self._answers: Counter[tuple[str, int]] = Counter()
        self._buckets: dict[str, list[int]] = {}
        self._seconds: Counter[str] = Counter()

    def count(self, operation: str, status: int, seconds: float) -> None:
        """Count one answer."""
        self._answers[operation, status] += 1
        buckets = self._buckets.get(operation)
        if buckets is None:
            buckets = self._buckets[operation] = [0] * (len(BOUNDS) + 1)
        buckets[bisect_left(BOUNDS, seconds)] += 1
        self._seconds[operation] += seconds  # type: ignore[assignment]

    def collect(self) -> Iterator[Metric]:
        """The metric families, as the registry asks for them."""
        requests = CounterMetricFamily("skillbridge_requests", "Requests answered", labels=["operation", "status"])
        for (operation, status), number in sorted(self._answers.items()):
            requests.add_metric([operation, str(status)], number)
        yield requests
        seconds = HistogramMetricFamily("skillbridge_request_seconds", "Seconds to answer", labels=["operation"])
        for operation, buckets in sorted(self._buckets.items()):
            total, told = 0, []
            for bound, number in zip((*map(str, BOUNDS), "+Inf"), buckets, strict=True):
                total += number
                told.append((bound, total))
            seconds.add_metric([operation], told, self._seconds[operation])
        yield seconds

    def text(self) -> bytes:
        """The exposition of this process."""
        return bytes(generate_latest(self.registry))
