"""The preference centre: what its page shows of a recipient.

It shows no name, no whole address and no order: whoever was forwarded the mail sees it, too.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from babel import Locale, UnknownLocaleError
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.civil import zone_or_default
from domain.gate import ConsentRule
from domain.message import WENT_OUT, Kind
from domain.preferences import PAUSE, Frequency, frequency_of, read_preferences
from domain.profile import ALL_MARKETING
from domain.sources import SOURCES
from mail.context import DEFAULT_LANGUAGE, TEMPLATES
from mail.context import Recipient as Reader
from mail.speech import WORDS, Speech
from starter.recipients.recipient import Recipient
from storage.allowances import Allowance, Allowances
from storage.enrollments import Enrollments
from storage.ledger import Ledger, LedgerRow
from storage.permissions import Permissions
from storage.suppressions import Suppressions
from workflows.catalogue import JOURNEYS
from workflows.data_request import DataRequest
from workflows.vocabulary import Journey

LATELY: Final = timedelta(days=90)
"""How far back the page tells what was sent."""

MOST_LATELY: Final = 6


def topics_of(journeys: Mapping[str, type[Journey]]) -> tuple[str, ...]:
    """The topics that recipients choose among: of all journeys but those that send nothing but what is owed."""
    return tuple(dict.fromkeys(each.plan.topic for _, each in sorted(journeys.items()) if not each.plan.owed))


def idle_topics(journeys: Mapping[str, type[Journey]], *, off: Collection[str], sources_run: bool) -> frozenset[str]:
    """The topics of which this deployment begins no journey: they are switched off, or sources alone would begin them.

    Whether a shop will ever report an event that begins a journey is not known, so that is not asked.
    """
    found_alone = frozenset(source.event for source in SOURCES.values())
    begun = set[str]()
    for name, each in journeys.items():
        by = each.plan.trigger.names()
        if name not in off and (sources_run or by is None or not by <= found_alone):
            begun.add(each.plan.topic)
    return frozenset(topics_of(journeys)) - begun


def languages_of(templates: Path = TEMPLATES) -> tuple[str, ...]:
    """The languages that mails are written in."""
    return tuple(sorted(path.stem for path in (templates / WORDS).glob("*.json")))


@dataclass(frozen=True)
class Offered:
    """What a deployment lets its recipients choose among."""

    topics: Sequence[str] = field(default_factory=lambda: topics_of(JOURNEYS))
    idle: Collection[str] = ()
    """Of the topics, those that only they are shown who know of them; see `idle_topics`."""
    languages: Sequence[str] = field(default_factory=languages_of)
    consent: ConsentRule = ConsentRule.RECORDED
    default_zone: str = "UTC"


@dataclass(frozen=True)
class Topic:
    """A topic, in the recipient's language."""

    name: str
    title: str
    line: str
    on: bool

    @property
    def wording(self) -> str:
        """What somebody agrees to who switches it on."""
        return f"{self.title}: {self.line}" if self.line else self.title


@dataclass(frozen=True)
class Centre:
    """Everything the page shows. Moments are in the recipient's zone."""

    address: str
    barred: str | None
    """Why nothing at all goes to the address, as `Suppressions.reason` says; None: it does."""
    gets_none: bool
    """All marketing is switched off."""
    topics: Sequence[Topic]
    frequency: Frequency
    paused_until: datetime | None
    pause_would_end: datetime
    language: str
    languages: Sequence[tuple[str, str]]
    why: str
    sent_on: datetime | None
    lately: Sequence[tuple[datetime, str]]
    """What else was sent, the newest first: its topic, or in words that it is no marketing."""

    @property
    def language_name(self) -> str:
        """The language by its own name."""
        return dict(self.languages).get(self.language, self.language)


