"""What a recipient's form changes, in one transaction. Only what differs from what the page showed is changed.

Recipients are held (`hold_recipient`): what they choose lands on whoever they are by then, and on nobody forgotten.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlmodel.ext.asyncio.session import AsyncSession

from domain.clock import Clock
from domain.errors import PermanentError
from domain.event import UNSUBSCRIBED
from domain.preferences import PAUSE, Choices, Frequency, read_preferences
from domain.profile import ALL_MARKETING
from domain.withdrawal import Page, report_id, said_on
from mail.speech import Speech
from starter.recipients.centre import Offered, read_topic
from starter.recipients.recipient import Recipient
from storage.events import EventStore
from storage.permissions import Consent, Permissions
from storage.preferences import PreferenceLog
from storage.suppressions import Suppressions

BEGIN, END = "begin", "end"
"""What the form says of the pause."""

Form = Mapping[str, Sequence[str]]
"""As `urllib.parse.parse_qs` reads it."""


class Deed(StrEnum):
    """What a form of the page does, as its field `do` says. The values stand in the addresses of what comes of it."""

    SAVE = "save"
    LEAVE = "leave"
    """Refuse all marketing."""
    UNDO = "undo"
    """Take back what was refused here."""
    RETURN = "return"
    """Take marketing again, wherever it was refused."""
    EXPORT = "export"
    ERASURE = "erasure"


class InvalidChoiceError(PermanentError):
    """A form holds what its page did not offer. `field` is the id of the part of the page."""

    def __init__(self, field: str) -> None:
        super().__init__(f"{field}: not one of the choices: take one that the page offers")
        self.field = field


@dataclass(frozen=True)
class Wishes:
    """What the form changes. None: nothing of it was touched."""

    on: Sequence[str] = ()
    """Topics that were switched on."""
    off: Sequence[str] = ()
    frequency: Frequency | None = None
    pause: str | None = None
    language: str | None = None


def read_deed(form: Form) -> Deed:
    """What a form does.

    Raises:
        InvalidChoiceError: nothing that the page offers.
    """
    [said] = form.get("do", [""])[-1:]
    try:
        return Deed(said)
    except ValueError:
        raise InvalidChoiceError("topics") from None


def read_wishes(form: Form, offered: Offered) -> Wishes:
    """Read the form that is saved.

    What stands in it as shown tells a choice from a default that was saved along with another: since the page was
    opened a backend may have reported something else, and what nobody touched is not the recipient's word.

    Raises:
        InvalidChoiceError: a value that the page does not offer.
    """
    shown, ticked = set(form.get("shown_topic", ())), set(form.get("topic", ()))
    if not ticked <= set(offered.topics):
        raise InvalidChoiceError("topics")
    frequency = _changed(form, "frequency", [each.value for each in Frequency])
    return Wishes(
        on=[topic for topic in offered.topics if topic in ticked - shown],
        off=[topic for topic in offered.topics if topic in shown - ticked],
        frequency=Frequency(frequency) if frequency else None,
        pause=_changed(form, "pause", [BEGIN, END]),
        language=_changed(form, "language", offered.languages),
    )


def _changed(form: Form, name: str, among: Sequence[str]) -> str | None:
    [said] = form.get(name, [""])[-1:]
    if said and said not in among:
        raise InvalidChoiceError(name)
    return said if said and said not in form.get(f"shown_{name}", ()) else None


async def fulfil(session: AsyncSession, recipient: Recipient, wishes: Wishes, speech: Speech, clock: Clock) -> None:
    """Record what the recipient wishes, with the mail whose link they used. Running journeys hear of what is off."""
    now, source, customer = clock.now(), recipient.row.id, recipient.customer.id
    for topic in wishes.off:
        await unsubscribe(session, recipient, topic, clock, Page.CENTRE)
    permissions, log = Permissions(session), PreferenceLog(session)
    await Suppressions(session).end_sunset(customer, now)  # whoever chooses is there: what stays switched on is wanted
    for topic in wishes.on:
        await permissions.lift_opt_out(customer, topic, now, by=source)
        if await permissions.consent(customer, topic) is not True:
            wording = read_topic(topic, speech).wording
            agreed = Consent(
                customer=customer,
                topic=topic,
                granted=True,
                source=f"preference centre, {source}",
                at=now,
                wording=wording,
            )
            await permissions.record([agreed])
    before = await log.choices(customer)
    chosen = Choices(
        frequency=wishes.frequency or before.frequency,
        paused_until=_pause(wishes.pause, before.paused_until, now),
        language=wishes.language or before.language,
    )
    await log.choose(customer, chosen, now, source)


def _pause(wish: str | None, until: datetime | None, now: datetime) -> datetime | None:
    """When the pause ends. One that runs already is not prolonged: a form that is posted twice says nothing new."""
    if wish == END:
        return None
    runs = until is not None and until > now
    return now + PAUSE if wish == BEGIN and not runs else until


async def unsubscribe(
    session: AsyncSession, recipient: Recipient, topic: str, clock: Clock, page: Page = Page.UNSUBSCRIBE
) -> None:
    """Opt a recipient out of a topic, or of all marketing, and report it. Saying it again changes nothing.

    Each mail's link is a source of its own, and so is the centre that it opens: taking back one leaves the others.
    """
    permissions, source = Permissions(session), said_on(page, recipient.row.id)
    # Whoever came back, and leaves once more by the same mail, says something new.
    times = await permissions.count_lifted(recipient.customer.id, topic, source)
    await permissions.opt_out(recipient.customer.id, topic, clock.now(), source)
    about = {} if topic == ALL_MARKETING else {"topic": topic}
    report = report_id(page, recipient.row.id, *about.values(), *([str(times)] if times else []))
    await EventStore(session).commit([recipient.event(report, UNSUBSCRIBED, clock, **about)])


async def undo_unsubscribe(
    session: AsyncSession, recipient: Recipient, clock: Clock, page: Page = Page.UNSUBSCRIBE
) -> bool:
    """Lift the refusal of all marketing that was said on a page; whether there was one. Others, elsewhere, stand."""
    message = recipient.row.id
    return await Permissions(session).lift_opt_out(
        recipient.customer.id, ALL_MARKETING, clock.now(), by=message, said_by=said_on(page, message)
    )


async def come_back(session: AsyncSession, recipient: Recipient, clock: Clock) -> None:
    """Lift a recipient's refusal of all marketing. What they agreed to, topic by topic, is as it was."""
    now, source, customer = clock.now(), recipient.row.id, recipient.customer.id
    permissions, log = Permissions(session), PreferenceLog(session)
    await permissions.lift_opt_out(customer, ALL_MARKETING, now, by=source)
    await Suppressions(session).end_sunset(customer, now)
    choices = await log.choices(customer)
    if read_preferences(recipient.customer.traits, choices).wants_none:
        await log.choose(customer, choices.model_copy(update={"frequency": Frequency.AS_SENT}), now, source)
