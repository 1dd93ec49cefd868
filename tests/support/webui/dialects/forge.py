"""Forge (2025-06), recorded: pydantic 2, its own error bodies, modules in place of VAEs, and the hires trap."""

from typing import Any

from support.webui import schema
from support.webui.data import load
from support.webui.dialects.a1111 import A1111
from support.webui.errors import BadJson, Crash, Problem
from support.webui.plan import Plan
from support.webui.state import State


class Forge(A1111):
    name = "forge"
    version = "f2.0.1v1.10.1-1.10.1"
    routes = (A1111.routes - {"GET sd-vae", "GET /controlnet/version"}) | {"GET sd-modules"}
    absent_fields = frozenset()
    pydantic1 = False

    def own(self, route: str, fields: dict[str, schema.Field]) -> dict[str, schema.Field]:
        return fields

    def lists(self) -> dict[str, Any]:
        lists = load("forge") | {"script-info": load("extensions")["script-info"]}
        del lists["sd-vae"]
        return lists

    def plan(self, state: State, route: str, body: dict[str, Any]) -> Plan:
        if body.get("enable_hr") and body["hr_additional_modules"] is None:
            raise Crash("TypeError", "argument of type 'NoneType' is not iterable")
        return super().plan(state, route, body)

    def paste(self, body: dict[str, Any]) -> None:
        raise Crash("TypeError", "isinstance() argument 2 cannot be a parameterized generic")

    def refused(self, status: int, detail: str) -> dict[str, Any]:
        return {"detail": detail}

    def crashed(self, error: Crash) -> Any:
        return {"error": error.kind, "detail": "", "body": "", "message": error.message}

    def problem(self, problem: Problem) -> dict[str, Any]:
        """pydantic 2's words."""
        loc = ["body", problem.field] if problem.field else ["body"]
        url = f"https://errors.pydantic.dev/2.8/v/{problem.type}"
        content = {"type": problem.type, "loc": [*loc, *problem.more], "msg": problem.msg}
        return content | {"input": problem.value, "url": url}

    def bad_json(self, error: BadJson) -> dict[str, Any]:
        return {
            "type": "json_invalid",
            "loc": ["body", error.position],
            "msg": "JSON decode error",
            "input": {},
            "ctx": {"error": error.message},
        }
