"""What a worker tells operators: wrong use, health, metrics."""

import aiohttp
import pytest

from lectern.apps.fleet.worker import status


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--comfyui", "ftp://x"], "--comfyui must be an address such as http://127.0.0.1:8188"),
        (["--comfyui", "http://user:secret@x"], "without user and password"),
        (["--comfyui", "http://x", "--name", "a b"], "--name must be 1 to 64 letters, digits, - and _; got a b."),
        (["--comfyui", "http://x", "--port", "99999"], "--port must be 0 to 65535"),
        (["--comfyui", "http://x"], "Name the NATS server of the fleet: --nats URL"),
        (["--comfyui", "http://x", "--nats", "nats://me:secret@x"], "keep user and password out of it"),
    ],
)
def test_wrong_use_is_one_sentence(words, told, tmp_path, capsys, monkeypatch):
    from lectern.cli.main import main

    monkeypatch.delenv("LECTERN_NATS_URL", raising=False)
    assert main(["worker", "--folder", str(tmp_path), *words]) == 2
    said = capsys.readouterr().err
    assert told in said and "secret" not in said.replace("http://user:secret@x", "") and said.count("\n") == 1


async def test_metrics_and_health(office, crew):
    worker = crew.worker(await crew.comfy())
    await office.ended(await office.submit())
    runner = await status.serve(worker, "127.0.0.1", 0)
    host, port = runner.addresses[0]
    async with aiohttp.ClientSession() as session:
        async with session.get(f"http://{host}:{port}/metrics") as answer:
            told = await answer.text()
        async with session.get(f"http://{host}:{port}/health") as answer:
            assert answer.status == 200
    await runner.cleanup()
    for line in (
        "lectern_worker_busy 0.0",
        'lectern_worker_runs_total{status="succeeded"} 1.0',
        "lectern_worker_comfyui_up 1.0",
        'lectern_worker_vram_free_bytes{device="cuda:0 H200"}',
        "lectern_worker_draining 0.0",
    ):
        assert line in told
