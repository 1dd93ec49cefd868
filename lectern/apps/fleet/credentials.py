"""Where NATS is, and who we are there: `[fleet]` of the settings, and the environment, which wins."""

import os
from collections.abc import Mapping
from pathlib import Path

from ...access import secret
from ...errors import SettingsError
from ...fleets import Fleet, checked_address, split_addresses
from .link import Access

URL = "LECTERN_NATS_URL"
USER = "LECTERN_NATS_USER"
PASSWORD = "LECTERN_NATS_PASSWORD"
TOKEN = "LECTERN_NATS_TOKEN"
CREDS = "LECTERN_NATS_CREDS"


def addresses(fleet: Fleet, environment: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """Empty when there is no fleet. Raises SettingsError."""
    named = environment.get(URL, "")
    if not named:
        return tuple(fleet.nats)
    try:
        return tuple(checked_address(piece) for piece in split_addresses(named))  # type: ignore[attr-defined]
    except ValueError as error:
        raise SettingsError(f"The environment variable {URL} cannot be used: {error}.") from None


def access(fleet: Fleet, environment: Mapping[str, str] = os.environ) -> Access:
    """Raises SettingsError, when a secret is not where the settings say."""
    servers = addresses(fleet, environment)
    creds = environment.get(CREDS) or fleet.creds_file
    common = {"servers": servers, "ca": fleet.ca_file, "creds": Path(creds) if creds else None}
    if creds:
        return Access(**common)
    token = environment.get(TOKEN) or secret(fleet.token_env, fleet.token_file, "token")
    if token:
        return Access(**common, token=token)
    user = environment.get(USER) or fleet.user
    password = environment.get(PASSWORD) or secret(fleet.password_env, fleet.password_file, "password")
    return Access(**common, user=user, password=password)


def store_url(fleet: Fleet, environment: Mapping[str, str] = os.environ) -> str:
    """PostgreSQL's; empty for the file in Lectern's folder."""
    return environment.get(fleet.store_env, "")
