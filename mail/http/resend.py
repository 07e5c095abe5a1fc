"""Resend (https://resend.com/docs/api-reference/emails/send-email).

Its errors are JSON, `{"statusCode": 422, "name": "validation_error", "message": "…"}`
(https://resend.com/docs/api-reference/errors). It knows repetitions by the header Idempotency-Key for 24 hours
(https://resend.com/docs/dashboard/emails/idempotency-keys). Whether a mailbox exists it
tells later, in a webhook; each mail carries the ledger's id as the tag `segue_message`, by which that is recognised.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx2
from pydantic import SecretStr

from domain.retry_after import read_retry_after
from mail.http.letter import read_letter
from mail.http.provider import Accepted, Call, Deferred, Reading, Refused, Unheard, Unknowable

URL: Final = "https://api.resend.com"

REPEATS_SAFELY: Final = timedelta(hours=23)
"""Keys are kept for 24 hours. An hour less, for clocks that differ and for a request that takes its time."""

MESSAGE_TAG: Final = "segue_message"

_QUOTA_PAUSE: Final = timedelta(hours=1)
"""Quotas are by day and month: asking every ten minutes would not bring tomorrow."""

_QUOTAS: Final = frozenset({"daily_quota_exceeded", "monthly_quota_exceeded"})
_OPERATORS: Final = frozenset({"invalid_from_address", "invalid_access", "invalid_region"})
"""Refusals that speak of the account and not of the mail. They are the operator's to mend: no mail is lost by them."""


class Resend:
    """A `mail.http.provider.Provider`.

    Args:
        key: the API key, `re_…`; one with sending access is enough.
        url: where the API answers.
    """

    name: str = "Resend"
    repeats_safely: timedelta | None = REPEATS_SAFELY

    def __init__(self, key: SecretStr, url: str = URL) -> None:
        self._key, self._url = key, url.rstrip("/")

    def call(self, raw: bytes, key: str) -> Call:
        """Write the request. Resend makes its own Date and envelope; all else stays as composed."""
        letter = read_letter(raw)
        body: dict[str, Any] = {
            "from": letter.sender,
            "to": [letter.to],
            "subject": letter.subject,
            "html": letter.html,
            "text": letter.text,
            "headers": dict(letter.headers),
            "tags": [{"name": MESSAGE_TAG, "value": key}],
        }
        if letter.reply_to:
            body["reply_to"] = letter.reply_to
        headers = {"Authorization": f"Bearer {self._key.get_secret_value()}", "Idempotency-Key": key}
        return Call(url=f"{self._url}/emails", headers=headers, body=body)

    def read(self, answer: httpx2.Response) -> Reading:
        """Read an answer. See the table in docs/operate.md."""
        content = _content(answer)
        name, problem = str(content.get("name", "")), _problem(answer, content)
        wait = read_retry_after(answer.headers.get("retry-after", ""), datetime.now(UTC))
        match answer.status_code:
            case 200 | 201 | 202 if content.get("id"):
                return Accepted()
            case 409 if name == "invalid_idempotent_request":
                # An earlier attempt reached it with another body, say another address; what became of that is not told.
                return Unknowable()
            case 429:
                return Deferred(problem=problem, wait=_QUOTA_PAUSE if name in _QUOTAS else wait)
            case 400 | 413 | 422 if name not in _OPERATORS:
                return Refused(code=answer.status_code, problem=problem)
            case status if 400 <= status < 500 and status not in {408, 409}:  # noqa: PLR2004 - RFC 9110, 15.5
                remedy = "check SEGUE_PROVIDER_KEY and the sender's domain"
                return Deferred(problem=f"{problem}: {remedy}", wait=wait, ours=True)
        # Its own failures, a repetition that overtook its first, an answer that is not Resend's: it may have the mail.
        return Unheard(problem=problem, wait=wait)


def _content(answer: httpx2.Response) -> dict[str, Any]:
    try:
        content = answer.json()
    except ValueError:  # a proxy's page
        return {}
    return content if isinstance(content, dict) else {}


def _problem(answer: httpx2.Response, content: dict[str, Any]) -> str:
    words = (str(content.get(field) or "") for field in ("name", "message"))
    return " ".join([str(answer.status_code), *filter(None, words)])
