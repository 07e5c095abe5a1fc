"""The promises, one function each. A function returns what breaks its promise; nothing at all is the good answer."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import RowMapping

from domain import event as names
from domain.enrollment import OutcomeKind, State
from domain.gate import DAY, TWO_DAYS, Caps
from domain.message import WENT_OUT, Kind, MessageStatus
from tests.faults.diary import Promise, Said
from tests.faults.doorkeeper import (
    choices_hold,
    every_report_has_its_effect_once,
    every_word_has_its_effect_once,
    imported_is_there_once,
    joined_customers_have_one_journey,
    nobody_tells_of_people,
    nothing_goes_after_a_no,
    owed_mail_waits_for_a_backend,
)
from tests.faults.endings import CART, DATA, ORDER, outcome_by
from tests.faults.evidence import Evidence
from tests.faults.part import SEND_WITHIN
from tests.faults.provider import BOUNCED
from tests.faults.sink_log import Conversation
from tests.faults.trouble import UNSEEN
from tests.faults.violation import Found, Violation

AFTER_THE_PROMISE: Final = 1.0
"""Real seconds: an attempt that had begun when the purchase was committed may end."""

TOLD_WITHIN: Final = 20.0
"""Real seconds between the telling of a purchase and the journey's own end in which the end may come first. The
dispatcher has to be up to tell of it, and may be away for longer than a journey has left."""

IN_HAND: Final = SEND_WITHIN.total_seconds()
"""Real seconds an attempt lasts at most: on a busy machine its mark and its record wait for the disk."""


def every_200_is_stored_and_dispatched_once(evidence: Evidence) -> Found:
    """D2: the event of every 200 is stored, once, and was dispatched."""
    counted = Counter(row["message_id"] for row in evidence.events)
    for promise in evidence.promises:
        row = evidence.event.get(promise.message_id)
        if row is None or counted[promise.message_id] != 1:
            yield promise.customer, f"{promise.event} is stored {counted[promise.message_id]} times", (promise,)
        elif row["dispatched_at"] is None or row["parked_error"] is not None:
            yield promise.customer, f"{promise.event} was not dispatched", (promise, _told(row))


def every_dispatch_has_its_effect(evidence: Evidence) -> Found:
    """D2: each order began its own series, and each cart that was left was taken up, once, whoever died meanwhile."""
    begun: dict[str, list[str]] = defaultdict(list)
    for row in evidence.enrollments:
        begun[row["occasion"]["event_id"]].append(row["journey"])
    for promise in evidence.promises:
        event, found = evidence.event.get(promise.message_id), begun[promise.message_id]
        if event is not None and promise.event == names.PRODUCT_ADDED:
            owed = not is_too_old(event) and _is_first_and_left(evidence, event)
            if found != [CART] and (owed or found):
                yield promise.customer, f"{promise.event} began {found or 'nothing'}", (promise, _told(event))
    for order, told in _orders(evidence).items():
        events = [evidence.event[each.message_id] for each in told if each.message_id in evidence.event]
        found = [journey for each in told for journey in begun[each.message_id]]
        if found != [ORDER] and (found or not any(map(is_too_old, events))):
            yield told[0].customer, f"{order} began {found or 'nothing'}", (*told, *map(_told, events))


def sent_is_accepted_once(evidence: Evidence) -> Found:
    """M1: what the ledger calls sent the server accepted, marketing once; what it does not, the server has not."""
    returned = {report.mail for report in evidence.reports if report.happening == BOUNCED}
    for row in evidence.messages:
        taken = evidence.taken.get(row["id"], [])
        what = f"{row['template']} is {row['status']}, and was accepted {len(taken)} times"
        if row["status"] == MessageStatus.SENT:
            enough = len(taken) == 1 if row["kind"] == Kind.MARKETING else _rightly_repeated(evidence, row)
        elif row["status"] == MessageStatus.UNKNOWN:
            enough = len(taken) <= 1 or (row["kind"] == Kind.TRANSACTIONAL and _rightly_repeated(evidence, row))
        elif row["status"] == MessageStatus.REFUSED and row["id"] in returned:
            enough = len(taken) == 1  # taken, and returned before anybody saw the answer
        else:
            enough = not taken
        if not enough:
            yield row["customer_id"], what, (_mail(row), *taken)
    for ledger_id, taken in evidence.taken.items():
        if ledger_id not in evidence.message and not all(_was_of_the_erased(evidence, each) for each in taken):
            yield taken[0].to, "the server accepted a mail that the ledger does not know", tuple(taken)


def unknown_has_a_reason(evidence: Evidence) -> Found:
    """M1: a mail's fate is unknown only where the answer was not seen: the server hung up, or somebody was killed."""
    unseen = {each.ledger_id for each in evidence.conversations if each.what in UNSEEN}
    for row in evidence.messages:
        if row["status"] == MessageStatus.UNKNOWN and row["id"] not in unseen and not _killed_in_hand(evidence, row):
            yield row["customer_id"], f"{row['template']} is unknown, and nothing happened", (_mail(row),)


