"""The audit log: who changed what, and never what it was about."""

import logging
import os
import stat

import pytest

from lectern.apps.access import audit
from lectern.apps.access.audit import AuditLog
from lectern.apps.callers import Scope
from lectern.settings import Apps
from unit.apps.access_house import ELSEWHERE, bearer

RUN = "00000000-0000-4000-8000-000000000000"
SECRET = "a-prompt-that-is-nobodys-business"


async def test_a_change_is_one_line(house):
    key = await house.key()
    await house.ask("POST", f"/apps/tiny/runs?q={SECRET}", bearer(key) | ELSEWHERE, json={"input": {"text": SECRET}})
    await house.ask("POST", f"/runs/{RUN}/cancel", bearer(key))
    assert await house.audited() == [
        {
            "at": "2025-06-15T15:06:40.000Z",
            "key": key.key.id,
            "method": "POST",
            "route": "/lectern/v1/apps/{slug}/runs",
            "app": "tiny",
            "run": "r" * 36,
            "status": 201,
            "remote": "203.0.113.9",
        },
        {
            "at": "2025-06-15T15:06:40.000Z",
            "key": key.key.id,
            "method": "POST",
            "route": "/lectern/v1/runs/{id}/cancel",
            "app": None,
            "run": RUN,
            "status": 200,
            "remote": "127.0.0.1",
        },
    ]


async def written(house) -> list[tuple]:
    return [
        (line["method"], line["route"].removeprefix("/lectern/v1"), line["status"]) for line in await house.audited()
    ]


async def test_reading_is_not_written_down(house):
    key = await house.key(Scope.ADMIN)
    for path in ("/of/admin", "/apps/x", "/keys", "/session"):
        await house.ask("GET", path, bearer(key))
    assert await house.audited() == []


async def test_what_a_known_caller_may_not_is_written_down(house):
    key = await house.key(Scope.RUN)
    await house.ask("PUT", "/apps/tiny", bearer(key))
    assert await written(house) == [("PUT", "/apps/{slug}", 403)]


async def test_strangers_cannot_fill_the_log(house):
    for _ in range(30):
        await house.ask("GET", "/of/run", bearer("lct_wrong"))
        await house.ask("POST", "/session", json={"key": "lct_wrong"})
        await house.ask("POST", "/of/admin")
        await house.ask("DELETE", "/session")
    statuses = [status for *_, status in await written(house)]
    assert statuses == [401] * 10


async def test_what_a_stranger_does_with_a_public_app_is_written_down(house):
    await house.ask("POST", "/apps/tiny/runs", json={})
    assert await written(house) == [("POST", "/apps/{slug}/runs", 201)]


async def test_signing_in_and_keys_are_written_down(house):
    admin = await house.key(Scope.ADMIN)
    cookie = await house.cookie(admin)
    made = await (await house.ask("POST", "/keys", bearer(admin), json={"name": SECRET, "scopes": ["run"]})).json()
    await house.ask("DELETE", f"/keys/{made['id']}", bearer(admin))
    await house.ask("DELETE", "/session", cookie)
    assert await written(house) == [
        ("POST", "/session", 200),
        ("POST", "/keys", 201),
        ("DELETE", "/keys/{id}", 204),
        ("DELETE", "/session", 204),
    ]
    assert {line["key"] for line in await house.audited()} == {admin.key.id}


async def test_no_key_and_nothing_that_people_wrote_is_in_any_file_log_or_answer(house, caplog):
    caplog.set_level(logging.DEBUG)
    admin = await house.key(Scope.ADMIN)
    wrong = f"{admin.key.prefix}_{'x' * 43}"
    answers = [
        await house.ask("POST", "/session", json={"key": admin.text}),
        await house.ask("POST", "/session", json={"key": wrong}),
        await house.ask("POST", "/session", json={"key": wrong, "x": 1}),
        await house.ask("GET", "/of/run", bearer(wrong)),
        await house.ask("GET", "/keys", bearer(admin)),
        await house.ask("POST", f"/apps/tiny/runs?key={SECRET}", bearer(admin), json={"input": SECRET}),
        await house.ask("POST", "/keys", bearer(admin), json={"name": admin.text * 9, "scopes": [admin.text]}),
    ]
    told = [await answer.text() + str(answer.headers) for answer in answers]
    await house.audited()
    files = [file.read_bytes().decode("latin-1") for file in house.private.iterdir() if file.is_file()]
    aiohttps = [record for record in caplog.records if record.name == "aiohttp.access"]  # ComfyUI has none
    logged = [record.getMessage() for record in caplog.records if record not in aiohttps]
    for secret in (admin.text[13:], wrong[13:], SECRET):
        assert not [text for text in told + files + logged if secret in text]


@pytest.mark.parametrize(
    ("apps", "lines"),
    [
        (Apps(), 0),
        (Apps(audit=True), 1),
        (Apps(access="open"), 0),
        (Apps(access="open", audit=True), 1),
        (Apps(access="keys"), 1),
        (Apps(access="keys", audit=False), 0),
    ],
)
async def test_it_is_on_where_keys_are(house, apps, lines):
    house.apps = apps
    await house.ask("POST", "/apps/tiny/runs", json={})
    assert len(await house.audited()) == lines


class Console(logging.Handler):
    """As ComfyUI's, which shows what reaches the root."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


@pytest.fixture
def console():
    made = Console()
    logging.getLogger().addHandler(made)
    yield made
    logging.getLogger().removeHandler(made)


async def test_it_is_small_for_its_owner_and_off_the_console(tmp_path, monkeypatch, console):
    monkeypatch.setattr(audit, "FILE_BYTES", 1000)
    log = AuditLog(tmp_path / "new")
    for number in range(200):
        log.write({"line": number, "text": "x" * 50})
    await log.close()
    files = sorted((tmp_path / "new").iterdir())
    assert [file.name for file in files] == ["audit.log", "audit.log.1", "audit.log.2", "audit.log.3"]
    assert all(file.stat().st_size <= 1000 for file in files)
    assert '"line":199' in files[0].read_text()
    assert console.lines == []
    if os.name == "posix":
        assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


async def test_a_log_that_cannot_be_written_is_told_once(tmp_path, console, capsys):
    (tmp_path / "audit.log").mkdir()
    log = AuditLog(tmp_path)
    for _ in range(3):
        log.write({})
    await log.close()
    assert console.lines == [f"Lectern cannot write {tmp_path / 'audit.log'}; see whether the disk is full."]
    assert capsys.readouterr() == ("", "")
