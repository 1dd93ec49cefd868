"""A remote decoder over HTTP. Lives on the background loop; knows nothing of tensors."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import NamedTuple

import aiohttp
from yarl import URL

from ..decoders import Decoder
from ..streams import read_bounded
from .errors import DecoderError
from .remote import Question

_SHOWN = 200  # letters of an endpoint's own words


class Fetched(NamedTuple):
    headers: Mapping[str, str]
    body: bytearray


class Fetching:
    """How far it is, for the node's bar; there are no previews."""

    def __init__(self) -> None:
        self.fraction = 0.0
        self.previews = 0

    def picture(self) -> None:
        return None


def label_of(name: str, decoder: Decoder) -> str:
    return f"Decoder {name} ({decoder.url})"


async def fetch(name: str, decoder: Decoder, questions: Sequence[Question], shown: Fetching) -> list[Fetched]:
    """The answers in order. Raises DecoderError, SettingsError."""
    label, token = label_of(name, decoder), decoder.token()
    headers = {"Content-Type": "tensor/binary", "Accept": "tensor/binary", "Accept-Encoding": "identity"}
    headers |= {"Authorization": f"Bearer {token}"} if token else {}
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=decoder.tls()),
        headers=headers,
        auto_decompress=False,  # a small compressed answer could unpack to any size
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=decoder.connect_seconds),
        cookie_jar=aiohttp.DummyCookieJar(),
    )
    answers: list[Fetched] = []
    async with session:
        for question in questions:
            answers.append(await _answer(session, label, decoder, question, token))
            shown.fraction = len(answers) / len(questions)
    return answers


async def _answer(
    session: aiohttp.ClientSession, label: str, decoder: Decoder, question: Question, token: str
) -> Fetched:
    try:
        async with asyncio.timeout(decoder.total_seconds):
            return await _exchange(session, label, decoder, question, token)
    except TimeoutError as error:
        raise DecoderError(
            f"{label} did not answer in time. Look whether it is busy or starting, or raise first_byte_seconds and"
            " total_seconds in its entry of lectern.toml."
        ) from error
    except aiohttp.ClientSSLError as error:
        raise DecoderError(
            f"{label} shows a certificate that is not trusted here. Set ca_file in its entry of lectern.toml."
        ) from error
    except aiohttp.ClientConnectorError as error:
        raise DecoderError(f"{label} cannot be reached. Start it, or correct its url in lectern.toml.") from error
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise DecoderError(f"{label} broke off the connection. Look at its console, then try again.") from error


async def _exchange(
    session: aiohttp.ClientSession, label: str, decoder: Decoder, question: Question, token: str
) -> Fetched:
    url = URL(decoder.url).with_query(list(question.query))
    async with asyncio.timeout(decoder.first_byte_seconds) as wait:
        response = await session.post(url, data=question.body, allow_redirects=False)
        wait.reschedule(None)
    async with response:
        body = await read_bounded(response, decoder.answer_mb * 2**20, partial(_larger, label))
        if response.status != 200:
            raise _refused(label, response.status, body, token)
        return Fetched(response.headers, body)


def _larger(label: str, megabytes: int) -> DecoderError:
    return DecoderError(
        f"{label} sent more than {megabytes} MB in one answer. Decode smaller pictures, or raise answer_mb in its entry"
        " of lectern.toml."
    )


def _refused(label: str, status: int, body: bytearray, token: str) -> DecoderError:
    if status in (401, 403):
        return DecoderError(f"{label} wants a token, or another one. Set token_env in its entry of lectern.toml.")
    if 300 <= status < 400:
        return DecoderError(f"{label} points to another address. Write that one as url in lectern.toml.")
    words = bytes(body[:4096]).decode("utf-8", "replace")
    words = words.replace(token, "***") if token else words  # an endpoint may repeat what it was sent
    said = " ".join(re.sub(r"[^ -~]+", " ", words).split())[:_SHOWN]
    remedy = (
        "It may be starting; try again in a minute." if status in (429, 502, 503, 504) else "Its console says more."
    )
    return DecoderError(f"{label} refused the request (HTTP {status}{f': {said}' if said else ''}). {remedy}")