def nothing_goes_after_the_end(evidence: Evidence) -> Found:
    """G1: no marketing mail of a journey is accepted later than a second after the 200 of what ended it."""
    endings: dict[str, list[tuple[float, RowMapping]]] = defaultdict(list)
    # A guest was not known to be the customer yet; from then on nothing goes there, see `nothing_goes_after_a_no`.
    guests = {word.address for word in evidence.words[Said.JOINED]}
    answered = {told.message_id: told.at for told in evidence.promises}
    for message_id, at in {**answered, **{told.message_id: told.at for told in evidence.reports}}.items():
        if (event := evidence.event.get(message_id)) is not None:
            endings[event["customer_id"]].append((at, event))
    for ledger_id, taken in evidence.taken.items():
        row = evidence.message.get(ledger_id)
        if row is None or row["kind"] != Kind.MARKETING:
            continue
        enrollment = evidence.enrollment[row["enrollment_id"]]
        for at, event in endings[row["customer_id"]]:
            late = [each for each in taken if each.at > at + AFTER_THE_PROMISE and each.to not in guests]
            if late and outcome_by(event, enrollment) is not None:
                what = f"{row['template']} {late[0].at - at:.1f} s after {event['name']}"
                yield row["customer_id"], what, (_told(event), _mail(row), *late)


def caps_hold(evidence: Evidence) -> Found:
    """G1: in no window did a customer get more marketing than the caps say, in product time."""
    caps = Caps()
    by_customer: dict[str, list[RowMapping]] = defaultdict(list)
    for row in evidence.messages:
        if row["kind"] == Kind.MARKETING and row["status"] in WENT_OUT:
            by_customer[row["customer_id"]].append(row)
    joined = {join["customer_id"]: evidence.joined_by(join) for join in evidence.others["joins"]}
    for customer, rows in by_customer.items():
        for row in rows:
            asked = row["handed_over_at"]
            if customer in joined and asked <= joined[customer]:
                continue  # what went before to each of the two, they were not known to be one
            windows = [(caps.per_48h, TWO_DAYS, None), (caps.per_stage, caps.stage_window, row["stage"])]
            windows += [] if row["urgent"] else [(caps.per_day, DAY, None)]
            for limit, window, stage in windows:
                others = [other for other in rows if other is not row and _counts(other, asked, window, stage)]
                if len(others) >= limit:
                    what = f"{row['template']} was mail {len(others) + 1} in {window}, and {limit} may go"
                    yield customer, what, (_mail(row), *map(_mail, others))


