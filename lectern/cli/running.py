"""The verbs about runs: run, runs, cancel."""

import argparse
import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from .apps import app_path
from .client import V1, Client
from .console import note, tell, tell_json, tell_table
from .documents import read_object
from .downloads import download
from .errors import SUCCEEDED, NotSucceeded, WrongUse
from .following import follow
from .values import number_of, pairs, value_of
from .verbs import Verbs, client_of


def add_to(verbs: Verbs) -> None:
    run = verbs.add("run", run_app, "run an app and wait for what comes out")
    run.add_argument("slug")
    run.add_argument(
        "-i", "--set", metavar="NAME=VALUE", action="append", default=[], help="an input; as often as needed"
    )
    run.add_argument("--input", metavar="FILE", help="the inputs as a JSON object; - for the standard input")
    run.add_argument("-f", "--file", metavar="NAME=PATH", action="append", default=[], help="a file for an input")
    run.add_argument("--seed", help='for every seed that is not set otherwise: a number, or "random"')
    run.add_argument("--n", type=int, help="so many results, with seeds that follow each other")
    run.add_argument("--priority", choices=("interactive", "batch"), help="batch: it may wait for others")
    run.add_argument("--version", type=int, metavar="N", help="another version than the active one")
    run.add_argument("--cancel-after", metavar="TIME", help="such as 90s, 10m or 2h")
    run.add_argument("--metadata", metavar="NAME=TEXT", action="append", default=[], help="kept with the run")
    run.add_argument("--webhook", metavar="URL", help="is told when the run has ended")
    run.add_argument("--wait", action=argparse.BooleanOptionalAction, default=True, help="for the run's end")
    run.add_argument("--out", metavar="DIR", help="where the outputs are saved")
    verbs.json(run)
    runs = verbs.add("runs", list_runs, "list runs, the newest first")
    runs.add_argument("--app", metavar="SLUG")
    runs.add_argument("--status", metavar="A,B", help="such as queued,running")
    runs.add_argument("--limit", type=int, default=20)
    verbs.json(runs)
    cancel = verbs.add("cancel", cancel_run, "cancel a run")
    cancel.add_argument("id")
    verbs.json(cancel)


def run_app(asked: argparse.Namespace) -> int:
    if asked.out is not None and not asked.wait:
        raise WrongUse("--out needs the run's end; leave --no-wait out.")
    client = client_of(asked)
    headers = {} if asked.cancel_after is None else {"Cancel-After": asked.cancel_after}
    run = client.json("POST", f"{app_path(asked.slug)}/runs", submission(asked, client), headers)
    if not asked.wait:
        tell_json(run) if asked.json else tell(run["id"])
        return SUCCEEDED
    run = _followed(client, run)
    if asked.json:
        tell_json(run)
    _check_success(run)
    _hand_over(client, run, asked)
    return SUCCEEDED


def submission(asked: argparse.Namespace, client: Client) -> dict[str, Any]:
    """The body of POST /runs; files are uploaded. Raises WrongUse, Refused, OutOfReach."""
    texts, files = pairs(asked.set, "-i"), pairs(asked.file, "-f")
    twice = texts.keys() & files.keys()
    if twice:
        raise WrongUse(f"{min(twice)} is given by -i and by -f.")
    given = _given(asked.input)
    if texts:
        version = "" if asked.version is None else f"?version={asked.version}"
        schema = client.get(app_path(asked.slug) + version)["inputs"]["properties"]
        given |= {name: value_of(text, schema.get(name, {})) for name, text in texts.items()}
    given |= {name: client.upload(Path(path)) for name, path in files.items()}
    more = {
        "seed": None if asked.seed is None else number_of(asked.seed),
        "n": asked.n,
        "priority": asked.priority,
        "version": asked.version,
        "metadata": pairs(asked.metadata, "--metadata") or None,
        "webhook": asked.webhook,
    }
    return {"input": given, **{key: value for key, value in more.items() if value is not None}}


def _given(source: str | None) -> dict[str, Any]:
    """Raises WrongUse."""
    if source is None:
        return {}
    if source != "-":
        return read_object(source)
    try:
        given = json.load(sys.stdin)
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict):
        raise WrongUse("The standard input must be a JSON object.")
    return given


def _followed(client: Client, run: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        return follow(client, run)
    except KeyboardInterrupt:
        note(f"The run goes on; `cancel {run['id']}` ends it.")
        raise


def _check_success(run: Mapping[str, Any]) -> None:
    """Raises NotSucceeded."""
    if run["status"] == "succeeded":
        return
    error = run.get("error") or {}
    if run["status"] == "canceled" and error.get("code", "canceled") == "canceled":
        raise NotSucceeded("The run was canceled.")
    where = f' in "{error["title"]}" (node {error["node_id"]})' if error.get("node_id") and error.get("title") else ""
    raise NotSucceeded(
        f"The run {run['status']}{where}: {error.get('message', 'no reason is known')} ({error.get('code')})"
    )


def _hand_over(client: Client, run: Mapping[str, Any], asked: argparse.Namespace) -> None:
    """The outputs' files when they are saved, else their addresses, one a line."""
    say = note if asked.json else tell
    if asked.out is not None:
        for file in download(client, run["outputs"], Path(asked.out)):
            say(str(file))
    elif not asked.json:
        for item in run["outputs"]:
            tell(client.url + item["url"])
    milliseconds = run["metrics"]["execution_ms"]
    note("succeeded" if milliseconds is None else f"succeeded in {milliseconds / 1000:.1f} s")


def list_runs(asked: argparse.Namespace) -> int:
    query = {"app": asked.app, "status": asked.status, "limit": asked.limit}
    query = urlencode({key: value for key, value in query.items() if value is not None})
    runs = client_of(asked).get(f"{V1}/runs?{query}")["runs"]
    if asked.json:
        tell_json(runs)
    elif runs:
        tell_table([(run["id"], run["status"], run["created_at"], run["app"], _end_of(run)) for run in runs])
    else:
        note("There is no such run.")
    return SUCCEEDED


def _end_of(run: Mapping[str, Any]) -> str:
    if run["error"]:
        return re.sub(r"\s+", " ", run["error"]["message"])[:100]
    return f"{len(run['outputs'])} outputs" if run["outputs"] else ""


def cancel_run(asked: argparse.Namespace) -> int:
    run = client_of(asked).json("POST", f"{V1}/runs/{quote(asked.id, safe='')}/cancel")
    tell_json(run) if asked.json else tell(run["status"])
    return SUCCEEDED
