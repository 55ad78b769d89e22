"""What can be counted about a server, for Prometheus; a registry for every app."""

from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256)
_TOKENS = (16, 64, 256, 1024, 4096, 16384)


class Metrics:
    """Counters and histograms."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        common: dict[str, Any] = {"registry": self.registry, "namespace": "bunsan"}
        self.requests = Counter("requests", "Requests answered.", ["endpoint", "status"], **common)
        self.seconds = Histogram(
            "request_seconds", "From request to the last byte.", ["endpoint"],
            buckets=_SECONDS, **common,
        )  # fmt: skip
        self.open = Gauge("open_requests", "Requests under way.", **common)
        self.queue = Gauge("queue", "Answers or texts that wait.", ["model"], **common)
        self.running = Gauge("running", "Answers being written.", ["model"], **common)
        self.tokens = Counter("tokens", "Tokens read and written.", ["model", "kind"], **common)
        self.first = Histogram(
            "time_to_first_token_seconds", "From request to the first token.", ["model"],
            buckets=_SECONDS, **common,
        )  # fmt: skip
        self.rows = Histogram(
            "batch_rows", "Answers written in one step.", ["model"], buckets=_SIZES, **common
        )
        self.batch = Histogram(
            "batch_tokens", "Tokens encoded in one pass.", ["model"], buckets=_TOKENS, **common
        )
        self.cancelled = Counter(
            "cancelled", "Answers nobody waited for any more.", ["model"], **common
        )

    def text(self) -> bytes:
        """All of it in Prometheus' text format."""
        return generate_latest(self.registry)
