"""Stand-ins: what travels in place of a key or an event's id that is an address, or cannot travel for its length.

A stand-in is a digest, the same each time, so that what is about one order still is. It is made with the database's
salt (HMAC-SHA256, RFC 2104): whoever reads Temporal's histories and knows an address cannot tell which digest is of it.
Before the salt was used here digests were bare SHA-256. Those that were written down are recognised for ever, and an
event that was stored before keeps the id it was told by, so that a repetition still changes nothing.
"""

import hashlib
import hmac

from domain.event import Event, StoredEvent
from domain.identity import may_travel
from domain.model import Value


class StandIns(Value):
    """What stands for keys in one deployment."""

    salt: str | None = None
    """The database's, in hex; None: digests are bare, as for rehearsals, which leave nothing behind."""
    events_from: int | None = None
    """Place in the event store after which events are told by salted ids; None: nobody has settled that yet."""

    def fit(self, said: str) -> str:
        """A key as it travels: an order id is itself, unless it may not travel. A stand-in stands for itself.

        Args:
            said: what the shop calls it.
        """
        if may_travel(said):
            return said
        return _bare(said) if self.salt is None else _salted(said, self.salt)

    def forms(self, said: str) -> tuple[str, ...]:
        """Everything under which a key may have been written down, by this version or an earlier one."""
        return (self.fit(said),) if may_travel(said) else (self.fit(said), _bare(said), said)

    def event_id(self, stored: StoredEvent) -> str:
        """The id by which journeys, Temporal and logs know an event: its message id, fit to travel. It stays."""
        is_salted = self.events_from is not None and stored.seq > self.events_from
        return self.fit(stored.event.message_id) if is_salted else bare_event_id(stored.event)


BARE = StandIns()
"""Those of whoever has no database."""


def bare_event_id(event: Event) -> str:
    """An event's id as it was told before it was salted."""
    return BARE.fit(event.message_id)


def _bare(said: str) -> str:
    return f"k-{hashlib.sha256(said.encode()).hexdigest()[:32]}"


def _salted(said: str, salt: str) -> str:
    return f"h-{hmac.new(bytes.fromhex(salt), said.encode(), hashlib.sha256).hexdigest()[:32]}"
