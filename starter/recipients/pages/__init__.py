"""The few pages a recipient sees: no script, nothing loaded from elsewhere, for any browser or screen reader.

What they say stands in `words/<language>.json`: a new file is a new language. They speak as `language` chooses.
"""

import base64
import hashlib
from collections.abc import Awaitable
from http import HTTPStatus
from pathlib import Path
from typing import Final

import structlog
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from domain.errors import (
    ExpiredLinkError,
    FormerMailboxError,
    InvalidLinkError,
    UnavailableError,
    UnknownCustomerError,
    UnknownMessageError,
)
from mail.speech import WORDS, Speech
from starter.collector.answers import RETRY_AFTER
from starter.recipients.pages.language import choose_language
from starter.recipients.recipient import Recipient

HERE: Final = Path(__file__).parent
LANGUAGES: Final = tuple(sorted(path.stem for path in (HERE / WORDS).glob("*.json")))
"""What the pages speak."""

_STYLE: Final = (HERE / "style.css").read_text(encoding="utf-8")
_STYLE_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

UNTRACED: Final = {"Referrer-Policy": "no-referrer", "Cache-Control": "no-store", "X-Robots-Tag": "noindex"}
"""Headers of answers that are no page: an address with somebody's signature in it is to be found nowhere else."""

_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "Vary": "Accept-Language",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex",
}

_log = structlog.get_logger("segue.links")


def status_of(error: InvalidLinkError) -> HTTPStatus:
    """What a link that opens nothing is answered with: it never was, or is no more."""
    return HTTPStatus.GONE if isinstance(error, ExpiredLinkError) else HTTPStatus.NOT_FOUND


class Pages:
    """Renders them for one shop.

    Args:
        shop_url: where to go from a dead end; left out of the pages unless it is a web address.
        shop_name: how the sender is called.
        support: the address of somebody to write to; empty: the sender is named.
    """

    def __init__(self, shop_url: str, shop_name: str, support: str = "") -> None:
        self._environment = Environment(
            loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True
        )
        self._environment.globals |= {
            "shop_url": shop_url if shop_url.startswith(("https://", "http://")) else "",
            "shop": shop_name,
            "support": support or shop_name,
            "style": _STYLE,
        }
        self.shop = shop_name

    def speech(self, request: Request, reader: Recipient | None = None) -> Speech:
        """How to speak to whoever asks: as they chose, else as reported of them, else as their browser wants.

        The customer's own language in the customer's mailbox alone: it tells something of them.
        """
        chosen = locale = None
        if reader is not None and reader.is_at_home:
            chosen, locale = reader.choices.language, reader.customer.locale
        accepted = request.headers.get("accept-language", "")
        language = choose_language(LANGUAGES, chosen, locale, accepted)
        return Speech(HERE, language, locale)

    def page(self, name: str, speech: Speech, status: int = HTTPStatus.OK, **values: object) -> HTMLResponse:
        """One page, by the name of its template."""
        template = self._environment.get_template(f"{name}.html.j2")
        said = template.render(word=speech.word, day=speech.day, language=speech.language, **values)
        return HTMLResponse(said, status, {**_HEADERS, "Content-Language": speech.language})

    def note(self, name: str, speech: Speech, status: int = HTTPStatus.OK, **values: object) -> HTMLResponse:
        """A page of a heading and a paragraph: the words `name` and `name_text`, with the values in its places."""
        return self.page("note", speech, status, about=name, places=values, **values)

    async def answer(self, request: Request, answer: Awaitable[Response]) -> Response:
        """The answer, or the page that tells why there is none: 404 it never was, 410 it is no more, 503 try again."""
        try:
            return await answer
        except InvalidLinkError as error:
            status = status_of(error)
            return self.note("broken", self.speech(request), status)
        except (UnknownMessageError, UnknownCustomerError):
            about = "broken" if request.url.path.startswith("/c/") else "gone"
            return self.note(about, self.speech(request), HTTPStatus.GONE)
        except FormerMailboxError:
            # In the browser's language: the customer's own would tell something of them.
            return self.note("former", self.speech(request), HTTPStatus.GONE)
        except UnavailableError as error:
            _log.warning("a link could not be followed", why=str(error))
            page = self.note("away", self.speech(request), HTTPStatus.SERVICE_UNAVAILABLE)
            page.headers["Retry-After"] = str(RETRY_AFTER)
            return page
