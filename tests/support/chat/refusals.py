"""What servers refuse, each in its own words."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from support.chat.server import ChatServer

# Those that `transformers serve` knows; it answers any other with 422.
_TRANSFORMERS = frozenset(
    (
        "messages", "model", "stream", "stream_options", "temperature", "top_p", "max_tokens", "max_completion_tokens",
        "seed", "stop", "response_format", "chat_template_kwargs", "generation_config", "reasoning_effort", "logprobs",
        "n", "tools", "tool_choice", "frequency_penalty", "presence_penalty", "logit_bias", "user",
    )
)  # fmt: skip


class Refusal(NamedTuple):
    status: int
    body: Any


def openai(message: str, status: int = 400, param: str | None = None, code: str | None = None) -> Refusal:
    error = {"message": message, "type": "invalid_request_error", "param": param, "code": code}
    return Refusal(status, {"error": error})


def refusal(server: "ChatServer", headers: Mapping[str, str], body: Mapping[str, Any]) -> Refusal | None:
    """Of a request as the server is set up; None: it is answered."""
    if server.key and headers.get("authorization") != f"Bearer {server.key}":
        sent = headers.get("authorization", "").removeprefix("Bearer ")
        return openai(f"Incorrect API key provided: {sent}.", 401, code="invalid_api_key")
    if server.models and body.get("model") not in server.models:
        return openai(f"The model `{body.get('model')}` does not exist", 404, code="model_not_found")
    return _field(server, body) or _shape(server, body)


def _field(server: "ChatServer", body: Mapping[str, Any]) -> Refusal | None:
    if server.kind == "transformers" and (unknown := body.keys() - _TRANSFORMERS):
        return Refusal(422, {"detail": f"Unexpected fields in the request: {unknown}"})
    if server.newer_names and "max_tokens" in body:
        return openai(
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens'"
            " instead.",
            param="max_tokens",
            code="unsupported_parameter",
        )
    refused = [name for name in server.refuses if name in body]
    if not refused:
        return None
    if server.words == "fastapi":
        place = ["body", refused[0]]
        return Refusal(422, {"detail": [{"loc": place, "msg": "Extra inputs are not permitted", "input": dict(body)}]})
    if server.words == "plain":
        return Refusal(server.refused_status, {"error": f'json: unknown field "{refused[0]}"'})
    return openai(f"Unrecognized request argument supplied: {refused[0]}", server.refused_status, refused[0])


def _shape(server: "ChatServer", body: Mapping[str, Any]) -> Refusal | None:
    kind = (body.get("response_format") or {}).get("type", "")
    if kind == "json_schema" and server.schema in ("refused", "unnamed"):
        named = server.schema == "refused"
        return openai(
            "Invalid parameter: 'response_format' of type 'json_schema' is not supported." if named else "Bad"
        )
    if kind == "json_object" and not server.json_object:
        return openai("This response_format is unavailable now")
    return None
