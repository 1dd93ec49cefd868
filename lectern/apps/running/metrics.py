"""Counts of what happens to runs, as Prometheus reads them. `prometheus_client` is imported with the first run."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from ..runs import Run, RunStatus
from .engine import Measure

if TYPE_CHECKING:
    from prometheus_client import Metric

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SECONDS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800)


class _Meters:
    def __init__(self) -> None:
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

        self.registry = registry = CollectorRegistry()
        self.submitted = Counter("lectern_runs_submitted", "Runs that were queued", ["app"], registry=registry)
        self.ended = Counter("lectern_runs_ended", "Runs that ended", ["app", "status", "error"], registry=registry)
        self.queue = Histogram(
            "lectern_run_queue_seconds", "From submit to start", ["app"], buckets=SECONDS, registry=registry
        )
        self.execution = Histogram(
            "lectern_run_seconds", "ComfyUI's own time", ["app"], buckets=SECONDS, registry=registry
        )
        self.refused = Counter("lectern_requests_refused", "Submits that were not queued", ["code"], registry=registry)
        self.active = Gauge("lectern_runs_active", "Runs that have not ended", ["status"], registry=registry)
        self.streams = Gauge("lectern_event_streams", "Listeners of runs that have not ended", registry=registry)
        self.ready = Gauge("lectern_ready", "1 when runs can be executed", registry=registry)


class Metrics:
    """Cheap until something is counted."""

    @cached_property
    def _meters(self) -> _Meters:
        return _Meters()

    def submitted(self, run: Run) -> None:
        self._meters.submitted.labels(run.app).inc()

    def refused(self, code: str) -> None:
        self._meters.refused.labels(code).inc()

    def started(self, run: Run) -> None:
        if run.started_ms is not None and run.attempt == 1 and run.takes_done == 0:
            self._meters.queue.labels(run.app).observe(max(0, run.started_ms - run.created_ms) / 1000)

    def ended(self, run: Run) -> None:
        code = "" if run.error is None else run.error.code
        self._meters.ended.labels(run.app, str(run.status), code).inc()
        if run.execution_ms is not None:
            self._meters.execution.labels(run.app).observe(run.execution_ms / 1000)

    def render(
        self, active: Mapping[RunStatus, int], streams: int, ready: bool, measures: Sequence[Measure] = ()
    ) -> bytes:
        """The exposition format, version 0.0.4.

        Args:
            measures: of the engine.
        """
        from prometheus_client import generate_latest

        for status in (RunStatus.QUEUED, RunStatus.RUNNING, RunStatus.CANCELING):
            self._meters.active.labels(str(status)).set(active.get(status, 0))
        self._meters.streams.set(streams)
        self._meters.ready.set(ready)
        return generate_latest(self._meters.registry) + generate_latest(_Measured(measures))  # type: ignore[arg-type]


class _Measured:
    """What was measured a moment ago, as a registry."""

    def __init__(self, measures: Sequence[Measure]) -> None:
        self._measures = measures

    def collect(self) -> "Iterator[Metric]":
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        families: dict[str, Metric] = {}
        for measure in self._measures:
            kind = CounterMetricFamily if measure.counter else GaugeMetricFamily
            made = families.setdefault(measure.name, kind(measure.name, measure.about, labels=list(measure.labels)))
            made.add_metric(list(measure.labels.values()), measure.value)  # type: ignore[attr-defined]
        yield from families.values()
