"""Chat models: our own cost for a call, how soon a first word is seen in the editor, twenty slides' prompts at once.

Against contract servers on this machine, which answer at once or at a known pace: what is measured is Lectern's part.
"""

import asyncio
import json
import statistics
import sys
import time

import aiohttp

from benchmarks._chat import Timekeeper, backend, server
from benchmarks._report import Target, conclude, table
from lectern.prompts.messages import Message, Question
from lectern.prompts.outlines import Outline, Plan, Slide
from lectern.prompts.outlining import with_prompts
from lectern.prompts.watching import Watch
from tools.server import ComfyServer

ROUNDS = 60
LOOKS = 12
SLIDES = 20
WORDS = 200
BARE, OURS = "bare: POST, lines, json", "Lectern"
IDEA = "a lighthouse keeper's desk before a storm, " * 8
QUESTION = Question((Message("system", "You write prompts."), Message("user", IDEA)), 7)


async def bare(session: aiohttp.ClientSession, url: str) -> str:
    """The least that any client must do for the same streamed answer."""
    messages = [{"role": one.role, "content": one.text} for one in QUESTION.messages]
    body = {"model": "tiny", "messages": messages, "seed": 7, "stream": True, "stream_options": {"include_usage": True}}
    pieces: list[str] = []
    async with session.post(f"{url}/chat/completions", json=body) as response:
        async for line in response.content:
            if line.startswith(b"data: {"):
                for choice in json.loads(line[6:])["choices"]:
                    pieces.append(choice["delta"].get("content") or "")
    return "".join(pieces)


async def costs() -> dict[str, list[float]]:
    """Milliseconds for one call whose answer, as long as a good prompt, is there at once: an event for each word."""
    times: dict[str, list[float]] = {BARE: [], OURS: []}
    with server("--words", str(WORDS)) as url:
        ours = backend(url)
        async with aiohttp.ClientSession() as session:
            for number in range(ROUNDS + 5):
                begun = time.perf_counter()
                expected = await bare(session, url)
                between = time.perf_counter()
                reply = await ours.ask(QUESTION, Watch().part())
                ended = time.perf_counter()
                assert reply.text == expected.strip(), (reply.text[:80], expected[:80])
                if number >= 5:
                    times[BARE].append((between - begun) * 1000)
                    times[OURS].append((ended - between) * 1000)
        await ours.hub.close()
    return times


async def rates() -> dict[str, list[float]]:
    """Seconds for the prompts of a deck, asked for one after the other and four at a time."""
    slides = tuple(Slide(f"Slide {number}", picture=f"scene number {number}") for number in range(SLIDES))
    outline, plan = Outline("Deck", slides, "ink on paper"), Plan("Deck", SLIDES)
    times: dict[str, list[float]] = {"one at a time": [], "four at a time": []}
    with server("--seconds-to-first", "0.1", "--seconds-per-token", "0.002") as url:
        for name, at_once in (("one at a time", 1), ("four at a time", 4)):
            ours = backend(url, at_once)
            for _ in range(3):
                begun = time.perf_counter()
                made = await with_prompts(outline, plan, ours, Watch())
                times[name].append(time.perf_counter() - begun)
                assert all(slide.prompt for slide in made.slides)
            await ours.hub.close()
    return times


def graph(number: int) -> dict[str, object]:
    return {
        "1": {"class_type": "LecternChatModel", "inputs": {"chat": "local", "model": "tiny"}},
        "2": {"class_type": "LecternPromptExpand", "inputs": {
            "text": f"a lighthouse {number}", "family": "SDXL", "use": "any", "seed": number, "chat_model": ["1", 0],
            "fallback": "original",
        }},
        "3": {"class_type": "PreviewAny", "inputs": {"source": ["2", 0]}},
    }  # fmt: skip


async def first_words() -> list[float]:
    """Milliseconds from the server's first word to the message in the editor's WebSocket, in a real ComfyUI."""
    keeper = Timekeeper()
    url = await keeper.start()
    server = ComfyServer()
    private = server.base / "user" / "__lectern"
    private.mkdir(parents=True)
    (private / "lectern.toml").write_text(f'[chat.local]\nurl = "{url}"\n')
    await asyncio.to_thread(server.start)
    try:
        async with aiohttp.ClientSession() as session:
            return [await _first_word(session, server.url, keeper, number) for number in range(LOOKS)]
    finally:
        await asyncio.to_thread(server.close)
        await keeper.stop()


async def _first_word(session: aiohttp.ClientSession, url: str, keeper: Timekeeper, number: int) -> float:
    answered = len(keeper.first)
    async with session.ws_connect(f"{url}/ws?clientId=bench{number}") as socket:
        async with session.post(f"{url}/prompt", json={"prompt": graph(number), "client_id": f"bench{number}"}) as sent:
            assert sent.status == 200, await sent.text()
        seen = 0.0
        async for message in socket:
            event = json.loads(message.data) if message.type is aiohttp.WSMsgType.TEXT else {}
            if not seen and event.get("type") == "lectern.text" and event["data"]["tokens"]:
                seen = time.monotonic()
            if event.get("type") in ("execution_success", "execution_error"):
                break
    assert seen and len(keeper.first) > answered
    return (seen - keeper.first[answered]) * 1000


def main() -> int:
    cost, rate = asyncio.run(costs()), asyncio.run(rates())
    words = asyncio.run(first_words())
    print(f"One call whose answer of {WORDS} words, streamed, is there at once")
    table(list(cost.items()), "ms", BARE)
    print(f"\nPrompts for {SLIDES} slides; the server takes 0.1 s to begin and 2 ms for a word")
    table(list(rate.items()), "s", "one at a time")
    print("\nFrom the server's first word to the editor, real ComfyUI")
    table([("first word", words)], "ms", "first word")
    print()
    middle = {name: statistics.median(values) for name, values in {**cost, **rate}.items()}
    return conclude([
        Target("own cost of a call", middle[OURS] - middle[BARE], 5, "ms"),
        Target("first word in the editor", statistics.median(words), 50, "ms"),
        Target("prompts of 20 slides, four at a time", middle["four at a time"] / middle["one at a time"], 1 / 3, "x"),
    ])  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
