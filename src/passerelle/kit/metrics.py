"""The measures of one gateway, for Prometheus. A registry of their own: two gateways in one process do not mix.

Labels are names of APIs, routes, states and statuses, of which there are few; never a usage point, an account or a key.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from passerelle._version import __version__

CONTENT_TYPE = CONTENT_TYPE_LATEST
WAIT_BUCKETS = (0.01, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
"""Seconds. A call of a quiet minute waits for nothing; the last ones of an import wait for minutes."""

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class QuotaGauge:
    """One allowance as it stands. `held` tells whether nothing may leave for now."""

    left: int
    allowance: int
    held: bool


@dataclass(frozen=True, slots=True)
class Levels:
    """What is read when somebody looks, instead of being counted as it happens. Empty: could not be read."""

    quota: Mapping[str, QuotaGauge] = field(default_factory=dict)
    consents: Mapping[str, int] = field(default_factory=dict)
    links: Mapping[str, int] = field(default_factory=dict)
    generations: Mapping[str, str] = field(default_factory=dict)
    up: Mapping[str, bool] = field(default_factory=dict)


class Metrics:
    """What is counted as it happens, and the text that Prometheus reads."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self._version = Gauge(
            "passerelle_build_info", "The version that runs; always 1", ["version"], registry=registry
        )
        self._version.labels(__version__).set(1)
        self._requests = Counter(
            "passerelle_http_requests",
            "Requests answered, by route (never by address) and status",
            ["method", "route", "status"],
            registry=registry,
        )
        self._reads = Counter(
            "passerelle_series_reads",
            "Reads of a series by what the store had: hit, partial, stale or miss",
            ["cache"],
            registry=registry,
        )
        self._calls = Counter(
            "passerelle_enedis_calls",
            "Calls that left for Enedis, retries and tokens included, by API and HTTP status or timeout, lost, damaged",
            ["api", "status"],
            registry=registry,
        )
        self._waits = Histogram(
            "passerelle_quota_wait_seconds",
            "Seconds that a call to Enedis waited before it might leave",
            ["priority"],
            buckets=WAIT_BUCKETS,
            registry=registry,
        )
        self._up = Gauge(
            "passerelle_up",
            "1 while the part can be used: database, quota; without the quota no call leaves",
            ["part"],
            registry=registry,
        )
        self._left = Gauge(
            "passerelle_quota_left", "Calls left in the clock hour, for all processes", ["bucket"], registry=registry
        )
        self._allowance = Gauge("passerelle_quota_allowance", "Calls allowed in an hour", ["bucket"], registry=registry)
        self._held = Gauge(
            "passerelle_quota_held",
            "1 while Enedis told us to wait before the next call",
            ["bucket"],
            registry=registry,
        )
        self._consents = Gauge("passerelle_consents", "Consents by where they stand", ["state"], registry=registry)
        self._generations = Gauge(
            "passerelle_enedis_generation",
            "The generation of the Enedis API in use, by API (of v5 if that alone is spoken, else of 2026); always 1",
            ["api", "generation"],
            registry=registry,
        )
        self._links = Gauge(
            "passerelle_usage_point_links",
            "Links of accounts to usage points by where they stand; a renewed one counts again",
            ["state"],
            registry=registry,
        )
        self._answered: defaultdict[tuple[str, str, int], int] = defaultdict(int)
        self._read: defaultdict[str, int] = defaultdict(int)

    def answered(self, method: str, route: str, status: int) -> None:
        """A request was answered; status 0: the caller left before."""
        known = method if method in _METHODS else "other"  # anybody may send any word
        self._answered[known, route, status] += 1

    def read(self, cache: str) -> None:
        """A series was read."""
        self._read[cache] += 1

    def called(self, api: str, outcome: str) -> None:
        """A call left, and this came of it."""
        self._calls.labels(api, outcome).inc()

    def waited(self, priority: str, seconds: float) -> None:
        """A call was let go after so many seconds."""
        self._waits.labels(priority).observe(seconds)

    def text(self, levels: Levels) -> bytes:
        """Everything, in the text format of Prometheus. What `levels` does not hold is absent, not zero."""
        self._settle()
        for gauge in (self._left, self._allowance, self._held, self._consents, self._links, self._generations):
            gauge.clear()
        for part, works in levels.up.items():
            self._up.labels(part).set(works)
        for bucket, quota in levels.quota.items():
            self._left.labels(bucket).set(quota.left)
            self._allowance.labels(bucket).set(quota.allowance)
            self._held.labels(bucket).set(quota.held)
        for api, generation in levels.generations.items():
            self._generations.labels(api, generation).set(1)
        for gauge, counts in ((self._consents, levels.consents), (self._links, levels.links)):
            for state, count in counts.items():
                gauge.labels(state).set(count)
        return generate_latest(self._registry)

    def _settle(self) -> None:
        """Hand over what was counted since somebody looked: a counter's lock and checks take longer than counting."""
        for (method, route, status), count in self._answered.items():
            self._requests.labels(method, route, str(status)).inc(count)
        for cache, count in self._read.items():
            self._reads.labels(cache).inc(count)
        self._answered.clear()
        self._read.clear()
