"""Takes reports of providers in: finds whose mail each is about, and stores what it says, in one transaction.

A report about a mail that is not in the ledger is another system's, on the same account. Nothing of it is stored,
with one exception: a hard bounce, or a complaint, of an address that a customer of ours has. That mailbox is gone, or
its owner angry, whoever wrote; and the provider would drop our next mail to it anyway.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple, TypeGuard

import structlog
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.clock import SystemClock
from domain.customer import Customer
from domain.errors import UnavailableError
from domain.event import EMAIL_CLICKED_BY_MACHINE, EMAIL_OPENED_BY_MACHINE, LONGEST_MESSAGE_ID, Event, EventType
from domain.feedback import EVENTS, REJECTED, Happening, Report
from domain.machines import SWEEP, Contact, clicked_by, earlier_clicks, opened_by
from domain.profile import normalise_email
from domain.withdrawal import FORMER_ADDRESS
from mail.feedback.fields import digest
from mail.links import Links
from mail.quoting import quote
from metrics.reports import Became, Outcome, count_reports, count_responses
from starter.recipients.recipient import counts_as_theirs
from storage.customers import Customers
from storage.database import Database
from storage.events import EventStore
from storage.ledger import SEVERAL, Ledger, LedgerRow
from storage.suppressions import Suppressions
from storage.tokens import SpentTokens

AT_ONCE: Final = 100
"""Reports in one transaction, with their customers locked."""

MOST_SHARING: Final = 20
"""Customers of one address who are told that it is gone; what shuts the address holds for all who have it."""

MOST_AROUND: Final = 100
"""Events in the seconds around a click that are looked at."""

EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""Whatever a provider dates earlier."""

_SHUTS: Final = frozenset({Happening.BOUNCED_HARD, Happening.COMPLAINED})
"""What is about an address, and not only about a mail."""

_DONE_BY_READER: Final = frozenset({Happening.OPENED, Happening.CLICKED, Happening.UNSUBSCRIBED})
"""What is done in a mailbox. In one that is not its customer's somebody else did it; see `starter.recipients.links`."""

_log = structlog.get_logger("segue.webhooks")


class _Found(NamedTuple):
    """A report, whom it is about, and the mail, where it is ours."""

    report: Report
    customer: Customer
    row: LedgerRow | None


class _Stored(NamedTuple):
    """What a transaction came to, for metrics."""

    outcomes: Sequence[Outcome]
    names: Sequence[str]
    """Of the events that are new."""


