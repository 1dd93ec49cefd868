"""Where NATS is and who we are there: settings, the environment, and mistakes in either."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from lectern.apps.fleet.credentials import access, addresses, store_url
from lectern.errors import SettingsError
from lectern.fleets import Fleet


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("nats://h:4222", ["nats://h:4222"]),
        ("h", ["nats://h:4222"]),
        ("tls://a:1, b:2", ["tls://a:1", "nats://b:2"]),
        (["nats://[::1]:5"], ["nats://[::1]:5"]),
        ("", []),
    ],
)
def test_addresses_are_read_as_people_write_them(written, read):
    assert Fleet(nats=written).nats == read


@pytest.mark.parametrize("wrong", ["http://h:1", "nats://u:secret@h", "nats://h:99999", "nats://h/path", "nats://"])
def test_wrong_addresses_are_refused_without_repeating_a_password(wrong):
    with pytest.raises(ValidationError) as caught:
        Fleet(nats=wrong)
    assert "secret" not in caught.value.errors()[0]["msg"]
    with pytest.raises(SettingsError, match="LECTERN_NATS_URL") as told:
        addresses(Fleet(), {"LECTERN_NATS_URL": wrong})
    assert "secret" not in str(told.value)


def test_the_environment_wins(monkeypatch):
    monkeypatch.setenv("PW", "from-settings")
    fleet = Fleet(nats=["a:1"], user="u", password_env="PW")
    assert access(fleet, {})[:3] == (("nats://a:1",), "u", "from-settings")
    found = access(fleet, {"LECTERN_NATS_URL": "b:2", "LECTERN_NATS_USER": "v", "LECTERN_NATS_PASSWORD": "w"})
    assert found[:3] == (("nats://b:2",), "v", "w")
    assert access(fleet, {"LECTERN_NATS_TOKEN": "t"}).token == "t"
    assert access(fleet, {"LECTERN_NATS_CREDS": "/c"}) == (("nats://a:1",), "", "", "", Path("/c"), None)


def test_a_secret_that_is_not_there_is_told():
    with pytest.raises(SettingsError, match="NOT_SET_HERE"):
        access(Fleet(nats=["a"], user="u", password_env="NOT_SET_HERE"), {})


def test_the_store_is_named_by_a_variable():
    assert store_url(Fleet(), {}) == ""
    assert store_url(Fleet(store_env="DB"), {"DB": "postgresql://h/d"}) == "postgresql://h/d"
