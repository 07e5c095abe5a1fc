"""Machines: tells opens and clicks of programs from those of people, with the reason. Pure.

Mail programs that load every picture beforehand, and gateways that try every link, look like the keenest readers. In
doubt it was a person: a reaction that is missed costs a sale, one too many costs a better mail. So a browser's words
are believed, unless it is quicker than a person can be. Sources: Apple's "Use Mail Privacy Protection"
(support.apple.com/guide/mail/mlhl03be2866), Gmail's image proxy (support.google.com/mail/answer/145919), Twilio
SendGrid's event reference (`sg_machine_open`), Mailgun's `client-info.bot`, RFC 9110 (9.3.2) on HEAD, and the names
under which programs introduce themselves.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from ipaddress import ip_address, ip_network
from typing import Final

from domain.event import EMAIL_CLICKED_BY_MACHINE, EMAIL_LINK_CLICKED, Event
from domain.model import Instant, Value

QUICKEST_CLICK: Final = timedelta(seconds=4)
"""From the hand-over, not the delivery. Nobody gets, opens, reads and clicks a mail sooner; scanners do it at once.
Eight seconds are a person who waited for the mail."""

QUICKEST_OPEN: Final = timedelta(seconds=1)
"""Somebody who looks into the open mailbox sees a mail as it comes."""

SWEEP: Final = timedelta(seconds=3)
SWEPT_LINKS: Final = 3
"""So many different links of one mail within `SWEEP`: a gateway that tries them all. Two are a person's second tab."""

_PEOPLES_PROXIES: Final = re.compile(r"GoogleImageProxy|ggpht\.com|YahooMailProxy", re.IGNORECASE)
"""Load a picture when the mail is opened, for the person who opens it: whose address that is says nothing."""

_APPLE: Final = ip_network("17.0.0.0/8")
"""Apple's own network. Its relays' further addresses are those of its partners, and of Safari's readers."""

_NAMED: Final = re.compile(
    # Gateways and link scanners, by the names they give themselves.
    r"barracuda|mimecast|proofpoint|urldefense|ironport|cisco.?secure|fortinet|fortimail|sophos|trend.?micro|\btmes\b"
    r"|symantec|messagelabs|forcepoint|websense|checkpoint|zscaler|\bvade|bitdefender|kaspersky|f-secure|safelinks"
    r"|google-safety|virustotal|urlscan|phish|scanner"
    # Previews in chats, and crawlers.
    r"|(?<!cu)bot\b|crawl|spider|slurp|preview|facebookexternalhit|whatsapp/|slack-|skypeuripreview|embedly"
    # Browsers without a screen, and programming libraries.
    r"|headless|phantomjs|puppeteer|playwright|selenium"
    r"|^(curl|wget|python|java|okhttp|go-http|ruby|perl|libwww|lwp|axios|node|undici|got|php|guzzle|apache-httpclient"
    r"|httpie|aiohttp|postman)\b",
    re.IGNORECASE,
)

_BARE: Final = "Mozilla/5.0"
"""All that Apple's proxy says of itself; no browser stops there."""

_BEFOREHAND: Final = re.compile(r"prefetch|preview|prerender", re.IGNORECASE)
"""In Purpose, Sec-Purpose or X-Moz: a browser that loads a page nobody has asked for yet."""


class Contact(Value):
    """One request for a link or a picture of a mail, as far as it is known."""

    at: Instant
    handed_over_at: Instant | None = None
    """When the mail was given to the provider."""
    agent: str | None = None
    """The header User-Agent: empty where the request had none, None where nobody told."""
    address: str | None = None
    """The IP address it came from."""
    purpose: str = ""
    """The headers Purpose, Sec-Purpose and X-Moz, joined."""
    flagged: str = ""
    """What the provider itself says it was, if it says a machine."""

    @classmethod
    def read(cls, headers: Mapping[str, str], at: Instant, address: str | None) -> "Contact":
        """From a request's headers, which are looked up in lower case."""
        purpose = " ".join(headers.get(name, "") for name in ("purpose", "sec-purpose", "x-purpose", "x-moz"))
        return cls(at=at, agent=headers.get("user-agent", ""), address=address, purpose=purpose)


class EarlierClick(Value):
    """A click on another link, or the same, of the same mail."""

    at: Instant
    link: str


def earlier_clicks(events: Iterable[Event], message: str) -> list[EarlierClick]:
    """The clicks in a mail among some events, of people and of machines. `message` is its ledger id."""
    clicks = (event for event in events if event.name in (EMAIL_LINK_CLICKED, EMAIL_CLICKED_BY_MACHINE))
    mine = (event for event in clicks if event.properties.get("message") == message)
    return [EarlierClick(at=event.occurred_at, link=str(event.properties.get("link"))) for event in mine]


def opened_by(contact: Contact) -> str | None:
    """Which kind of machine opened the mail, in a few words; None: a person did, as far as one can tell."""
    if contact.flagged:
        return contact.flagged
    if contact.agent is not None and _PEOPLES_PROXIES.search(contact.agent):
        return None
    if contact.agent == _BARE or _is_apples(contact.address):
        return "apple mail privacy protection"
    return _by_its_words(contact) or _too_quick(contact, QUICKEST_OPEN)


def clicked_by(contact: Contact, link: str, earlier: Sequence[EarlierClick] = ()) -> str | None:
    """Which kind of machine followed a link; None: a person did, as far as one can tell.

    Args:
        contact: the request.
        link: which link it was.
        earlier: other clicks in the same mail, of people or not, in any order.
    """
    if contact.flagged:
        return contact.flagged
    if contact.agent == _BARE:
        return "scanner (a browser without a name)"
    lately = {each.link for each in earlier if abs(contact.at - each.at) <= SWEEP} | {link}
    swept = "scanner (many links at once)" if len(lately) >= SWEPT_LINKS else None
    return _by_its_words(contact) or _too_quick(contact, QUICKEST_CLICK) or swept


def _by_its_words(contact: Contact) -> str | None:
    if _BEFOREHAND.search(contact.purpose):
        return "prefetch"
    if contact.agent is None:
        return None
    if not contact.agent.strip():
        return "scanner (no user agent)"
    return "scanner (by its name)" if _NAMED.search(contact.agent) else None


def _too_quick(contact: Contact, quickest: timedelta) -> str | None:
    if contact.handed_over_at is None:
        return None
    # Clocks differ: what a provider dates before the hand-over was quick, unless it is another day's.
    took = contact.at - contact.handed_over_at
    return "scanner (too quick)" if -timedelta(minutes=1) <= took < quickest else None


def _is_apples(address: str | None) -> bool:
    try:
        return address is not None and ip_address(address) in _APPLE
    except ValueError:
        return False