class Intake:
    """Takes reports. One for the process.

    Args:
        database: migrated.
        clock: product time.
        links: tells our own links, whose clicks the collector records for itself.
    """

    def __init__(self, database: Database, clock: SystemClock, links: Links) -> None:
        self._database, self._clock, self._links = database, clock, links

    async def take(
        self, provider: str, reports: Sequence[Report], token: str | None = None, *, keep: timedelta
    ) -> None:
        """Store what is reported. What was reported before changes nothing.

        Args:
            provider: who reports.
            reports: all of one request.
            token: signs this request alone; of one that was spent before nothing is taken.
            keep: how long a spent token is remembered, at least.

        Raises:
            UnavailableError: the database is away; nothing of the last hundred reports was stored. Try again.
        """
        wanted = [report for report in reports if self._is_wanted(report)]
        for begin in range(0, len(wanted), AT_ONCE):
            async with self._database.transaction() as session:
                if begin == 0 and token is not None and not await self._spend(session, f"{provider}/{token}", keep):
                    count_reports(provider, [(report.happening, Became.REPEATED) for report in wanted])
                    return
                stored = await self._store(session, provider, wanted[begin : begin + AT_ONCE])
            count_reports(provider, stored.outcomes)
            count_responses(stored.names)

    async def _spend(self, session: AsyncSession, token: str, keep: timedelta) -> bool:
        return await SpentTokens(session).spend(token, self._real(), keep)

    def _is_wanted(self, report: Report) -> bool:
        if report.happening is Happening.UNKNOWN:
            count_reports(report.provider, [(report.happening, Became.UNKNOWN)])
            _log.warning("a report of an unknown kind", provider=report.provider, type=report.type[:100])
            return False
        if report.happening is Happening.CLICKED and report.link and self._links.leads_here(report.link):
            count_reports(report.provider, [(report.happening, Became.OWN)])
            return False
        return True

    async def _store(self, session: AsyncSession, provider: str, reports: Sequence[Report]) -> _Stored:
        found = await self._find(session, sorted(reports, key=lambda report: report.at))
        known = {each.report.id for each in found}
        if strange := sum(report.id not in known for report in reports):
            _log.info(
                "reports of mails that are nobody's here",
                provider=provider,
                reports=strange,
            )
        events: list[Event] = []
        for each in found:
            events.append(await self._event(session, each, events))
        left = [
            email
            for each, event in zip(found, events, strict=True)
            if event.properties.get(FORMER_ADDRESS) and (email := normalise_email(each.report.address))
        ]
        # Who is erased until the commit holds its customers must not come back by it.
        of_known = {event.message_id for event in events}
        committed = await EventStore(session).commit(events, left, of_known)
        await self._require_unchanged(session, found)
        for each, event in zip(found, events, strict=True):
            if event.properties.get(FORMER_ADDRESS):
                await _shut(session, each, event)
        names = [event.name for event in events if event.message_id in committed.new]
        return _Stored(_outcomes(reports, found, events, committed.new), names)

    async def _find(self, session: AsyncSession, reports: Sequence[Report]) -> list[_Found]:
        """Whom each report is about; those about nobody are left out."""
        customers, ledger = Customers(session), Ledger(session)
        about: list[tuple[Report, str, LedgerRow | None]] = []
        for report in reports:
            row = await _row_of(ledger, report)
            if row is not None:
                if report.gist in _DONE_BY_READER and not await counts_as_theirs(session, row):
                    continue
                # The mail may have gone to somebody who was a stranger then, and is known now.
                about.append((report, await customers.current(row.customer), row))
            elif report.gist in _SHUTS and (email := normalise_email(report.address)):
                about += [(report, each, None) for each in await customers.with_email(email, MOST_SHARING)]
        # Who is not there was erased, and must not come back by this.
        known = await customers.load({customer for _, customer, _ in about})
        return [_Found(report, known[customer], row) for report, customer, row in about if customer in known]

    async def _require_unchanged(self, session: AsyncSession, found: Sequence[_Found]) -> None:
        """Make sure that everybody who is there has the address they had when it was compared.

        The commit locks customers, and has its own order of locks: who locked them before would wait in a circle.
        """
        addresses = {each.customer.id: each.customer.email for each in found}
        now = await Customers(session).load(addresses)
        if any(each.email != addresses[each.id] for each in now.values()):
            raise UnavailableError("a customer's address has just changed: report again")

    async def _event(self, session: AsyncSession, found: _Found, before: Sequence[Event]) -> Event:
        report, row = found.report, found.row
        now = self._clock.now()
        # Some provider's clock may be anywhere; product time runs faster than a clock, and ends at the year 9999.
        at = min(self._clock.paced.product(min(max(report.at, EARLIEST), self._real())), now)
        machine = await self._machine(session, found, at, before)
        said: dict[str, Any] = {"provider": report.provider}
        if row is not None:
            said |= {"message": row.id, "journey": row.journey, "step": row.step}
        if report.link and report.happening is Happening.CLICKED:
            said["link"] = report.link
        said |= {"machine": machine} if machine else {}
        said |= _failure(report)
        if report.gist in _SHUTS and await _is_elsewhere(session, found):
            said[FORMER_ADDRESS] = True
        # One report may be about several customers, where they share an address.
        message_id = f"{report.provider}-{report.id}" + ("" if row is not None else f"/{found.customer.id}")
        if len(message_id) > LONGEST_MESSAGE_ID:
            message_id = f"{report.provider}-{digest(message_id)}"
        return Event(
            message_id=message_id,
            type=EventType.TRACK,
            name=_name(report, machine),
            user_id=found.customer.id,
            occurred_at=at,
            received_at=now,
            properties=said,
        )

    async def _machine(self, session: AsyncSession, found: _Found, at: datetime, before: Sequence[Event]) -> str | None:
        report, row = found.report, found.row
        contact = Contact(
            at=at,
            handed_over_at=row.handed_over_at if row else None,
            agent=report.agent,
            address=report.ip,
            flagged=report.machine,
        )
        if report.happening is Happening.OPENED:
            return opened_by(contact)
        if report.happening is not Happening.CLICKED or row is None:
            return None
        # A report may come days late: what the customer did since is no matter, and may be much.
        since, who = at - SWEEP - timedelta.resolution, found.customer.id
        around = await EventStore(session).recent_of([who], since, at + SWEEP, MOST_AROUND)
        recent = [stored.event for stored in around.get(who, ())]
        return clicked_by(contact, report.link or "", earlier_clicks([*recent, *before], row.id))

    def _real(self) -> datetime:
        return self._clock.paced.real(self._clock.now())


