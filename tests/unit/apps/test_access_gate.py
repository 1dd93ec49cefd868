"""The gate: every mode, credential and scope; limits; pages of other sites."""

import asyncio
import base64
from pathlib import Path

import pytest

from lectern.apps.callers import Scope
from lectern.apps.surface import routes
from lectern.errors import SettingsError
from lectern.settings import Apps
from unit.apps.access_house import ELSEWHERE, PAGE, bearer

LISTED = ["https://page.example"]
NOBODY = f"lct_abcdefgh_{'x' * 43}"


def basic(text: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(text.encode()).decode()}


async def error(answer) -> tuple[int, str]:
    return answer.status, (await answer.json())["error"]["code"]


# What each credential gets, by the scope that is asked for, where keys are on.
OK, NO, LACKS = 200, 401, 403
BY_SCOPE = [
    # credential      anyone guest  run    publish admin
    ("nothing",      [OK,    OK,    NO,    NO,     NO]),
    ("run",          [OK,    OK,    OK,    LACKS,  LACKS]),
    ("publish",      [OK,    OK,    OK,    OK,     LACKS]),
    ("admin",        [OK,    OK,    OK,    OK,     OK]),
    ("wrong",        [OK,    NO,    NO,    NO,     NO]),
    ("revoked",      [OK,    NO,    NO,    NO,     NO]),
    ("foreign",      [OK,    OK,    NO,    NO,     NO]),
    ("digest",       [OK,    NO,    NO,    NO,     NO]),
]  # fmt: skip


async def credential(house, name: str, way: str) -> dict[str, str]:
    if name == "nothing":
        return {}
    if name == "foreign":
        return basic("proxy:password") if way != "cookie" else {"Cookie": "lectern_session=x; other=y"}
    if name == "digest":
        return {"Authorization": f"Digest {NOBODY}"}
    if name == "wrong":
        return bearer(NOBODY) if way == "bearer" else basic(f"me:{NOBODY}")
    key = await house.key(Scope(name) if name != "revoked" else Scope.ADMIN)
    headers = {"bearer": bearer(key), "basic": basic(f"anybody:{key.text}")}
    made = headers[way] if way in headers else await house.cookie(key)
    if name == "revoked":
        await house.gate.keys.revoke(key.key.id)
    return made


@pytest.mark.parametrize("way", ["bearer", "basic"])
@pytest.mark.parametrize(("name", "statuses"), BY_SCOPE)
async def test_keys_open_what_their_scopes_say(house, name, statuses, way):
    headers = await credential(house, name, way)
    got = [await house.status("GET", f"/of/{scope}", headers) for scope in Scope]
    assert got == statuses
    assert [await house.status("POST", f"/of/{scope}", headers) for scope in Scope] == statuses


@pytest.mark.parametrize(
    ("name", "statuses"),
    [*BY_SCOPE[1:4], ("revoked", BY_SCOPE[0][1]), ("foreign", BY_SCOPE[0][1])],
)
async def test_a_session_opens_what_its_key_does_and_a_dead_one_is_as_none(house, name, statuses):
    headers = await credential(house, name, "cookie")
    assert [await house.status("GET", f"/of/{scope}", headers) for scope in Scope] == statuses


@pytest.mark.parametrize("access", ["loopback", "open"])
@pytest.mark.parametrize("headers", [{}, bearer("sk-whatever-a-client-insists-on"), basic("a:b")])
async def test_without_keys_this_machine_may_everything(house, access, headers):
    house.apps = Apps(access=access)
    for scope in Scope:
        answer = await house.ask("POST", f"/of/{scope}", headers)
        assert (answer.status, (await answer.json())["owner"]) == (200, "")
    assert not house.storage.exists


@pytest.mark.parametrize(("access", "status"), [("loopback", 403), ("open", 200)])
@pytest.mark.parametrize("headers", [ELSEWHERE, {"Host": "rebound.example"}, {"Via": "1.1 proxy"}])
async def test_whoever_comes_from_elsewhere(house, access, status, headers):
    house.apps = Apps(access=access)
    assert await house.status("GET", "/of/anyone", headers) == 200
    for scope in list(Scope)[1:]:
        answer = await house.ask("GET", f"/of/{scope}", headers)
        assert answer.status == status
        if status == 403:
            body = (await answer.json())["error"]
            assert body["code"] == "not_this_machine" and 'access = "keys"' in body["message"]


async def test_a_key_does_not_help_where_only_this_machine_may(house):
    key = await house.key(Scope.ADMIN)
    house.apps = Apps()
    assert await error(await house.ask("GET", "/of/run", ELSEWHERE | bearer(key))) == (403, "not_this_machine")
    answer = await house.ask("GET", "/of/anyone", ELSEWHERE | bearer(key))
    assert (await answer.json())["guest"]


