"""What ComfyUI's answers mean for a run: refused, partly refused, done, failed, interrupted.

Pure readers of `/prompt` answers and `/history` entries. Foreign nodes write parts of both, so shapes are checked.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

from ..graph import Graph, node_title
from ..runs import RunError, RunStatus
from .messages import encodable

MESSAGE_LENGTH = 500  # characters of an error's text that are kept

INTERRUPTED = RunError("canceled", "The run was interrupted in ComfyUI.")
DEQUEUED = RunError("canceled", "The run was removed from ComfyUI's queue.")


class Verdict(NamedTuple):
    """How ComfyUI ended a prompt."""

    status: RunStatus
    error: RunError | None = None
    entry: Mapping[str, Any] | None = None  # the history entry, where there is one
    cached_nodes: int | None = None
    execution_ms: int | None = None


def refusal(answer: Mapping[str, Any], graph: Graph, wanted: Collection[str]) -> Verdict | None:
    """The verdict on a 200 answer of `/prompt` that leaves out outputs the app promises, else None."""
    lost = [node_id for node_id, node in _node_errors(answer).items() if _concerns(node_id, node, wanted)]
    if not lost:
        return None
    return Verdict(RunStatus.FAILED, invalid_workflow(answer, graph))


def invalid_workflow(answer: Mapping[str, Any], graph: Graph) -> RunError:
    """One sentence from ComfyUI's validation answer: node, input and its own words."""
    mistakes = list(_mistakes(answer, graph))
    if not mistakes:
        error = answer.get("error")
        error = error if isinstance(error, dict) else {"message": error}
        extra = error.get("extra_info")
        extra = extra if isinstance(extra, dict) else {}
        text = _cut(str(error.get("message") or "ComfyUI refused the workflow without saying why"))
        code = "missing_model" if error.get("type") == "missing_node_type" else "invalid_workflow"
        node_id = _text(extra.get("node_id"))
        title = node_title(graph, node_id) if node_id else None
        return RunError(code, text, node_id, _text(extra.get("class_type")), title)
    first = mistakes[0]
    more = f" ({len(mistakes) - 1} more in the workflow)" if len(mistakes) > 1 else ""
    return first._replace(message=f"{first.message}{more}")


def _mistakes(answer: Mapping[str, Any], graph: Graph) -> Iterator[RunError]:
    for node_id, node in _node_errors(answer).items():
        class_type = _text(node.get("class_type"))
        errors = node.get("errors")
        for error in errors if isinstance(errors, list) else ():
            if not isinstance(error, dict):
                continue
            extra = error.get("extra_info")
            name = extra.get("input_name") if isinstance(extra, dict) else None
            title = node_title(graph, node_id)
            place = f'Node "{title}"' + (f', input "{name}"' if name else "")
            details = f" ({error.get('details')})" if error.get("details") not in (None, "", name) else ""
            message = _cut(f"{place}: {error.get('message')}{details}.")
            yield RunError("invalid_workflow", message, node_id, class_type, title)


def _node_errors(answer: Mapping[str, Any]) -> dict[str, Any]:
    errors = answer.get("node_errors")
    found = errors.items() if isinstance(errors, dict) else ()
    return {node_id: node for node_id, node in found if isinstance(node, dict)}


def _concerns(node_id: str, node: Mapping[str, Any], wanted: Collection[str]) -> bool:
    dependent = node.get("dependent_outputs")
    return node_id in wanted or (isinstance(dependent, list) and any(output in dependent for output in wanted))


def read_history(entry: Mapping[str, Any], graph: Graph) -> Verdict:
    """The verdict of a history entry. Its messages count before its `status_str`.

    ComfyUI's `status_str` stays at an older prompt's value when staging a node fails (execution.py, execute_async).
    """
    status = entry.get("status")
    status = status if isinstance(status, dict) else {}
    events = dict(_events(status))
    cached = events.get("execution_cached", {}).get("nodes")
    facts = {"cached_nodes": len(cached) if isinstance(cached, list) else None, "execution_ms": _duration(events)}
    if "execution_interrupted" in events:
        return Verdict(RunStatus.CANCELED, INTERRUPTED, entry, **facts)
    if "execution_error" in events:
        return Verdict(RunStatus.FAILED, execution_error(events["execution_error"], graph), entry, **facts)
    if status.get("status_str") == "error":
        error = RunError("node_execution_error", "ComfyUI reports that the run failed, without naming a node.")
        return Verdict(RunStatus.FAILED, error, entry, **facts)
    return Verdict(RunStatus.SUCCEEDED, None, entry, **facts)


def _events(status: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    messages = status.get("messages")
    for message in messages if isinstance(messages, list) else ():
        if isinstance(message, list) and len(message) == 2 and isinstance(message[1], dict):
            yield str(message[0]), message[1]


def execution_error(event: Mapping[str, Any], graph: Graph) -> RunError:
    """An exception in a node; running out of memory is told apart, because a caller can do something about it."""
    node_id, class_type = _text(event.get("node_id")), _text(event.get("node_type"))
    said = str(event.get("exception_message") or event.get("exception_type") or "unknown error")
    title = node_title(graph, node_id) if node_id else "unknown"
    if _out_of_memory(str(event.get("exception_type")), said):
        message = f'Node "{title}" ran out of memory; ask for a smaller size or fewer pictures.'
        return RunError("out_of_memory", message, node_id, class_type, title)
    message = _cut(f'Node "{title}" failed: {said.strip()}')
    return RunError("node_execution_error", message, node_id, class_type, title)


def _out_of_memory(kind: str, said: str) -> bool:
    """By torch's exception name, and by the hint that ComfyUI adds to the message (execution.py, is_oom)."""
    return "OutOfMemory" in kind or kind == "MemoryError" or "This error means you ran out of memory" in said


def _duration(events: Mapping[str, Mapping[str, Any]]) -> int | None:
    """From start to end by ComfyUI's own clock, milliseconds."""
    start = events.get("execution_start", {}).get("timestamp")
    ends = ("execution_success", "execution_error", "execution_interrupted")
    end = next((events[name].get("timestamp") for name in ends if name in events), None)
    return end - start if isinstance(start, int) and isinstance(end, int) and end >= start else None


def _cut(text: str) -> str:
    text = encodable(text)
    return text if len(text) <= MESSAGE_LENGTH else f"{text[: MESSAGE_LENGTH - 1]}…"


def _text(value: object) -> str | None:
    return encodable(value) if isinstance(value, str) else None
