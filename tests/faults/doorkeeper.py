"""The promises of the doors: what people say by the links of their mails, what providers report, joins and imports."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import RowMapping

from domain.message import WENT_OUT, Kind, MessageStatus
from domain.preferences import FREQUENCIES
from domain.profile import ALL_MARKETING
from domain.withdrawal import COMPLAINT, HARD_BOUNCE
from tests.faults import provider
from tests.faults.diary import Promise, Report, Said
from tests.faults.evidence import Evidence
from tests.faults.lives.reading import TOPIC
from tests.faults.sink_log import Conversation
from tests.faults.violation import Found

AFTER_THE_WORD: Final = 1.0
"""Real seconds: an attempt that had begun when it was said may end."""

_MOMENTS: Final = {
    provider.DELIVERED: "delivered_at",
    provider.BOUNCED: "bounced_at",
    provider.BLOCKED: "soft_bounced_at",
    provider.COMPLAINED: "complained_at",
    provider.LEFT: "unsubscribed_at",
}
_REASONS: Final = {provider.BOUNCED: HARD_BOUNCE, provider.COMPLAINED: COMPLAINT}


def nothing_goes_after_a_no(evidence: Evidence) -> Found:
    """G1: what somebody wants no more is not accepted later than a second after they were answered.

    After an erasure, a complaint, a bounce: nothing to the address. After a sign-in: nothing to the address that the
    guest had. After an unsubscription: no marketing, until it is taken back; of a topic that is switched off: none.
    """
    for taken in (each for each in evidence.conversations if each.taken):
        row = evidence.message.get(taken.ledger_id)
        for what, since, until in _bars(evidence, taken, row):
            if since + AFTER_THE_WORD < taken.at < until:
                who = row["customer_id"] if row is not None else taken.to
                template = row["template"] if row is not None else "a mail"
                yield who, f"{template} went {taken.at - since:.1f} s after: {what}", (taken, _mail(row))


def choices_hold(evidence: Evidence) -> Found:
    """G2: whoever asks for less gets one marketing mail in the time they chose, in product time."""
    span = FREQUENCIES[evidence.frequency]
    for word in evidence.words[Said.LESS]:
        since = _product(evidence, word.at + AFTER_THE_WORD)
        rows = [row for row in _marketing_of(evidence, word.customer) if row["status"] in WENT_OUT]
        for row in rows:
            at = row["handed_over_at"]
            near = [other for other in rows if other is not row and at - span < _moment(other) <= at]
            if at > since and near:
                yield word.customer, f"{row['template']} is another mail within {span}", (_mail(row), word)


def every_word_has_its_effect_once(evidence: Evidence) -> Found:
    """D6: what was answered is on record once, and stands unless it was taken back, however often it was said."""
    back = {word.mail for word in evidence.words[Said.UNDONE]}
    for said, source, topic in (
        (Said.LEFT, "{}", ALL_MARKETING),
        (Said.OFF, "preference centre, {}", TOPIC),
    ):
        for word in evidence.words[said]:
            where = source.format(word.mail)
            rows = [row for row in evidence.others["opt_outs"] if (row["source"], row["topic"]) == (where, topic)]
            lifted = said is Said.LEFT and word.mail in back
            if [row["lifted_at"] is not None for row in rows] != [lifted]:
                yield word.customer, f"{said} is on record {len(rows)} times, or not as it was left", (word, *rows)
    for word in evidence.words[Said.LESS]:
        rows = [row for row in evidence.others["choices"] if (row["source"], row["about"]) == (word.mail, "frequency")]
        if [row["value"] for row in rows] != [evidence.frequency]:
            yield word.customer, f"{word.said} is on record {len(rows)} times", (word, *rows)


def every_report_has_its_effect_once(evidence: Evidence) -> Found:
    """D5: a report is one event, one moment of its mail, one suppression or refusal; of somebody erased, nothing."""
    counted = Counter(row["message_id"] for row in evidence.events)
    feedback = {row["message"]: row for row in evidence.others["feedback"]}
    for report in evidence.diary.reports:
        row = evidence.message.get(report.mail)
        if row is None:
            if counted[report.message_id]:
                yield report.address, "a report brought back somebody who was erased", (report,)
            continue
        wrong = [*_wrong_effects(evidence, report, row, feedback.get(report.mail))]
        if counted[report.message_id] != 1:
            wrong.append(f"is stored {counted[report.message_id]} times")
        for what in wrong:
            yield row["customer_id"], f"{report.happening}: {what}", (report, _mail(row))


def owed_mail_waits_for_a_backend(evidence: Evidence) -> Found:
    """G1: what a page alone has reported sends no mail; a backend's word that was there in time lets it go."""
    words: dict[str, list[Promise]] = defaultdict(list)
    for promise in evidence.promises:
        if promise.order_id and not evidence.is_public(promise.message_id):
            words[promise.order_id].append(promise)
    for row in evidence.messages:
        began = evidence.enrollment[row["enrollment_id"]]["occasion"]
        if row["kind"] != Kind.TRANSACTIONAL or not evidence.is_public(began["event_id"]):
            continue
        backend = words[evidence.event[began["event_id"]]["properties"]["order_id"]]
        first = min((each.asked for each in backend), default=float("inf"))
        early = [each for each in evidence.taken.get(row["id"], []) if each.at < first]
        if early:
            yield row["customer_id"], f"{row['template']} went by a page's word alone", (_mail(row), *early)
        answered = min((each.at for each in backend), default=float("inf"))
        if row["rule"] == "backend" and answered < evidence.real(row["decided_at"]):
            yield row["customer_id"], f"{row['template']} was dropped after a backend's word", (_mail(row), *backend)


