"""Signing in and out, and the addresses that make, list and revoke keys."""

import os
import re
import stat

import pytest

from lectern.apps.access.sessions import SECONDS, Sessions
from lectern.apps.callers import Scope
from lectern.settings import Apps
from unit.apps.access_house import ELSEWHERE, bearer

HOUSEHOLD = {"signed_in": True, "name": "this machine", "scopes": ["run", "publish", "admin"]}
KEY = {"name": "n8n", "scopes": ["run"]}


async def error(answer) -> tuple[int, str]:
    return answer.status, (await answer.json())["error"]["code"]


async def test_signing_in_sets_a_cookie_that_no_script_and_no_other_site_has(house):
    key = await house.key(Scope.PUBLISH)
    answer = await house.ask("POST", "/session", json={"key": f" {key.text}\n"})
    assert answer.status == 200
    assert await answer.json() == {
        "access": "keys",
        "signed_in": True,
        "name": "robot",
        "scopes": ["run", "publish"],
    }
    cookie = answer.cookies["lectern_session"]
    flags = (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["max-age"], cookie["secure"])
    assert flags == (True, "Strict", "/", str(SECONDS), "")
    assert key.text not in answer.headers["Set-Cookie"] and answer.headers["Cache-Control"] == "no-store"


async def test_by_https_the_cookie_keeps_to_https(house):
    key = await house.key()
    answer = await house.ask("POST", "/session", {"X-Forwarded-Proto": "https"}, json={"key": key.text})
    assert answer.cookies["lectern_session"]["secure"] is True


async def test_signing_out_takes_the_cookie_away(house):
    cookie = await house.cookie(await house.key())
    answer = await house.ask("DELETE", "/session", cookie)
    taken = answer.cookies["lectern_session"]
    assert (answer.status, taken.value, taken["max-age"]) == (204, "", "0")
    assert await house.status("DELETE", "/session") == 204


async def signed_in(house, cookie) -> bool:
    answer = await house.ask("GET", "/session", cookie)
    assert answer.status == 200
    return (await answer.json())["signed_in"]


async def test_a_session_ends_after_its_time(house):
    cookie = await house.cookie(await house.key())
    house.now += SECONDS - 1
    assert await signed_in(house, cookie)
    house.now += 1
    assert not await signed_in(house, cookie)
    assert await error(await house.ask("GET", "/of/run", cookie)) == (401, "unauthorized")


async def test_a_session_ends_with_its_key(house):
    key = await house.key()
    cookie = await house.cookie(key)
    await house.gate.keys.revoke(key.key.id)
    assert not await signed_in(house, cookie)


async def test_a_session_outlives_the_server(house):
    cookie = await house.cookie(await house.key())
    await house.stop()
    await house.start()
    assert await signed_in(house, cookie)


@pytest.mark.parametrize("change", [
    lambda value: value.replace(".1", ".2", 1),
    lambda value: "a" * 8 + value[8:],
    lambda value: value[:-1] + ("A" if value[-1] != "A" else "E"),
    lambda value: value + "x",
    lambda value: value.rpartition(".")[0],
    lambda value: "",
])  # fmt: skip
async def test_a_changed_cookie_is_none(house, change):
    value = (await house.cookie(await house.key()))["Cookie"].partition("=")[2]
    changed = change(value)
    assert changed != value
    assert not await signed_in(house, {"Cookie": f"lectern_session={changed}"})


async def test_the_secret_is_made_once_and_for_its_owner_only(tmp_path):
    first, second = Sessions(tmp_path / "new"), Sessions(tmp_path / "new")
    await first.prepare()
    await second.prepare()
    assert second.read(first.open("abcdefgh", 5), 6) == "abcdefgh"
    file = tmp_path / "new" / "session_secret"
    assert [name.name for name in file.parent.iterdir()] == ["session_secret"]
    if os.name == "posix":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


async def test_a_secret_that_was_cut_off_is_made_anew(tmp_path):
    (tmp_path / "session_secret").write_bytes(b"short")
    sessions = Sessions(tmp_path)
    await sessions.prepare()
    assert len((tmp_path / "session_secret").read_bytes()) == 32


async def test_without_a_place_for_the_secret_the_answer_says_so(house):
    key = await house.key()
    (house.private / "session_secret").mkdir()
    answer = await house.ask("POST", "/session", json={"key": key.text})
    assert await error(answer) == (503, "not_ready")
    assert await house.status("GET", "/of/run", bearer(key)) == 200


@pytest.mark.parametrize(
    ("access", "headers", "view"),
    [
        ("keys", {}, {"access": "keys", "signed_in": False, "name": "", "scopes": []}),
        ("loopback", ELSEWHERE, {"access": "loopback", "signed_in": False, "name": "", "scopes": []}),
        *(
            (
                access,
                {},
                {"access": access, "signed_in": True, "name": "this machine", "scopes": ["run", "publish", "admin"]},
            )
            for access in ("loopback", "open")
        ),
    ],
)
async def test_who_one_is(house, access, headers, view):
    house.apps = Apps(access=access)
    answer = await house.ask("GET", "/session", headers)
    assert (answer.status, await answer.json()) == (200, view)