async def read_centre(
    session: AsyncSession, recipient: Recipient, offered: Offered, speech: Speech, *, now: datetime, shop: str
) -> Centre:
    """Read what the page of a recipient shows."""
    customer = recipient.customer
    zone = zone_or_default(customer.timezone, offered.default_zone)
    allowance = (await Allowances(session).of([customer]))[customer.id]
    known = await _known_topics(session, recipient, allowance) if offered.idle else frozenset[str]()
    sent_at = recipient.row.sent_at
    return Centre(
        address=recipient.masked_address,
        barred=await Suppressions(session).reason(customer.id),
        gets_none=await gets_none(session, recipient),
        topics=sorted(
            (
                read_topic(name, speech, on=_is_on(allowance, name, offered))
                for name in offered.topics
                if name not in offered.idle or name in known
            ),
            key=lambda topic: (topic.name != recipient.row.topic, topic.title),  # what this mail is about comes first
        ),
        frequency=frequency_of(customer.traits, recipient.choices),
        paused_until=paused_until(recipient, now=now, default_zone=offered.default_zone),
        pause_would_end=(now + PAUSE).astimezone(zone),
        language=mail_language(recipient, offered),
        languages=[(language, name_of(language)) for language in offered.languages],
        why=_why(recipient, speech, shop),
        sent_on=sent_at.astimezone(zone) if sent_at else None,
        lately=[(at.astimezone(zone), _what(row, speech)) for at, row in await _lately(session, recipient, now)],
    )


def paused_until(recipient: Recipient, *, now: datetime, default_zone: str) -> datetime | None:
    """When the break ends that the recipient takes, in their zone; None: they take none."""
    until = recipient.choices.paused_until
    if until is None or until <= now:
        return None
    return until.astimezone(zone_or_default(recipient.customer.timezone, default_zone))


async def gets_none(session: AsyncSession, recipient: Recipient) -> bool:
    """Whether the recipient has switched off all marketing, here or as a backend reports it."""
    wants_none = read_preferences(recipient.customer.traits, recipient.choices).wants_none
    return wants_none or ALL_MARKETING in await Permissions(session).opt_outs(recipient.customer.id)


def mail_language(recipient: Recipient, offered: Offered) -> str:
    """The language that the recipient's mails are written in."""
    reported = Reader(locale=recipient.customer.locale).language
    wanted = (recipient.choices.language or reported, reported)
    return next((language for language in wanted if language in offered.languages), DEFAULT_LANGUAGE)


def read_topic(name: str, speech: Speech, *, on: bool = False) -> Topic:
    """A topic in words; one without any is called by its name."""
    title = name[:1].upper() + name[1:]
    return Topic(name, _said(speech, f"topic.{name}", title), _said(speech, f"topic.{name}.line", ""), on)


def name_of(language: str) -> str:
    """A language by its own name: `Deutsch`."""
    try:
        name = Locale.parse(language).get_display_name(language)
    except (ValueError, UnknownLocaleError):
        name = None
    return name[:1].upper() + name[1:] if name else language


async def _known_topics(session: AsyncSession, recipient: Recipient, allowance: Allowance) -> frozenset[str]:
    """The topics of what was sent to a recipient, of what is under way for them, and of what they said themselves."""
    running = await Enrollments(session).running([recipient.customer.id])
    about = {JOURNEYS[row.journey].plan.topic for row in running if row.journey in JOURNEYS}
    sent = await Ledger(session).topics_sent(recipient.customer.id)
    return frozenset(about) | sent | allowance.said.keys() | allowance.opted_out


def _is_on(allowance: Allowance, topic: str, offered: Offered) -> bool:
    """Whether consent and opt-outs let mail about it go; that all mail is switched off is told apart."""
    return allowance.model_copy(update={"barred": False, "wants_none": False}).allows(topic, offered.consent)


def _why(recipient: Recipient, speech: Speech, shop: str) -> str:
    row = recipient.row
    topic = read_topic(row.topic, speech).title
    return _said(speech, f"why.{row.journey}", "", shop=shop) or _said(speech, "why_unknown", "", topic=topic)


async def _lately(session: AsyncSession, recipient: Recipient, now: datetime) -> list[tuple[datetime, LedgerRow]]:
    newest = await Ledger(session).list(recipient.customer.id, limit=10 * MOST_LATELY)
    sent = [
        (row.sent_at, row)
        for row in reversed(newest)
        if row.status in WENT_OUT and row.sent_at and row.sent_at > now - LATELY and row.id != recipient.row.id
    ]
    return sent[:MOST_LATELY]


def _what(row: LedgerRow, speech: Speech) -> str:
    """What a mail was, without telling of an order."""
    if row.journey == DataRequest.plan.name:
        return speech.word("why_asked_for")
    return speech.word("why_owed") if row.kind is Kind.TRANSACTIONAL else read_topic(row.topic, speech).title


def _said(speech: Speech, name: str, otherwise: str, /, **values: str) -> str:
    try:
        return speech.word(name, **values)
    except LookupError:
        return otherwise
