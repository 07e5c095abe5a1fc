"""Whether anything may go to the customer at all, and marketing about this topic."""

from domain.gate.policy import ConsentRule
from domain.gate.rule import Asked, Forbids
from domain.message import Kind


def _closed(asked: Asked) -> str | None:
    return None if asked.facts.closed is None else f"its enrollment was ended: {asked.facts.closed}"


def _exit_event(asked: Asked) -> str | None:
    event = asked.facts.ended_by
    return None if event is None else f"{event} has ended the journey: nothing goes after it"


def _address(asked: Asked) -> str | None:
    return None if asked.facts.has_address else "no email address is known"


def _suppression(asked: Asked) -> str | None:
    return None if asked.facts.suppression is None else f"suppressed: {asked.facts.suppression}"


def _backend(asked: Asked) -> str | None:
    """A browser's key is anybody's: by its word alone Segue would mail anything to anyone."""
    trusted = asked.ask.kind is not Kind.TRANSACTIONAL or asked.policy.pages_owe
    return "only a page has reported it, and no backend" if asked.facts.unconfirmed and not trusted else None


def _sunset(asked: Asked) -> str | None:
    return None if asked.facts.sunset is None else f"given up until they return: {asked.facts.sunset}"


def _opt_out(asked: Asked) -> str | None:
    if asked.facts.opted_out:
        return "unsubscribed from this topic or from all marketing"
    return "reported as wanting no marketing" if asked.facts.wants_none else None


def _consent(asked: Asked) -> str | None:
    if asked.facts.consent is False:
        return "consent was refused or withdrawn"
    if asked.facts.consent is None and asked.policy.consent is ConsentRule.RECORDED:
        if asked.facts.consent_misreported:
            return "no consent on record: what was reported does not count, only true or false do"
        return "no consent on record: report it for the customer, or set the consent rule to 'assumed'"
    return None


CLOSED = Forbids("closed", _closed)
EXIT_EVENT = Forbids("exit event", _exit_event)
ADDRESS = Forbids("address", _address, may_be_told=True)
SUPPRESSION = Forbids("suppression", _suppression)
BACKEND = Forbids("backend", _backend, may_be_told=True)
SUNSET = Forbids("sunset", _sunset)
OPT_OUT = Forbids("opt-out", _opt_out)
CONSENT = Forbids("consent", _consent)
