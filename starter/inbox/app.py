"""The inbox's pages and its JSON: read what was mailed, without a mail program and without anything leaving the house.

A mail's HTML is somebody else's: it is shown in a frame that may run no script and reach no cookie, and carries the
same rule as a header, in case it is opened by itself.
"""

from http import HTTPStatus
from typing import Annotated, Final, Literal

import jinja2
from fastapi import FastAPI, Header, HTTPException
from fastapi.responses import HTMLResponse, PlainTextResponse, RedirectResponse

from mail.preview import Previews
from starter.gallery.routes import LOADERS, create_gallery_router
from starter.inbox.mailbox import Letter, Mailbox, Summary

View = Literal["html", "phone", "text", "headers", "source"]

_PAGE_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
_BODY_HEADERS: Final = {
    **_PAGE_HEADERS,
    "Content-Security-Policy": "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; "
    "img-src http: https: data:; style-src 'unsafe-inline'",
}

_pages = jinja2.Environment(
    loader=jinja2.ChoiceLoader(LOADERS),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def create_app(mailbox: Mailbox) -> FastAPI:
    """Build the web application over a mailbox, with the gallery of all mails beside it."""
    app = FastAPI(title="Segue inbox", docs_url=None, redoc_url=None, openapi_url=None)
    _add_api(app, mailbox)
    _add_pages(app, mailbox)
    app.include_router(create_gallery_router(Previews(), _page, _BODY_HEADERS))
    return app


def _add_api(app: FastAPI, mailbox: Mailbox) -> None:
    @app.get("/api/messages")
    def list_messages() -> list[Summary]:
        """List all mails, oldest first."""
        return mailbox.summaries()

    @app.get("/api/messages/{message}")
    def read_message(message: str) -> Letter:
        """Read one mail, with bodies, headers and links."""
        return _letter(mailbox, message)

    @app.delete("/api/messages", status_code=HTTPStatus.NO_CONTENT)
    def delete_messages() -> None:
        """Throw all mails away."""
        mailbox.clear()


def _add_pages(app: FastAPI, mailbox: Mailbox) -> None:
    @app.get("/", response_class=HTMLResponse)
    def show_list() -> HTMLResponse:
        return _page("list.html", letters=mailbox.summaries()[::-1])

    @app.get("/messages/{message}", response_class=HTMLResponse)
    def show_message(message: str, view: View = "html") -> HTMLResponse:
        letter = _letter(mailbox, message)
        if letter.html is None and view in {"html", "phone"}:
            view = "text"
        source = (mailbox.raw(message) or b"").decode("utf-8", errors="replace") if view == "source" else ""
        return _page("message.html", letter=letter, view=view, source=source)

    @app.get("/messages/{message}/body", response_class=HTMLResponse)
    def show_body(message: str) -> HTMLResponse:
        html = _letter(mailbox, message).html or ""
        return HTMLResponse(html.replace("<head>", '<head><base target="_blank">', 1), headers=_BODY_HEADERS)

    @app.post("/clear")
    def clear(sec_fetch_site: Annotated[str, Header()] = "none") -> RedirectResponse:
        if sec_fetch_site not in {"none", "same-origin"}:  # a form on somebody else's page
            raise HTTPException(HTTPStatus.FORBIDDEN)
        mailbox.clear()
        return RedirectResponse("/", status_code=HTTPStatus.SEE_OTHER)

    @app.exception_handler(HTTPStatus.NOT_FOUND)
    def show_missing(_request: object, _error: Exception) -> PlainTextResponse:
        return PlainTextResponse(
            "There is no such mail here. It may have been cleared away.", status_code=HTTPStatus.NOT_FOUND
        )


def _letter(mailbox: Mailbox, message: str) -> Letter:
    letter = mailbox.letter(message)
    if letter is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return letter


def _page(name: str, **shown: object) -> HTMLResponse:
    return HTMLResponse(_pages.get_template(name).render(shown), headers=_PAGE_HEADERS)