async def test_a_refusal_says_how_to_ask(house):
    answer = await house.ask("GET", "/of/run")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="lectern"'
    assert await error(answer) == (401, "unauthorized")
    key = await house.key(Scope.RUN)
    answer = await house.ask("GET", "/of/admin", bearer(key))
    assert await error(answer) == (403, "forbidden") and "admin" in (await answer.json())["error"]["message"]


async def test_a_key_may_be_for_some_apps(house):
    key = await house.key(Scope.PUBLISH, apps=frozenset({"mine"}))
    assert await house.status("GET", "/apps/mine", bearer(key)) == 200
    assert await house.status("PUT", "/apps/mine", bearer(key)) == 200
    assert await house.status("PUT", "/apps/other", bearer(key)) == 403
    assert await error(await house.ask("POST", "/apps/other/runs", bearer(key))) == (403, "forbidden")


async def test_while_the_settings_have_a_mistake_nobody_is_let_in(house):
    def broken():
        raise SettingsError("lectern.toml has a mistake.")

    house.settings = broken
    assert await house.status("GET", "/of/anyone") == 200
    assert await error(await house.ask("GET", "/of/guest")) == (503, "not_ready")
    assert await error(await house.ask("GET", "/session")) == (503, "not_ready")


async def test_a_key_is_limited_by_the_minute(house):
    slow, other = await house.key(rate=2), await house.key(rate=2)
    assert [await house.status("GET", "/of/run", bearer(slow)) for _ in range(3)] == [200, 200, 429]
    cookie = await house.cookie(slow)
    answer = await house.ask("GET", "/of/run", cookie)
    assert (await error(answer), answer.headers["Retry-After"]) == ((429, "rate_limited"), "30")
    assert await house.status("GET", "/of/anyone", bearer(slow)) == 200
    assert await house.status("GET", "/of/run", bearer(other)) == 200
    house.now += 30
    assert [await house.status("GET", "/of/run", bearer(slow)) for _ in range(2)] == [200, 429]


async def test_wrong_keys_are_throttled_by_address_and_right_ones_are_not(house):
    key = await house.key()
    guesses = [await house.status("GET", f"/of/{scope}", bearer(NOBODY)) for scope in ["run", "guest"] * 6]
    assert guesses == [401] * 10 + [429] * 2
    answer = await house.ask("GET", "/of/run", basic(f"x:{NOBODY}"))
    assert (await error(answer), answer.headers["Retry-After"]) == ((429, "rate_limited"), "6")
    assert await house.status("GET", "/of/run", bearer(NOBODY) | ELSEWHERE) == 401
    assert await house.status("GET", "/of/run", bearer(key)) == 200
    assert await house.status("GET", "/of/anyone", bearer(NOBODY)) == 200
    house.now += 60
    assert await house.status("GET", "/of/run", bearer(NOBODY)) == 401


async def test_signing_in_is_throttled_for_right_keys_too(house):
    key = await house.key()
    tries = [await house.status("POST", "/session", json={"key": NOBODY}) for _ in range(11)]
    assert tries == [401] * 10 + [429]
    assert await house.status("POST", "/session", json={"key": key.text}) == 429
    assert await house.status("POST", "/session", ELSEWHERE, json={"key": key.text}) == 200
    assert await house.status("GET", "/of/run", bearer(key)) == 200
    house.now += 6
    assert await house.status("POST", "/session", json={"key": key.text}) == 200


async def test_signing_in_rightly_is_no_try(house):
    key = await house.key()
    assert {await house.status("POST", "/session", json={"key": key.text}) for _ in range(15)} == {200}


async def test_tries_at_the_same_time_are_all_counted(house):
    await house.key()
    house.gate.keys._changes += 1  # so that each waits for the store
    tries = await asyncio.gather(*(house.status("POST", "/session", json={"key": NOBODY}) for _ in range(20)))
    assert sorted(tries) == [401] * 10 + [429] * 10


async def foreign_proof(house, proof: str) -> dict[str, str]:
    if proof in ("loopback", "open"):
        house.apps = Apps(access=proof)
        return {}
    if proof == "nothing":
        return {}
    key = await house.key(Scope.ADMIN)
    return {"bearer": bearer(key), "basic": basic(f":{key.text}")}.get(proof) or await house.cookie(key)


