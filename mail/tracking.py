"""Tracked links: each web link of a mail leads over the collector, which records the click and redirects.

The real targets stay here, with the message; a link carries only a number. Links to mail, phone and anchors are
left alone, and so is whatever the caller names (the unsubscribe link must work without the click's redirect).
"""

import re
from collections.abc import Callable, Collection
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit

from selectolax.lexbor import LexborHTMLParser

from domain.model import Value

_WEB_LINK = re.compile(r"https?://", re.IGNORECASE)

# An address in text ends before white space, quotes and angle brackets (RFC 3986, appendix C), and before the
# punctuation of the sentence around it.
_ADDRESS_IN_TEXT = re.compile(r"""https?://[^\s<>"']*[^\s<>"'.,;:!?)\]]""", re.IGNORECASE)


class Campaign(Value):
    """What web analytics shall see of where a visit came from."""

    journey: str
    step: str


class Tracked(Value):
    """A body with tracked links. Link number i leads to `targets[i]`."""

    html: str
    text: str
    targets: tuple[str, ...]


def track(
    html: str,
    text: str,
    *,
    campaign: Campaign,
    link: Callable[[int], str],
    untouched: Collection[str] = (),
) -> Tracked:
    """Replace the web links of both bodies by tracked ones.

    Args:
        html: A whole document; everything but `href` stays as it is, Outlook's conditional comments included.
        text: The plain-text body. A link in both bodies gets one number.
        campaign: Goes into the targets as UTM parameters, unless the author has set them.
        link: Makes the tracked link of a number, e.g. `functools.partial(links.click, message)`.
        untouched: Addresses to leave alone.
    """
    numbers: dict[str, int] = {}

    def tracked(address: str) -> str:
        target = _with_utm(address, campaign)
        if target is None or address in untouched:
            return address
        return link(numbers.setdefault(target, len(numbers)))

    document = LexborHTMLParser(html)
    for anchor in document.css("a[href], area[href]"):
        address = (anchor.attributes["href"] or "").strip()
        if _WEB_LINK.match(address):
            anchor.attrs["href"] = tracked(address)
    plain = _ADDRESS_IN_TEXT.sub(lambda match: tracked(match[0]), text)
    return Tracked(html=document.html or "", text=plain, targets=tuple(numbers))


def _with_utm(address: str, campaign: Campaign) -> str | None:
    """Add the UTM parameters, or return None where the address is none. What the query held stays byte for byte."""
    try:
        parts: SplitResult = urlsplit(address)
    except ValueError:
        return None
    if not parts.netloc:
        return None
    utm = {
        "utm_source": "segue",
        "utm_medium": "email",
        "utm_campaign": campaign.journey,
        "utm_content": campaign.step,
    }
    present = {name for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
    added = urlencode({name: value for name, value in utm.items() if name not in present})
    return parts._replace(query="&".join(part for part in (parts.query, added) if part)).geturl()