def every_enrollment_ends_as_it_should(evidence: Evidence) -> Found:
    """J1, J6: converted if, and only if, the customer ordered; left if they left; else complete. None is stuck."""
    for row in _not_superseded(evidence):
        if row["state"] != State.ENDED:
            yield row["customer_id"], f"{row['workflow_id']} is {row['state']}", (_enrollment(row),)
            continue
        kind, ended = row["outcome"]["kind"], evidence.real(row["ended_at"])
        first = _first_ending(evidence, row)
        if first is None:
            wanted = {OutcomeKind.COMPLETED}
        else:
            wanted = {outcome_by(first, row) or OutcomeKind.COMPLETED}
            told = first["dispatched_at"] or first["received_at"]  # what was told later came too late
            if evidence.real(told) > ended - TOLD_WITHIN:
                wanted.add(OutcomeKind.COMPLETED)
        if kind not in wanted:
            what = f"{row['workflow_id']} is {kind}, not {' or '.join(sorted(wanted))}"
            yield row["customer_id"], what, (_enrollment(row), *([_told(first)] if first else []))
        elif kind == OutcomeKind.CONVERTED and row["journey"] != DATA and row["outcome"]["order_id"] is None:
            yield row["customer_id"], f"{row['workflow_id']} converted without its order", (_enrollment(row),)
    for stuck in evidence.running:
        yield stuck.split("/")[1].split(" ")[0], f"Temporal has {stuck}", ()


def of_two_one_goes_on(evidence: Evidence) -> Found:
    """J1: an enrollment is superseded where, and only where, two customers turned out to be one."""
    for row in evidence.enrollments:
        if row["outcome_kind"] == OutcomeKind.SUPERSEDED and not _went_on_elsewhere(evidence, row):
            yield row["customer_id"], f"{row['workflow_id']} gave way to nothing", (_enrollment(row),)
    for row in [*evidence.enrollments, *evidence.messages]:
        if row["customer_id"].startswith("anon-"):
            yield row["customer_id"], "stays with a visitor who has signed in", (row["id"],)


def nothing_is_twice(evidence: Evidence) -> Found:
    """M1, D2: one enrollment for one occasion and journey, one row for one step, one Message-ID for one row."""
    kinds: dict[str, tuple[Sequence[RowMapping], Callable[[RowMapping], Any]]] = {
        "enrollments of one event": (evidence.enrollments, lambda row: (row["journey"], row["occasion"]["event_id"])),
        "rows of one step": (evidence.messages, lambda row: (row["enrollment_id"], row["step"])),
        "rows of one mail": (evidence.messages, lambda row: row["message_id"] or row["id"]),
    }
    for what, (rows, key) in kinds.items():
        found: dict[Any, list[RowMapping]] = defaultdict(list)
        for row in rows:
            found[key(row)].append(row)
        for same in found.values():
            if len(same) > 1:
                yield same[0]["customer_id"], f"{len(same)} {what}", tuple(row["id"] for row in same)


PROMISES: Final[tuple[Callable[[Evidence], Found], ...]] = (
    every_200_is_stored_and_dispatched_once,
    every_dispatch_has_its_effect,
    sent_is_accepted_once,
    unknown_has_a_reason,
    nothing_goes_after_the_end,
    caps_hold,
    every_enrollment_ends_as_it_should,
    of_two_one_goes_on,
    nothing_is_twice,
    nothing_goes_after_a_no,
    choices_hold,
    every_word_has_its_effect_once,
    every_report_has_its_effect_once,
    owed_mail_waits_for_a_backend,
    joined_customers_have_one_journey,
    nobody_tells_of_people,
    imported_is_there_once,
)


def inspect(evidence: Evidence) -> list[Violation]:
    """Whatever breaks a promise."""
    return [
        Violation(promise.__name__, customer, what, rows)
        for promise in PROMISES
        for customer, what, rows in promise(evidence)
    ]


def is_too_old(event: RowMapping) -> bool:
    """Whether an event was received so late that it starts nothing: an outage of some seconds is a day, here."""
    return bool(event["received_at"] - event["occurred_at"] >= DAY)