FOREIGN = [
    PAGE,
    {"Origin": "http://127.0.0.1:1"},
    {"Origin": "null"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
]


@pytest.mark.parametrize("proof", ["loopback", "open", "cookie", "basic", "nothing"])
@pytest.mark.parametrize("headers", FOREIGN)
async def test_pages_of_other_sites_change_nothing(house, proof, headers):
    """Browsers send cookies, and remembered Basic passwords, with whatever a page asks for."""
    proofs = await foreign_proof(house, proof)
    for method, path in (("POST", "/of/guest"), ("PUT", "/apps/x"), ("POST", "/session"), ("DELETE", "/session")):
        assert await error(await house.ask(method, path, proofs | headers)) == (403, "forbidden")


@pytest.mark.parametrize("headers", FOREIGN)
async def test_but_a_program_with_a_bearer_key_may_run_anywhere(house, headers):
    proofs = await foreign_proof(house, "bearer")
    assert await house.status("POST", "/of/admin", proofs | headers) == 200


@pytest.mark.parametrize("proof", ["loopback", "open", "cookie"])
async def test_nor_do_they_read(house, proof):
    """ComfyUI's --enable-cors-header would show them the answer."""
    proofs = await foreign_proof(house, proof)
    assert await house.status("GET", "/of/guest", proofs | PAGE) == 403
    answer = await house.ask("GET", "/of/anyone", proofs | PAGE)
    assert (answer.status, (await answer.json())["guest"]) == (200, True)
    assert (await (await house.ask("GET", "/session", proofs | PAGE)).json())["signed_in"] is False


@pytest.mark.parametrize("proof", ["loopback", "open", "cookie"])
async def test_links_from_other_sites_work(house, proof):
    proofs = await foreign_proof(house, proof)
    assert await house.status("GET", "/of/run", proofs | {"Sec-Fetch-Site": "cross-site"}) == 200


@pytest.mark.parametrize("proof", ["loopback", "open", "cookie", "basic"])
async def test_own_pages_and_listed_ones_may(house, proof):
    proofs = await foreign_proof(house, proof)
    own = {"Origin": str(house.client.make_url("/")).rstrip("/"), "Sec-Fetch-Site": "same-origin"}
    assert await house.status("POST", "/of/run", proofs | own) == 200
    house.apps = house.apps.model_copy(update={"cors_origins": LISTED})
    assert await house.status("POST", "/of/run", proofs | PAGE) == 200
    assert await house.status("GET", "/of/run", proofs | PAGE) == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/of/anyone", 200), ("GET", "/of/run", 401), ("PATCH", "/of/run", 405), ("GET", "/stream", 200)],
)
async def test_every_answer_carries_the_headers(house, method, path, status):
    answer = await house.ask(method, path, PAGE)
    assert "Access-Control-Allow-Origin" not in answer.headers and "Origin" not in answer.headers.get("Vary", "")
    house.apps = Apps(access="keys", cors_origins=LISTED)
    answer = await house.ask(method, path, PAGE)
    assert answer.status == status
    assert answer.headers["Access-Control-Allow-Origin"] == "https://page.example"
    assert answer.headers["Vary"] == ("Accept, Origin" if path == "/stream" else "Origin")
    for headers in ({}, {"Origin": "https://other.example"}):
        answer = await house.ask(method, path, headers)
        assert "Access-Control-Allow-Origin" not in answer.headers and "Origin" in answer.headers["Vary"]


@pytest.mark.parametrize("access", ["loopback", "keys", "open"])
async def test_a_listed_page_is_told_what_it_may_ask(house, access):
    asks = PAGE | {"Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "authorization"}
    house.apps = Apps(access=access)
    assert await house.status("OPTIONS", "/apps/x", asks) == 405
    house.apps = Apps(access=access, cors_origins=LISTED)
    answer = await house.ask("OPTIONS", "/apps/x", asks)
    assert (answer.status, await answer.read()) == (204, b"")
    assert answer.headers["Access-Control-Allow-Methods"] == "GET, PUT"
    assert answer.headers["Access-Control-Allow-Origin"] == "https://page.example"
    assert await house.status("OPTIONS", "/apps/x", asks | {"Origin": "https://evil.example"}) == 405


def test_every_stream_begins_with_its_headers():
    """`answers.begin` is the one place that sends them."""
    folder = Path(routes.__file__).parent
    preparing = [file.name for file in folder.glob("*.py") if ".prepare(" in file.read_text("utf-8")]
    assert preparing == ["answers.py"]


async def test_a_known_caller_reaches_endpoints_for_anyone(house):
    key = await house.key()
    assert (await (await house.ask("GET", "/of/anyone", bearer(key))).json())["owner"] == key.key.id


async def test_last_use_is_told(house):
    key = await house.key()
    await house.ask("GET", "/of/anyone", bearer(key))
    assert (await house.gate.keys.all())[0].last_used_ms is None
    await house.ask("GET", "/of/run", bearer(key))
    assert (await house.gate.keys.all())[0].last_used_ms == int(house.now * 1000)
