"""Sums of the running servers for Prometheus: what `hosting.stats` shows, and nothing finer."""

from collections.abc import Iterable, Mapping

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

from cwtchd.runtime.hosted import HostedSums

LABEL = "server"
"""The id of `hosting.list`, which says nothing of an onion."""


def page(sums: Mapping[str, HostedSums]) -> bytes:
    """The sums of each server, by its id, in Prometheus' text format."""
    registry = CollectorRegistry()
    registry.register(_Sums(sums))
    return generate_latest(registry)


class _Sums(Collector):
    def __init__(self, sums: Mapping[str, HostedSums]) -> None:
        self._sums = sums

    def collect(self) -> Iterable[Metric]:
        gauges = {
            "messages": ("Messages kept now.", lambda of: of.totals.messages),
            "bytes": ("Bytes of ciphertexts and signatures kept now.", lambda of: of.totals.bytes),
            "connections": ("Connections to the board now.", lambda of: of.connections),
            "synced": ("Connections that have every message.", lambda of: of.synced),
        }
        counters = {
            "posts": ("Messages ever stored.", lambda of: of.totals.posts),
            "replays": ("Replays to their end since the start.", lambda of: of.replays),
            "tokens_signed": ("Tokens signed since the start.", lambda of: of.tokens_signed),
        }
        for name, (about, value) in gauges.items():
            gauge = GaugeMetricFamily(f"cwtchd_server_{name}", about, labels=[LABEL])
            for server, of in self._sums.items():
                gauge.add_metric([server], value(of))  # type: ignore[no-untyped-call]
            yield gauge
        for name, (about, value) in counters.items():
            counter = CounterMetricFamily(f"cwtchd_server_{name}", about, labels=[LABEL])
            for server, of in self._sums.items():
                counter.add_metric([server], value(of))  # type: ignore[no-untyped-call]
            yield counter
