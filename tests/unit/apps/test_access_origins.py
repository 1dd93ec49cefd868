"""Which pages may call."""

import pytest

from lectern.apps.access.origins import cors, is_foreign, preflight

LISTED = ["https://page.example", "http://localhost:3000"]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Host": "here:8188", "Origin": "http://here:8188"},
        {"Host": "HERE:8188", "Origin": "http://here:8188"},
        {"Host": "here", "Origin": "https://here"},  # a proxy took https off
        {"Host": "here:443", "Origin": "https://here"},
        {"Host": "[::1]:8188", "Origin": "http://[::1]:8188"},
        {"Host": "127.0.0.1:8188", "Origin": "https://lectern.example", "Sec-Fetch-Site": "same-origin"},
        {"Host": "here", "Sec-Fetch-Site": "none"},
        {"Host": "here", "Origin": "https://page.example", "Sec-Fetch-Site": "cross-site"},
        {"Host": "localhost:8188", "Origin": "http://localhost:3000", "Sec-Fetch-Site": "same-site"},
    ],
)
def test_programs_own_pages_and_listed_ones_may(headers):
    assert not is_foreign(headers, LISTED)


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "here:8188", "Origin": "http://evil.example"},
        {"Host": "here:8188", "Origin": "http://here:3000"},
        {"Host": "here:8188", "Origin": "http://here"},
        {"Host": "here", "Origin": "null"},
        {"Host": "here", "Origin": ""},
        {"Host": "", "Origin": "null"},
        {"Origin": "http://here"},
        {"Host": "here", "Origin": "http://[bad"},
        {"Host": "here", "Origin": "http://here:99999"},
        {"Host": "here", "Sec-Fetch-Site": "cross-site"},
        {"Host": "here", "Sec-Fetch-Site": "same-site"},
        {"Host": "here", "Sec-Fetch-Site": "something new"},
        {"Host": "here", "Origin": "http://here", "Sec-Fetch-Site": "cross-site"},
        {"Host": "here", "Origin": "https://page.example.evil.example"},
    ],
)
def test_others_may_not(headers):
    assert is_foreign(headers, LISTED)


def test_no_headers_while_nobody_is_listed():
    assert cors({"Origin": "https://page.example"}, []) == {}


@pytest.mark.parametrize("headers", [{}, {"Origin": "https://other.example"}, {"Origin": "*"}, {"Origin": "null"}])
def test_caches_learn_that_the_origin_matters_and_others_learn_nothing(headers):
    assert cors(headers, LISTED) == {"Vary": "Origin"}


def test_a_listed_origin_may_read():
    headers = cors({"Origin": "https://page.example"}, LISTED)
    assert headers["Access-Control-Allow-Origin"] == "https://page.example"
    assert headers["Access-Control-Allow-Credentials"] == "true"
    assert "Location" in headers["Access-Control-Expose-Headers"]


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({"Origin": "https://page.example", "Access-Control-Request-Method": "POST"}, True),
        ({"Origin": "https://page.example"}, False),
        ({"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}, False),
        ({"Access-Control-Request-Method": "POST"}, False),
    ],
)
def test_a_browser_asks_first(headers, allowed):
    answer = preflight(headers, LISTED, ["GET", "POST"])
    assert (answer is not None) is allowed
    if answer is not None:
        assert answer["Access-Control-Allow-Methods"] == "GET, POST"
        assert "Idempotency-Key" in answer["Access-Control-Allow-Headers"]
