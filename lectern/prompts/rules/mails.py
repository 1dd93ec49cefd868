"""E-mails and threads of them: what was said, without who wrote to whom and how they greeted each other."""

import re
from collections.abc import Iterator

_FIELDS = (
    "from|to|cc|bcc|sent|date|subject|reply-to|von|an|gesendet|datum|betreff|de|à|objet|para|asunto|fecha|enviado|"
    "发件人|收件人|抄送|主题|日期|发送时间|时间"
)
_FIELD = re.compile(rf"^\W{{0,4}}(?:{_FIELDS})\**\s*[:：]\s*(.*)$", re.IGNORECASE)
_SUBJECT = re.compile(r"^\W{0,4}(?:subject|betreff|objet|asunto|主题)\**\s*[:：]\s*(.*)$", re.IGNORECASE | re.MULTILINE)
_SENDER = re.compile(r"^\W{0,4}(?:from|von|发件人)\**\s*[:：]\s*\S", re.IGNORECASE | re.MULTILINE)
_ANSWERED = re.compile(r"^(?:(?:re|fwd?|aw|wg|tr|rv|答复|回复|转发)\s*[:：]\s*)+", re.IGNORECASE)
_BETWEEN = re.compile(
    r"^-{2,}\s*(?:original message|forwarded message|ursprüngliche nachricht|message d'origine|原始邮件).*$|"
    r"^(?:on|am|le|el)\s.{4,120}\s(?:wrote|schrieb|a écrit|escribió).{0,80}:$|^.{2,80}(?:写道|来信)[：:]$",
    re.IGNORECASE,
)
_GREETING = re.compile(
    r"^(?:hi|hello|hey|dear|good (?:morning|afternoon|evening)|hallo|liebe[rs]?|guten (?:tag|morgen)|"
    r"sehr geehrte[rs]?|bonjour|cher|chère|hola|buenos días|estimad[oa]s?)\b[^.?!]{0,50}[,!.]?$|"
    r"^.{0,12}(?:您好|你好|大家好)[，,！!：:]?$",
    re.IGNORECASE,
)
_FAREWELL = re.compile(
    r"^(?:(?:best|kind|warm|many)(?: regards| wishes| thanks)?|regards|thanks(?: again| a lot)?|thank you|cheers|"
    r"sincerely|yours(?: sincerely| truly)?|all the best|viele grüße|mit freundlichen grüßen|beste grüße|danke|lg|mfg|"
    r"cordialement|bien à vous|saludos|un saludo|gracias|此致|敬礼|祝好|谢谢|顺祝商祺)\s*[,.!，。！]?$",
    re.IGNORECASE,
)
_SIGNED = 3  # short lines below a farewell that are names, titles and telephones
_SIGNED_LENGTH = 60
_GREETING_LENGTH = 100  # characters


def is_mail(text: str) -> bool:
    """Whether it greets, has a sender and a subject, or a quoted answer."""
    first = next((row.strip() for row in text[:2000].split("\n") if row.strip()), "")
    if len(first) < _GREETING_LENGTH and _GREETING.match(first):
        return True
    return bool(_SENDER.search(text) and _SUBJECT.search(text)) or any(
        _BETWEEN.match(row.strip()) for row in text[:20_000].split("\n") if len(row) < 300
    )


def subject(text: str) -> str:
    """Of the first message, without "Re:"; empty where the text is no e-mail."""
    found = _SUBJECT.search(text) if is_mail(text) else None
    return _ANSWERED.sub("", found[1].strip(" *")).strip()[:200] if found else ""


def without_envelopes(text: str) -> str:
    """The messages one after the other; what a later one quotes of an earlier one is said once."""
    return "\n".join(_said(text.split("\n")))


def _said(rows: list[str]) -> Iterator[str]:
    seen: set[str] = set()
    signed = 0
    for raw in rows:
        row = re.sub(r"^(?:>\s?){1,20}", "", raw.strip()).rstrip()
        if _FAREWELL.match(row):
            signed = _SIGNED
        elif _is_envelope(row):
            signed = 0
            yield ""
        elif signed and row and len(row) <= _SIGNED_LENGTH:
            signed -= 1
        elif row not in seen or not row:
            signed = 0 if row else signed
            seen.add(row)
            yield row


def _is_envelope(row: str) -> bool:
    if len(row) > 300:
        return False
    return bool(row in ("--", "—") or _FIELD.match(row) or _BETWEEN.match(row) or _GREETING.match(row))
