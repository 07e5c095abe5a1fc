"""Mails as they would look, for nobody: any template for any sample customer, in any language, light or dark."""

import re
from pathlib import Path
from typing import Final

from domain.errors import ConfigurationError
from mail.context import TEMPLATES, RenderContext, samples
from mail.render import SUFFIX, Body, Templates

MADE_FOR: Final = "everything"
"""The sample customer that is shown unless another is wanted: one of whom everything is known."""

PICTURES: Final = TEMPLATES.parent / "samples" / "shop" / "images"
"""The pictures of the sample shop, which the sample customers' mails show."""

_PICTURES_AT: Final = "https://shop.example/images/"
_SCHEMES = re.compile(r"(color-schemes?(?:: |\" content=\"))light dark")
_DARK_RULES = re.compile(r"@media\s*\(prefers-color-scheme:\s*dark\)")


class Previews:
    """Renders the templates of a folder for its sample customers, and keeps what it made until a file changes."""

    def __init__(self, folder: Path = TEMPLATES) -> None:
        self._folder = folder
        self._templates = Templates(folder)
        self._as_of: tuple[int, int] | None = None
        self.refresh()

    def refresh(self) -> None:
        """Look whether a file changed: who writes a mail wants to see it, and not yesterday's. Takes milliseconds."""
        files = [path for pattern in (f"**/*{SUFFIX}", "**/*.json") for path in self._folder.glob(pattern)]
        as_of = len(files), max((path.stat().st_mtime_ns for path in files), default=0)
        if as_of == self._as_of:
            return
        self.samples = samples(self._folder / "samples")
        """The sample customers by name, in order."""
        self.languages = {name: self._templates.languages(name) for name in self._templates.names()}
        """All mails by name, in order, with the languages they are written in, English first."""
        self._bodies: dict[tuple[str, str, str | None], Body] = {}
        self._as_of = as_of

    def context(self, sample: str, language: str | None = None) -> RenderContext:
        """What a sample customer's mails are rendered from. With a language it is as if they read that.

        Raises:
            ConfigurationError: There is no such sample.
        """
        found = self.samples.get(sample)
        if found is None:
            raise ConfigurationError(f"there is no sample {sample!r}; there are {', '.join(self.samples)}")
        if language is None or language == found.customer.language:
            return found
        return found.model_copy(update={"customer": found.customer.model_copy(update={"locale": language})})

    def body(self, name: str, sample: str = MADE_FOR, language: str | None = None) -> Body:
        """Render a mail for a sample customer, through the same code as those that are sent.

        Raises:
            ConfigurationError: There is no such sample.
            TemplateError: There is no such template, or it does not render.
        """
        context, wanted = self.context(sample, language), (name, sample, language)
        if wanted not in self._bodies:
            self._bodies[wanted] = self._templates.render(name, context)
        return self._bodies[wanted]


def as_seen(html: str, *, dark: bool) -> str:
    """A mail's HTML as a reader sees it who prefers a dark or a light screen, whatever this one prefers."""
    shown = _DARK_RULES.sub("@media all" if dark else "@media not all", html)
    return _SCHEMES.sub(r"\1dark" if dark else r"\1light", shown)


def with_pictures(html: str, at: str = "") -> str:
    """A sample customer's mail with pictures that can be seen, although its shop is nowhere.

    Args:
        html: The mail.
        at: Where the pictures are served, with a slash at its end. By default they are read from their files.
    """
    return html.replace(_PICTURES_AT, at or f"{PICTURES.as_uri()}/")