def _outcomes(
    reports: Sequence[Report], found: Sequence[_Found], events: Sequence[Event], new: frozenset[str]
) -> list[Outcome]:
    """What became of each report of a transaction: one that stands in it twice was repeated."""
    known = {each.report.id for each in found}
    fresh = {each.report.id for each, event in zip(found, events, strict=True) if event.message_id in new}
    outcomes: list[Outcome] = []
    for report in reports:
        if report.id not in known:
            outcomes.append((report.happening, Became.UNMATCHED))
        else:
            outcomes.append((report.happening, Became.TAKEN if report.id in fresh else Became.REPEATED))
            fresh.discard(report.id)
    return outcomes


async def _row_of(ledger: Ledger, report: Report) -> LedgerRow | None:
    """The mail that a report is about: by our own id if it came back, else by the header."""
    if _is_plain(report.message) and (row := await ledger.get(report.message)) is not None:
        return row
    message = await ledger.by_message_id(report.message_id) if _is_plain(report.message_id) else None
    return await ledger.get(message) if message else None


def _is_plain(said: str | None) -> TypeGuard[str]:
    """Whether it may be an id of ours: another system's may hold what a database cannot even look for."""
    return said is not None and said.isascii() and said.isprintable()


def _name(report: Report, machine: str | None) -> str:
    if machine is None:
        return EVENTS[report.gist]
    return EMAIL_OPENED_BY_MACHINE if report.happening is Happening.OPENED else EMAIL_CLICKED_BY_MACHINE


def _failure(report: Report) -> dict[str, Any]:
    """Why the mail did not arrive, without an address."""
    said: dict[str, Any] = {}
    if report.gist in (Happening.BOUNCED_HARD, Happening.BOUNCED_SOFT):
        said["bounce_type"] = "hard" if report.gist is Happening.BOUNCED_HARD else "soft"
    if report.happening is Happening.REJECTED:
        said[REJECTED] = True
    if report.detail:
        said["reason"] = quote(report.detail, report.address or "\0")
    return said


async def _is_elsewhere(session: AsyncSession, found: _Found) -> bool:
    """Whether the report is about an address that the customer has not, any more or at all."""
    if (email := normalise_email(found.report.address)) is not None:
        return email != found.customer.email
    return found.row is not None and not await counts_as_theirs(session, found.row)


async def _shut(session: AsyncSession, found: _Found, event: Event) -> None:
    """Write no more to the address that a report is about, which is not the customer's."""
    suppressions, report, source = Suppressions(session), found.report, f"event {event.message_id}"
    if report.address:
        await suppressions.suppress_address(report.address, report.gist, event.occurred_at, source)
    elif found.row is not None and found.row.address_hash not in (None, SEVERAL):
        await suppressions.suppress_mailbox(found.row.address_hash, report.gist, event.occurred_at, source)
