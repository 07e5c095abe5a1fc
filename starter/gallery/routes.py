"""The gallery's pages: all mails at a glance, and each light, dark, narrow and as plain text. No script runs in them.

A thumbnail is the mail itself in a frame that is made small. What does not render is shown with its error in its
place, since whoever looks here is most likely writing it.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from itertools import groupby
from pathlib import Path
from typing import Annotated, Final, Literal
from urllib.parse import urlencode

import jinja2
from fastapi import APIRouter, HTTPException, Query
from fastapi.responses import FileResponse, HTMLResponse

from domain.errors import TemplateError
from mail.preview import MADE_FOR, PICTURES, Previews, as_seen, with_pictures
from mail.render import Body

View = Literal["light", "dark", "narrow", "text"]
Sample = Annotated[str, Query(max_length=100)]
Language = Annotated[str, Query(max_length=8)]
"""Empty: the sample customer's own."""

LOADERS: Final = [jinja2.FileSystemLoader(Path(__file__).parent / folder) for folder in ("pages", "../inbox/pages")]

_PICTURES_AT: Final = "/gallery/pictures/"
_PICTURE: Final = re.compile(r"[a-z0-9-]{1,60}")

Page = Callable[..., HTMLResponse]


@dataclass(frozen=True)
class Shown:
    """One mail in the gallery. Where it does not render there is no body, but a problem."""

    name: str
    languages: tuple[str, ...]
    body: Body | None
    problem: str = ""

    @property
    def journey(self) -> str:
        """The folder it lies in."""
        return self.name.partition("/")[0]

    @property
    def title(self) -> str:
        """Its name for people."""
        return self.name.partition("/")[2].replace("_", " ")


def create_gallery_router(previews: Previews, page: Page, body_headers: dict[str, str]) -> APIRouter:
    """Make the routes.

    Args:
        previews: the mails.
        page: renders one of the pages; see `starter.inbox.app`.
        body_headers: what a mail's HTML is served with.
    """
    router = APIRouter(prefix="/gallery", include_in_schema=False)
    looking = _Looking(previews)

    @router.get("")
    def show_all(sample: Sample = MADE_FOR, language: Language = "") -> HTMLResponse:
        looking.require(sample)
        mails = [looking.at(name, sample, language) for name in previews.languages]
        journeys = [(journey, list(group)) for journey, group in groupby(mails, key=lambda mail: mail.journey)]
        return page("gallery.html", journeys=journeys, **looking.choices(sample, language))

    @router.get("/pictures/{picture}.png")
    def show_picture(picture: str) -> FileResponse:
        file = PICTURES / f"{picture}.png"
        if not _PICTURE.fullmatch(picture) or not file.is_file():
            raise HTTPException(HTTPStatus.NOT_FOUND)
        return FileResponse(file, headers={"X-Content-Type-Options": "nosniff"})

    @router.get("/{name:path}/body")
    def show_body(name: str, sample: Sample = MADE_FOR, language: Language = "", view: View = "light") -> HTMLResponse:
        looking.require(sample)
        mail = looking.at(name, sample, language)
        html = with_pictures(as_seen(mail.body.html, dark=view == "dark"), _PICTURES_AT) if mail.body else ""
        return HTMLResponse(html.replace("<head>", '<head><base target="_blank">', 1), headers=body_headers)

    @router.get("/{name:path}")
    def show_one(name: str, sample: Sample = MADE_FOR, language: Language = "", view: View = "light") -> HTMLResponse:
        looking.require(sample)
        mail = looking.at(name, sample, language)
        return page("mail.html", mail=mail, view=view, **looking.choices(sample, language))

    return router


class _Looking:
    """What the pages share: the mail in question, and what may be chosen."""

    def __init__(self, previews: Previews) -> None:
        self._previews = previews

    def require(self, sample: str) -> None:
        self._previews.refresh()
        if sample not in self._previews.samples:
            raise HTTPException(HTTPStatus.NOT_FOUND)

    def at(self, name: str, sample: str, language: str) -> Shown:
        languages = self._previews.languages.get(name)
        if languages is None:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        try:
            return Shown(name, languages, self._previews.body(name, sample, language or None))
        except TemplateError as error:
            return Shown(name, languages, None, str(error))

    def choices(self, sample: str, language: str) -> dict[str, object]:
        return {
            "sample": sample,
            "language": language,
            "samples": list(self._previews.samples),
            "languages": sorted({each for spoken in self._previews.languages.values() for each in spoken}),
            "query": urlencode({"sample": sample, "language": language}),
        }
