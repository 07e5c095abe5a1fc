"""Which language a page speaks."""

from collections.abc import Iterator, Sequence

from mail.context import DEFAULT_LANGUAGE

_MOST_TAGS = 20
"""Read of one header. Browsers send a handful."""


def choose_language(known: Sequence[str], chosen: str | None, locale: str | None, accepted: str) -> str:
    """The first of these that the pages speak, else English.

    Args:
        known: languages that there are words for.
        chosen: the recipient's own choice.
        locale: as reported of them (BCP 47), e.g. `de-AT`.
        accepted: an Accept-Language header (RFC 9110, 12.5.4).
    """
    wanted = (chosen or "", _primary(locale or ""), *_accepted(accepted))
    return next((language for language in wanted if language in known), DEFAULT_LANGUAGE)


def _accepted(header: str) -> Iterator[str]:
    """Primary languages, the best liked first; what is weighed 0 or not at all readable is left out."""
    weighed = []
    for part in header.split(",")[:_MOST_TAGS]:
        tag, _, weight = part.partition(";")
        try:
            liked = float(weight.strip().removeprefix("q=")) if weight.strip() else 1.0
        except ValueError:
            continue
        if liked > 0:
            weighed.append((liked, _primary(tag)))
    yield from (language for _, language in sorted(weighed, key=lambda each: -each[0]))


def _primary(tag: str) -> str:
    return tag.replace("_", "-").split("-")[0].strip().lower()