def _orders(evidence: Evidence) -> dict[str, list[Promise]]:
    """What was promised about each order: a page may report it, a backend, or both."""
    orders: dict[str, list[Promise]] = defaultdict(list)
    for promise in evidence.promises:
        if promise.order_id is not None:
            orders[promise.order_id].append(promise)
    return orders


def _is_first_and_left(evidence: Evidence, cart: RowMapping) -> bool:
    """Whether nothing stood in a cart's way: nothing went before it, and nothing emptied it before it was seen."""
    theirs = [event for event in evidence.events if event["customer_id"] == cart["customer_id"]]
    empties = (names.ORDER_COMPLETED, names.CART_EMPTIED)
    return not any(
        (event["seq"] < cart["seq"] and event["name"] != "identify")
        or (event["name"] in empties and event["received_at"] <= cart["dispatched_at"])
        for event in theirs
    )


def _rightly_repeated(evidence: Evidence, row: RowMapping) -> bool:
    """Whether a transactional mail came once, or again only after a hand-over whose answer was not seen."""
    taken = evidence.taken.get(row["id"], [])
    if row["status"] == MessageStatus.SENT and not taken:
        return False
    return all(each.what in UNSEEN or any(_near(kill.at, each.at) for kill in evidence.kills) for each in taken[:-1])


def _killed_in_hand(evidence: Evidence, row: RowMapping) -> bool:
    handed = evidence.real(row["handed_over_at"])
    return any(_near(kill.at, handed) for kill in evidence.kills if kill.what not in ("serve", "temporal"))


def _near(killed: float, moment: float) -> bool:
    return moment - 0.5 <= killed <= moment + IN_HAND


def _was_of_the_erased(evidence: Evidence, taken: Conversation) -> bool:
    """Whether a mail went to somebody before they were erased; later ones are no matter of this promise."""
    return any(word.address == taken.to for word in evidence.words[Said.ERASED])


def _counts(other: RowMapping, asked: datetime, window: timedelta, stage: str | None) -> bool:
    moment = other["sent_at"] or other["claimed_at"]
    return bool(asked - window < moment <= asked) and stage in (None, other["stage"])


def _first_ending(evidence: Evidence, row: RowMapping) -> RowMapping | None:
    """The first event after the occasion that ends the enrollment, if it was stored before the enrollment's end."""
    for event in evidence.events:
        is_theirs = event["customer_id"] == row["customer_id"] and event["received_at"] <= row["ended_at"]
        if is_theirs and outcome_by(event, row) is not None:
            return event
    return None


def _not_superseded(evidence: Evidence) -> list[RowMapping]:
    """Enrollments but those that another went on for, see `of_two_one_goes_on`."""
    return [row for row in evidence.enrollments if row["outcome_kind"] != OutcomeKind.SUPERSEDED]


def _went_on_elsewhere(evidence: Evidence, row: RowMapping) -> bool:
    """Whether another enrollment of the same journey was open for the customer when this one was superseded."""
    return any(
        (other["journey"], other["customer_id"]) == (row["journey"], row["customer_id"])
        and other["started_at"] <= row["ended_at"] <= other["ended_at"]
        for other in _not_superseded(evidence)
    )


def _told(event: RowMapping) -> dict[str, Any]:
    return {key: str(event[key]) for key in ("seq", "message_id", "name", "received_at", "dispatched_at")}


def _enrollment(row: RowMapping) -> dict[str, Any]:
    keys = ("id", "workflow_id", "state", "occasion", "started_at", "ended_at", "outcome")
    return {key: str(row[key]) for key in keys}


def _mail(row: RowMapping) -> dict[str, Any]:
    keys = ("id", "workflow_id", "step", "kind", "status", "reason", "hand_overs")
    moments = ("claimed_at", "handed_over_at", "sent_at")
    return {key: str(row[key]) for key in keys + moments}
