"""What the rules look at: one rendered mail, with what it was rendered from."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from selectolax.lexbor import LexborHTMLParser, LexborNode

from mail.context import RenderContext
from mail.render import Body

_SHORTEST: Final = 3
"""Shorter values of a context are words that a template may use by itself."""

_SURE: Final = 18
"""Templates shorten long names. So many characters at the beginning of a value are taken for the value."""

DATA: Final = "\N{OBJECT REPLACEMENT CHARACTER}"
"""Stands where a mail shows the shop's or the customer's data: the author is not to blame for these words."""


@dataclass(frozen=True, eq=False)
class Mail:
    """One template, rendered for one sample customer in one language."""

    template: str
    language: str
    sample: str
    context: RenderContext
    body: Body
    transactional: bool = False
    """Owed to the customer, by its layout: such mail has nothing to unsubscribe from."""
    english: "Mail | None" = None
    """The same mail in the default language, where this is a translation."""
    lacks: tuple[str, ...] = ()
    """Languages that other templates of its folder have, and it has not."""
    failure: str = ""
    """Why it could not be rendered; its body is empty then."""

    @cached_property
    def page(self) -> LexborHTMLParser:
        """The HTML, parsed."""
        return LexborHTMLParser(self.body.html)

    @property
    def calls(self) -> list[LexborNode]:
        """The buttons that `parts.call_to_action` made."""
        return self.page.css(".cta a[href]")

    @property
    def links(self) -> list[LexborNode]:
        """Everything that leads somewhere."""
        return self.page.css("a, area")

    @cached_property
    def shown(self) -> str:
        """The words of the HTML body as they are seen, on one line."""
        return words_of(self.page.body) if self.page.body else ""

    @cached_property
    def copy(self) -> tuple[str, str, tuple[str, ...]]:
        """The author's own words: subject, preheader, the lines of the text body. Data is blotted out."""
        body = self.without_data(_ADDRESS.sub("", self.body.text))
        lines = tuple(line for line in body.splitlines() if line.strip())
        return self.without_data(self.body.subject), self.without_data(self.body.preheader), lines

    def without_data(self, words: str) -> str:
        """Blot out whatever comes from the context."""
        for value in self._data:
            at = words.find(value[:_SURE])
            while at >= 0:
                end = at + _common(words[at:], value)
                words = words[:at] + DATA + words[end:].removeprefix("…")
                at = words.find(value[:_SURE], at + 1)
        return words

    @cached_property
    def _data(self) -> list[str]:
        values = {" ".join(value.split()) for value in _texts(self.context.model_dump(mode="json", exclude=_SETTINGS))}
        return sorted((value for value in values if len(value) >= _SHORTEST), key=len, reverse=True)


_ADDRESS = re.compile(r"[ ]?<?\b(?:https?://|mailto:)[^\s>]+>?")
_SETTINGS: Final[dict[str, Any]] = {"customer": {"tier", "locale"}, "offer": {"kind"}, "unsubscribe_url": True}


def quote(node: LexborNode) -> str:
    """Show an element's opening tag, shortened."""
    return shortened(((node.html or "").split(">")[0] + ">").replace("\n", " "))


def shortened(words: str, at_most: int = 100) -> str:
    """Put words on one line, and cut them off."""
    line = " ".join(words.replace(DATA, "…").split())
    return line if len(line) <= at_most else line[: at_most - 1].rstrip() + "…"


def words_of(node: LexborNode) -> str:
    """The words below a node, on one line."""
    return " ".join((node.text(separator=" ") or "").split())


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)


def _common(words: str, value: str) -> int:
    """How many characters two texts have in common at their beginning."""
    number = 0
    for one, other in zip(words, value, strict=False):
        if one != other:
            break
        number += 1
    return number
