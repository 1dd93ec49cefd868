"""The verbs about secrets: keys, webhook-secret. Offline they work on Lectern's own files, with ComfyUI's Python."""

import argparse
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ..errors import AppError, SettingsError
from .client import V1
from .console import note, tell, tell_json, tell_table
from .errors import SUCCEEDED, NotSucceeded, WrongUse
from .verbs import Verbs, client_of, server

PRIVATE = "__lectern"  # as ComfyUI calls the folder
OFFLINE = f"Lectern's folder, ComfyUI's user/{PRIVATE}, on this machine; needs no key"


def add_to(verbs: Verbs) -> None:
    keys = verbs.add("keys", list_keys, "list, create and revoke API keys", online=False)
    actions = keys.add_subparsers(metavar="list|create|revoke", required=True, dest="action")
    common = argparse.ArgumentParser(add_help=False)
    server(common)
    common.add_argument("--offline", metavar="FOLDER", help=OFFLINE)
    listed = actions.add_parser("list", parents=[common], help="all keys, without their secrets")
    listed.set_defaults(handler=list_keys)
    verbs.json(listed)
    create = actions.add_parser("create", parents=[common], help="make a key; it is shown this once")
    create.set_defaults(handler=create_key)
    create.add_argument("name", help="what it is for")
    create.add_argument("--scope", action="append", choices=("run", "publish", "admin"), help="default: run")
    create.add_argument("--app", action="append", metavar="SLUG", help="only for these apps")
    create.add_argument("--rate", type=int, metavar="N", help="requests a minute")
    create.add_argument("--concurrent", type=int, metavar="N", help="runs that wait or execute at once")
    revoke = actions.add_parser("revoke", parents=[common], help="end a key for good")
    revoke.set_defaults(handler=revoke_key)
    revoke.add_argument("id", help="from `keys list`")
    about = "show the secret that webhooks are signed with"
    secret = verbs.add("webhook-secret", show_webhook_secret, about, online=False)
    secret.add_argument("--offline", metavar="FOLDER", required=True, help=OFFLINE)


def list_keys(asked: argparse.Namespace) -> int:
    keys = _offline_keys(asked.offline) if asked.offline else client_of(asked).get(f"{V1}/keys")["keys"]
    if asked.json:
        tell_json(keys)
    elif keys:
        tell_table([(key["id"], ",".join(key["scopes"]), key["name"], _state(key)) for key in keys])
    else:
        note("There is no key yet.")
    return SUCCEEDED


def _state(key: Mapping[str, Any]) -> str:
    if key["revoked_at"]:
        return f"revoked {key['revoked_at']}"
    return f"last used {key['last_used_at']}" if key["last_used_at"] else "never used"


def create_key(asked: argparse.Namespace) -> int:
    limits = {"apps": asked.app, "rate_per_minute": asked.rate, "concurrent": asked.concurrent}
    wanted = {"name": asked.name, "scopes": asked.scope or ["run"]}
    wanted |= {name: value for name, value in limits.items() if value is not None}
    if asked.offline:
        text = _create_offline(asked.offline, wanted)
    else:
        text = client_of(asked).json("POST", f"{V1}/keys", wanted)["key"]
    note("This key is shown once; keep it where others cannot read it.")
    tell(text)
    return SUCCEEDED


def revoke_key(asked: argparse.Namespace) -> int:
    if asked.offline:
        _revoke_offline(asked.offline, asked.id)
    else:
        client_of(asked).json("DELETE", f"{V1}/keys/{quote(asked.id, safe='')}")
    note(f"The key {asked.id} is revoked.")
    return SUCCEEDED


def show_webhook_secret(asked: argparse.Namespace) -> int:
    folder = private_folder(asked.offline)
    with _with_packages():
        from ..apps.webhooks.signing import read_secret
        from ..settings import SettingsFile

        tell(read_secret(SettingsFile(folder).read().apps, folder))
    return SUCCEEDED


def private_folder(name: str) -> Path:
    """Raises WrongUse: a wrong folder would get files that nothing ever reads."""
    folder = Path(name).absolute()
    if folder.name != PRIVATE or not folder.parent.is_dir():
        raise WrongUse(f"--offline must name the folder {PRIVATE} in ComfyUI's user folder; got {name}.")
    return folder


@contextmanager
def _with_packages() -> Iterator[None]:
    """Raises WrongUse, NotSucceeded."""
    try:
        yield
    except ImportError as error:
        raise WrongUse(f"--offline needs ComfyUI's own Python, which has {error.name}; run it with that.") from None
    except (AppError, SettingsError) as error:
        raise NotSucceeded(str(error)) from None


def _offline_keys(folder: str) -> list[dict[str, Any]]:
    with _with_packages():
        from ..apps.access.offline import key_store_offline
        from ..apps.surface.keys import key_view

        with key_store_offline(private_folder(folder)) as store:
            return [key_view(key) for key in store.all()]


def _create_offline(folder: str, wanted: Mapping[str, Any]) -> str:
    with _with_packages():
        from ..apps.access.offline import create_key_offline
        from ..apps.surface.keys import parse_key

        return create_key_offline(private_folder(folder), parse_key(dict(wanted))).text


def _revoke_offline(folder: str, key_id: str) -> None:
    with _with_packages():
        from ..apps.access.keyring import now_ms
        from ..apps.access.offline import key_store_offline

        with key_store_offline(private_folder(folder)) as store:
            if not store.revoke(key_id, now_ms()):
                raise NotSucceeded(f"There is no key {key_id}; `keys list --offline` lists them.")
