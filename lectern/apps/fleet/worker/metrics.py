"""Counts of one worker, as Prometheus reads them."""

from functools import cached_property

from .station import Station


class _Meters:
    def __init__(self) -> None:
        from prometheus_client import CollectorRegistry, Counter, Gauge

        self.registry = registry = CollectorRegistry()
        self.busy = Gauge("lectern_worker_busy", "1 while it has a run", registry=registry)
        self.runs = Counter("lectern_worker_runs", "Runs that ended here", ["status"], registry=registry)
        self.up = Gauge("lectern_worker_comfyui_up", "1 when its ComfyUI answers", registry=registry)
        self.vram = Gauge("lectern_worker_vram_free_bytes", "Free memory of a device", ["device"], registry=registry)
        self.draining = Gauge("lectern_worker_draining", "1 when it takes no new runs", registry=registry)


class WorkerMetrics:
    @cached_property
    def _meters(self) -> _Meters:
        return _Meters()

    def ended(self, status: str) -> None:
        self._meters.runs.labels(status).inc()

    def render(self, busy: bool, draining: bool, station: Station) -> bytes:
        """The exposition format, version 0.0.4."""
        from prometheus_client import generate_latest

        self._meters.busy.set(busy)
        self._meters.draining.set(draining)
        self._meters.up.set(station.up)
        self._meters.vram.clear()
        for device in station.devices:
            self._meters.vram.labels(device.name).set(device.vram_free)
        return generate_latest(self._meters.registry)
