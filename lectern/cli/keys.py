"""The verbs about secrets: keys, webhook-secret. Offline they work on Lectern's own files, with ComfyUI's Python."""

import argparse
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from ..errors import AppError, SettingsError
from .client import V1
from .console import note, tell, tell_json, tell_table
from .errors import SUCCEEDED, NotSucceeded, WrongUse
from .verbs import Verbs, client_of, server

if TYPE_CHECKING:
    from sqlalchemy import Engine

PRIVATE = "__lectern"  # as ComfyUI calls the folder
STORE = "the variable that holds the URL of a fleet's PostgreSQL store; needs no key"
OFFLINE = f"Lectern's folder on this machine: ComfyUI's user/{PRIVATE}, or a gateway's; needs no key"
OWN_FILES = ("lectern.toml", "lectern.db")  # one of them is in every gateway's folder
NO_FOLDER = (
    f"--offline must name Lectern's folder: {PRIVATE} in ComfyUI's user folder, or that of a gateway, which has a"
    " lectern.toml or was started once; got {name}."
)


def add_to(verbs: Verbs) -> None:
    keys = verbs.add("keys", list_keys, "list, create and revoke API keys", online=False)
    actions = keys.add_subparsers(metavar="list|create|revoke", required=True, dest="action")
    common = argparse.ArgumentParser(add_help=False)
    server(common)
    _offline(common)
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
    _offline(secret, required=True)


def _offline(parser: argparse.ArgumentParser, required: bool = False) -> None:
    group = parser.add_mutually_exclusive_group(required=required)
    group.add_argument("--offline", metavar="FOLDER", help=OFFLINE)
    group.add_argument("--store-env", metavar="NAME", help=STORE)


def list_keys(asked: argparse.Namespace) -> int:
    store = _store_of(asked)
    keys = client_of(asked).get(f"{V1}/keys")["keys"] if store is None else _offline_keys(store)
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
    store = _store_of(asked)
    if store is None:
        text = client_of(asked).json("POST", f"{V1}/keys", wanted)["key"]
    else:
        text = _create_offline(store, wanted)
    note("This key is shown once; keep it where others cannot read it.")
    tell(text)
    return SUCCEEDED


def revoke_key(asked: argparse.Namespace) -> int:
    store = _store_of(asked)
    if store is None:
        client_of(asked).json("DELETE", f"{V1}/keys/{quote(asked.id, safe='')}")
    else:
        _revoke_offline(store, asked.id)
    note(f"The key {asked.id} is revoked.")
    return SUCCEEDED


def show_webhook_secret(asked: argparse.Namespace) -> int:
    store = _store_of(asked)
    assert store is not None
    with _with_packages():
        from ..apps.webhooks.signing import read_secret
        from ..settings import SettingsFile

        apps = None if asked.store_env else SettingsFile(store.folder).read().apps
        if apps and (apps.webhook_secret_env or apps.webhook_secret_file or not store.url):
            tell(read_secret(apps, store.folder))
        else:
            tell(_shared_secret(store))
    return SUCCEEDED


def _shared_secret(store: "_Store") -> str:
    from ..apps.store.places import on_server
    from ..apps.webhooks.signing import keep_secret

    def kept(engine: "Engine") -> str:
        from ..apps.store.secrets import SecretStore

        return keep_secret(SecretStore(engine))

    return on_server(store.url, kept)


class _Store(NamedTuple):
    """Where the keys are, when no server is asked."""

    folder: Path
    url: str = ""


def _store_of(asked: argparse.Namespace) -> _Store | None:
    """None: a server is asked. Raises WrongUse."""
    if asked.store_env:
        url = os.environ.get(asked.store_env)
        if not url:
            raise WrongUse(f"The variable {asked.store_env} of --store-env is not set.")
        return _Store(Path(), url)
    return _store_in(private_folder(asked.offline)) if asked.offline else None


def _store_in(folder: Path) -> _Store:
    """What the gateway or ComfyUI of this folder uses: a key in the file would be of no use to one with PostgreSQL."""
    with _with_packages():
        from ..apps.fleet.credentials import store_url
        from ..settings import SettingsFile

        return _Store(folder, store_url(SettingsFile(folder).read().fleet))


def private_folder(name: str) -> Path:
    """Raises WrongUse: a wrong folder would get files that nothing ever reads."""
    folder = Path(name).absolute()
    new = folder.name == PRIVATE and folder.parent.is_dir()
    if not new and not any((folder / own).is_file() for own in OWN_FILES):
        raise WrongUse(NO_FOLDER.format(name=name))
    return folder


@contextmanager
def _with_packages() -> Iterator[None]:
    """Raises WrongUse, NotSucceeded."""
    try:
        yield
    except ImportError as error:
        message = f"Without a server this needs ComfyUI's own Python, which has {error.name}; run it with that."
        raise WrongUse(message) from None
    except (AppError, SettingsError) as error:
        raise NotSucceeded(str(error)) from None


def _offline_keys(store: _Store) -> list[dict[str, Any]]:
    with _with_packages():
        from ..apps.access.offline import with_keys_offline
        from ..apps.surface.keys import key_view

        return [key_view(key) for key in with_keys_offline(store.folder, lambda keys: keys.all(), store.url)]


def _create_offline(store: _Store, wanted: Mapping[str, Any]) -> str:
    with _with_packages():
        from ..apps.access.offline import create_key_offline
        from ..apps.surface.keys import parse_key

        return create_key_offline(store.folder, parse_key(dict(wanted)), store.url).text


def _revoke_offline(store: _Store, key_id: str) -> None:
    with _with_packages():
        from ..apps.access.keyring import now_ms
        from ..apps.access.offline import with_keys_offline

        if not with_keys_offline(store.folder, lambda keys: keys.revoke(key_id, now_ms()), store.url):
            raise NotSucceeded(f"There is no key {key_id}; `keys list` lists them.")
