"""Counts and durations in the Prometheus text format: by operation and status, never by person."""

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest


class Metrics:
    """The metrics of one server process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "skillbridge_requests", "Requests answered", ["operation", "status"], registry=self.registry
        )
        self._seconds = Histogram(
            "skillbridge_request_seconds",
            "Seconds to answer",
            ["operation"],
            buckets=(0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5),
            registry=self.registry,
        )
        self._children: dict[tuple[str, int], Counter] = {}
        self._timers: dict[str, Histogram] = {}

    def count(self, operation: str, status: int, seconds: float) -> None:
        """Count one answer."""
        key = (operation, status)
        child = self._children.get(key)
        if child is None:
            child = self._children[key] = self._requests.labels(operation, str(status))
            self._timers.setdefault(operation, self._seconds.labels(operation))
        child.inc()
        self._timers[operation].observe(seconds)

    def text(self) -> bytes:
        """The exposition of this process."""
        return bytes(generate_latest(self.registry))