def joined_customers_have_one_journey(evidence: Evidence) -> Found:
    """D3, J1: from the join on, of two enrollments in one journey one goes on."""
    for join in evidence.others["joins"]:
        since = evidence.joined_by(join)
        both: dict[tuple[str, Any], list[RowMapping]] = defaultdict(list)
        for row in evidence.enrollments:
            is_open = row["started_at"] < since and (row["ended_at"] is None or row["ended_at"] > since)
            if row["customer_id"] == join["customer_id"] and is_open and row["outcome_kind"] != "superseded":
                both[row["journey"], row["key"]].append(row)
        for (journey, _), rows in both.items():
            if len(rows) > 1:
                yield join["customer_id"], f"{len(rows)} of {journey} go on", tuple(row["id"] for row in rows)


def nobody_tells_of_people(evidence: Evidence) -> Found:
    """O3, O4: who was erased is in no table and no history; nobody's address is in any history or log."""
    for word, where in evidence.remains:
        yield word, f"is found in {where}", ()
    for promise in evidence.diary.promises:
        if evidence.was_forgotten(promise.customer, promise.asked) and promise.message_id in evidence.event:
            yield promise.customer, f"{promise.event} is still there", (promise,)


def imported_is_there_once(evidence: Evidence) -> Found:
    """D8: each row of the files is there once, whenever the import was killed, and nobody in them is written to."""
    found = evidence.import_found
    for what, number in found.items():
        if number != evidence.imported:
            yield "the import", f"{number} {what} for {evidence.imported} people", ()
    rows = evidence.others["imports"]
    for row in rows:
        if row["finished_at"] is None or row["refused"] or row["line"] != row["lines"]:
            yield "the import", f"{row['kind']} did not come through", (dict(row),)
    if len(rows) != (3 if evidence.imported else 0):
        yield "the import", f"{len(rows)} files were begun", ()
    for each in evidence.conversations:
        if each.to.endswith("@old.example"):
            yield each.to, "somebody who was only imported got a mail", (each,)


def _bars(evidence: Evidence, taken: Conversation, row: RowMapping | None) -> Iterator[tuple[str, float, float]]:
    """What stands against a mail: since when, until when."""
    yield from _bars_at(evidence, taken.to)
    if row is None or row["kind"] != Kind.MARKETING:
        return
    back = {word.mail: word.asked for word in evidence.words[Said.UNDONE]}
    for word in (*evidence.words[Said.LEFT], *evidence.words[Said.OFF]):
        if word.customer == row["customer_id"] and (word.said is Said.LEFT or row["topic"] == TOPIC):
            yield word.said, word.at, back.get(word.mail, float("inf"))
    for report in evidence.reports:
        if report.happening == provider.LEFT and report.address == taken.to:
            yield report.happening, report.at, float("inf")


def _bars_at(evidence: Evidence, address: str) -> Iterator[tuple[str, float, float]]:
    """What stands against any mail to an address."""
    for word in (*evidence.words[Said.ERASED], *evidence.words[Said.JOINED]):
        if word.address == address:
            yield word.said, word.at, float("inf")
    for report in evidence.diary.reports:
        if report.address == address and report.happening in _REASONS:
            yield report.happening, report.at, float("inf")


def _wrong_effects(evidence: Evidence, report: Report, row: RowMapping, feedback: RowMapping | None) -> Iterator[str]:
    if feedback is None or feedback[_MOMENTS[report.happening]] is None:
        yield "its moment is not with its mail"
    if row["status"] not in (MessageStatus.SENT, MessageStatus.REFUSED):
        yield f"its mail is {row['status']}"
    if reason := _REASONS.get(report.happening):
        rows = [each for each in evidence.others["suppressions"] if _is_of(each, row["customer_id"], reason)]
        if len(rows) != 1:
            yield f"{len(rows)} suppressions"
    if report.happening == provider.LEFT:
        source = f"event {report.message_id}"
        rows = [each for each in evidence.others["opt_outs"] if each["source"] == source]
        if len(rows) != 1:
            yield f"{len(rows)} refusals"


def _is_of(suppression: RowMapping, customer: str, reason: str) -> bool:
    return bool(suppression["customer_id"] == customer and suppression["reason"] == reason)


def _marketing_of(evidence: Evidence, customer: str) -> list[RowMapping]:
    return [
        row
        for row in evidence.messages
        if row["customer_id"] == customer and row["kind"] == Kind.MARKETING and row["handed_over_at"] is not None
    ]


def _moment(row: RowMapping) -> datetime:
    moment: datetime = row["sent_at"] or row["claimed_at"]
    return moment


def _product(evidence: Evidence, real: float) -> datetime:
    return evidence.clock.product(datetime.fromtimestamp(real, UTC))


def _mail(row: RowMapping | None) -> dict[str, str]:
    keys = ("id", "workflow_id", "step", "status", "reason", "rule", "hand_overs", "decided_at", "handed_over_at")
    return {key: str(row[key]) for key in keys} if row is not None else {}
