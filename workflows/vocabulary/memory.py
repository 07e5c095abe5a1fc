"""Which events an enrollment was told of, in bounded space.

Pure. Of each event a digest is kept, not its id, which may be long. With eight bytes, one new event in 2^52 is taken
for one of the 2^12 remembered.
"""

import base64
import hashlib
import heapq
import struct
from datetime import UTC, datetime, timedelta

MOST = 4096
"""Events remembered: eight full batches of the dispatcher, which tells one batch again after a crash. 17 bytes each."""

_RECORD = struct.Struct(">q8s?")
_DIGEST_BYTES = 8
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)


class Memory:
    """Forgets the events that happened longest ago, and remembers until when it has forgotten.

    Whether an event of which it knows nothing is news can then still be told, where the event says when it happened.
    """

    def __init__(self, seen: str = "", forgotten_until: datetime | None = None) -> None:
        # A heap of (moment, digest, whether the event said the moment itself): the whole order decides what is
        # forgotten next, so a memory that was handed over forgets the same as one that was not.
        self._kept: list[tuple[int, bytes, bool]] = [*_RECORD.iter_unpack(base64.b64decode(seen))]
        self._digests = dict.fromkeys(digest for _, digest, _ in self._kept)
        self.forgotten_until = forgotten_until

    def knows(self, event_id: str) -> bool:
        """Whether it remembers the event."""
        return _digest(event_id) in self._digests

    def may_have_forgotten(self, moment: datetime) -> bool:
        """Whether an event of that moment, though unknown, may have been told before."""
        return self.forgotten_until is not None and moment <= self.forgotten_until

    def remember(self, event_id: str, happened: datetime, *, is_dated: bool) -> None:
        """Keep an event. `is_dated`: it said itself when it happened, and will say the same if it is told again.

        An event that is not dated happens anew each time it is told, so forgetting it makes no other one doubtful.
        """
        digest = _digest(event_id)
        if digest in self._digests:
            return
        self._digests[digest] = None
        heapq.heappush(self._kept, ((happened - _EPOCH) // _TICK, digest, is_dated))
        while len(self._kept) > MOST:
            self._forget_one()

    def packed(self) -> str:
        """All that is remembered, as text: records of moment, digest and whether it is dated, in base64."""
        return base64.b64encode(b"".join(_RECORD.pack(*each) for each in sorted(self._kept))).decode()

    def _forget_one(self) -> None:
        moment, digest, is_dated = heapq.heappop(self._kept)
        del self._digests[digest]
        if is_dated:
            happened = _EPOCH + moment * _TICK
            self.forgotten_until = max(happened, self.forgotten_until or happened)


def _digest(event_id: str) -> bytes:
    return hashlib.blake2b(event_id.encode(), digest_size=_DIGEST_BYTES).digest()