async def test_a_bearer_key_is_known_to_the_session_too(house):
    key = await house.key()
    assert (await (await house.ask("GET", "/session", bearer(key))).json())["name"] == "robot"
    assert not await signed_in(house, bearer(f"lct_abcdefgh_{'x' * 43}"))


@pytest.mark.parametrize(
    ("access", "headers", "status"), [("loopback", {}, 200), ("open", ELSEWHERE, 200), ("loopback", ELSEWHERE, 403)]
)
async def test_without_keys_there_is_nothing_to_sign_in_to(house, access, headers, status):
    house.apps = Apps(access=access)
    answer = await house.ask("POST", "/session", headers, json={"key": "lct_x"})
    assert answer.status == status and not answer.cookies


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"json": {"key": 5}}, 400),
        ({"json": {}}, 400),
        ({"json": []}, 400),
        ({"json": {"key": "x", "user": "y"}}, 400),
        ({"json": {"key": "lct_x"}}, 401),
        ({"json": {"key": "x" * 2000}}, 413),
        ({"data": b'{"key": "x"}'}, 415),
        ({"data": {"key": "x"}}, 415),
    ],
)
async def test_what_is_no_login(house, body, status):
    answer = await house.ask("POST", "/session", **body)
    assert answer.status == status and not answer.cookies


async def test_a_key_is_made_shown_once_listed_used_and_revoked(house):
    house.apps = Apps()
    asked = {**KEY, "apps": ["b", "a"], "rate_per_minute": 9, "concurrent": 2}
    answer = await house.ask("POST", "/keys", json=asked)
    made = await answer.json()
    text = made.pop("key")
    assert (answer.status, answer.headers["Cache-Control"]) == (201, "no-store")
    assert re.fullmatch("2025-06-15T15:06:40.000Z", made["created_at"])
    assert made == {
        **asked,
        "id": text[4:12],
        "prefix": text[:12],
        "apps": ["a", "b"],
        "created_at": made["created_at"],
        "last_used_at": None,
        "revoked_at": None,
    }
    listing = await house.ask("GET", "/keys")
    assert await listing.json() == {"keys": [made]} and text not in await listing.text()
    house.apps = Apps(access="keys")
    assert await house.status("GET", "/of/run", bearer(text)) == 200
    house.apps = Apps()
    assert await house.status("DELETE", f"/keys/{made['id']}") == 204
    assert await house.status("DELETE", f"/keys/{made['id']}") == 204
    (row,) = (await (await house.ask("GET", "/keys")).json())["keys"]
    assert row["revoked_at"] == row["last_used_at"] == made["created_at"]
    house.apps = Apps(access="keys")
    assert await error(await house.ask("GET", "/of/run", bearer(text))) == (401, "unauthorized")


async def test_null_is_no_limit(house):
    house.apps = Apps()
    answer = await house.ask("POST", "/keys", json={**KEY, "apps": None, "rate_per_minute": None, "concurrent": None})
    made = await answer.json()
    assert (answer.status, made["apps"], made["rate_per_minute"], made["concurrent"]) == (201, None, None, None)


@pytest.mark.parametrize("key_id", ["abcdefgh", "x" * 3000, "%00", "..%2f"])
async def test_no_such_key(house, key_id):
    house.apps = Apps()
    assert await error(await house.ask("DELETE", f"/keys/{key_id}")) == (404, "key_not_found")


@pytest.mark.parametrize(("scope", "status"), [(Scope.RUN, 403), (Scope.PUBLISH, 403), (Scope.ADMIN, 200)])
async def test_keys_are_for_administrators(house, scope, status):
    key = await house.key(scope)
    assert await house.status("GET", "/keys", bearer(key)) == status
    assert await house.status("POST", "/keys", bearer(key), json=KEY) == (201 if status == 200 else 403)
    assert await house.status("DELETE", f"/keys/{key.key.id}", bearer(key)) == (204 if status == 200 else 403)


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"name": None}, ["name"]),
        ({"name": "  "}, ["name"]),
        ({"name": "x" * 101}, ["name"]),
        ({"name": "a\nb"}, ["name"]),
        ({"scopes": []}, ["scopes"]),
        ({"scopes": "run"}, ["scopes"]),
        ({"scopes": ["run", "guest"]}, ["scopes"]),
        ({"scopes": [["run"]]}, ["scopes"]),
        ({"apps": []}, ["apps"]),
        ({"apps": "x"}, ["apps"]),
        ({"apps": ["../x"]}, ["apps"]),
        ({"apps": [5]}, ["apps"]),
        ({"apps": ["x"], "scopes": ["admin"]}, ["apps"]),
        ({"rate_per_minute": 0}, ["rate_per_minute"]),
        ({"rate_per_minute": True, "concurrent": 1.5}, ["rate_per_minute", "concurrent"]),
        ({"concurrent": 10**9}, ["concurrent"]),
        ({"note": "x"}, ["note"]),
    ],
)
async def test_every_mistake_in_a_key_is_told(house, change, wrong):
    house.apps = Apps()
    answer = await house.ask("POST", "/keys", json={**KEY, **change})
    body = (await answer.json())["error"]
    assert (answer.status, body["code"]) == (422, "invalid_input")
    assert [problem["input"] for problem in body["details"]] == wrong


async def test_a_key_that_is_no_object(house):
    house.apps = Apps()
    assert await error(await house.ask("POST", "/keys", json=["x"])) == (400, "bad_request")
