"""Whether memory ran out is told on machines that have no torch, as gateways have none."""

import sys

import pytest

from lectern.outofmemory import ran_out


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (MemoryError(), True),
        (RuntimeError("CUDA error: out of memory"), True),
        (RuntimeError("a damaged file"), False),
        (ZeroDivisionError(), False),
    ],
)
def test_without_torch(error, told, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)  # importing it would raise
    assert ran_out(error) is told
