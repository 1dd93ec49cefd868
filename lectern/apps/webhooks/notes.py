"""Which events of a run are sent: put into the same transaction as the change that they tell of."""

from sqlalchemy import Connection

from ..runs import Run
from ..store.deliveries import insert_delivery
from ..surface.views import run_view
from .delivery import new_delivery


def note(connection: Connection, event: str, run: Run, now_ms: int) -> None:
    """`event`: start, output or completed."""
    hook = run.terms.webhook
    if hook is None or event not in hook.events:
        return
    payload = {"type": f"run.{event}", **run_view(run, None, None, run.outputs)}
    insert_delivery(connection, new_delivery(run.id, event, hook.url, payload, now_ms))
