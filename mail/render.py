"""Templates: from a name and a context to subject, preheader, HTML and text.

Jinja2 first, MJML second, for each message. The other way round an HTML parser inside the MJML compiler moves text
out of tables, and with it every `{% if %}` between rows: conditional blocks would always show.

A template is a file `<folder>/<name>.mjml.j2` that extends `layout.mjml.j2` and fills its blocks `subject`,
`preheader` and `content`. A sibling `<name>.<language>.mjml.j2` takes its place for customers of that language. What
the partials say, and how dates and prices look, follows from the language of the template that was found, see
`mail.speech`.
"""

import html
import re
import traceback
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import jinja2
import mrml

from domain.errors import TemplateError
from domain.model import Value
from mail.context import DEFAULT_LANGUAGE, Recipient, RenderContext
from mail.markup import first_problem
from mail.sandbox import Sandbox
from mail.speech import Speech
from mail.text import to_text

SUFFIX: Final = ".mjml.j2"

MAX_SOURCE: Final = 400_000
"""Characters of MJML. Gmail cuts a mail off at 102 kB of HTML; this bound only stops run-away templates."""

MOST_WAYS_TO_SPEAK: Final = 32
"""Languages with the customs of a country, whose compiled templates are kept at a time."""

_NAME = re.compile(r"[a-z0-9_]+(/[a-z0-9_]+)*")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")  # what XML does not allow
_BLANKS = re.compile(r"(?<=>)[ \t]+(?=<)")
_POSITION = re.compile(r"(\d+):\d+$")

# By default a font stack that names Roboto or Open Sans makes each opened mail call fonts.googleapis.com.
_OPTIONS: Final = mrml.RenderOptions(fonts={})


class Body(Value):
    """A rendered mail, before links are tracked. Subject and preheader are plain text on one line."""

    subject: str
    preheader: str
    html: str
    text: str


class Templates:
    """The templates of one folder. Files are read again when they change."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # Jinja compiles constant filters into a template, so that each way to speak needs templates of its own.
        self._speaking = lru_cache(maxsize=MOST_WAYS_TO_SPEAK)(lambda speech: Sandbox(folder, speech))

    def names(self) -> tuple[str, ...]:
        """Name every template that can be rendered, in order; translations are not named apart."""
        files = (path.relative_to(self._folder) for path in self._folder.glob(f"*/**/*{SUFFIX}"))
        names = (path.as_posix().removesuffix(SUFFIX) for path in files)
        return tuple(sorted(name for name in names if _NAME.fullmatch(name) and not name.startswith("partials/")))

    def render(self, name: str, context: RenderContext) -> Body:
        """Render a template for a customer.

        Raises:
            TemplateError: There is no such template, it reads what the context lacks, or its MJML is not sound. The
                message names the template, and the line where one is known.
        """
        template, language = self._find(name, context.customer)
        source = self._source(name, template, {**dict(context), "language": language})
        try:
            compiled = mrml.to_html(source, render_options=_OPTIONS)
        except (OSError, ValueError) as error:
            raise TemplateError(f"{name}: not valid MJML: {error}{_near(source, str(error))}") from error
        subject, preheader = _line(compiled.title or ""), _line(compiled.preview or "")
        if not subject or not preheader:
            raise TemplateError(f"{name}: the block {'preheader' if subject else 'subject'} is empty")
        return Body(subject=subject, preheader=preheader, html=compiled.content, text=to_text(compiled.content))

    def languages(self, name: str) -> tuple[str, ...]:
        """Name the languages that a template is written in, English first."""
        base = self._folder / name
        siblings = (path.name.split(".")[1] for path in base.parent.glob(f"{base.name}.*{SUFFIX}"))
        return (DEFAULT_LANGUAGE, *sorted(language for language in siblings if _NAME.fullmatch(language)))

    def _find(self, name: str, reader: Recipient) -> tuple[jinja2.Template, str]:
        if not _NAME.fullmatch(name):
            raise TemplateError(f"{name!r} is not a template's name: use lower case, digits, underscores and slashes")
        for candidate, language in ((f"{name}.{reader.language}", reader.language), (name, DEFAULT_LANGUAGE)):
            if (self._folder / f"{candidate}{SUFFIX}").is_file():
                environment = self._speaking(Speech(self._folder, language, reader.locale))
                try:
                    return environment.get_template(f"{candidate}{SUFFIX}"), language
                except jinja2.TemplateSyntaxError as error:
                    raise TemplateError(f"{name}: {error.name}, line {error.lineno}: {error.message}") from error
        raise TemplateError(f"{name}: there is no {name}{SUFFIX} in {self._folder}")

    def _source(self, name: str, template: jinja2.Template, variables: dict[str, Any]) -> str:
        """Run Jinja, and check what came out before MJML sees it."""
        pieces: list[str] = []
        size = 0
        try:
            for piece in template.generate(variables):
                size += len(piece)
                if size > MAX_SOURCE:
                    raise TemplateError(f"{name}: renders to more than {MAX_SOURCE:,} characters")
                pieces.append(piece)
        except jinja2.TemplateSyntaxError as error:
            raise TemplateError(f"{name}: {error.name}, line {error.lineno}: {error.message}") from error
        except (jinja2.TemplateError, ArithmeticError, TypeError, ValueError, LookupError, RecursionError) as error:
            raise TemplateError(f"{name}: {self._place(error)}{error}") from error
        # mrml refuses blanks between two tags unless a line break is among them.
        source = _BLANKS.sub("\n", _CONTROL.sub("", "".join(pieces)))
        if problem := first_problem(source):
            raise TemplateError(f"{name}: {problem}")
        return source

    def _place(self, error: Exception) -> str:
        """Name the innermost line of a template that the error passed through."""
        for frame in reversed(traceback.extract_tb(error.__traceback__)):
            if Path(frame.filename).is_relative_to(self._folder):
                return f"{Path(frame.filename).relative_to(self._folder)}, line {frame.lineno}: "
        return ""


def _line(escaped: str) -> str:
    """Plain text on one line: fit for a header."""
    return " ".join(_CONTROL.sub("", html.unescape(escaped)).split())


def _near(source: str, problem: str) -> str:
    """Quote the source around the byte position at the end of mrml's message, which knows no lines."""
    found = _POSITION.search(problem)
    if not found:
        return ""
    start = int(found[1])
    around = source.encode()[max(start - 60, 0) : start + 60].decode(errors="ignore")
    return f", near {' '.join(around.split())!r}"
