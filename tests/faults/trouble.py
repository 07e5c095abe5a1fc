"""What can go wrong in one SMTP conversation, and the lot that decides it: same seed, same trouble."""

import random
from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Trouble(StrEnum):
    """How a conversation ended, as the sink writes it down."""

    ACCEPTED = "accepted"
    SLOW = "accepted, and answered a second later"
    LOST = "accepted, and hung up before the 250"
    MUTE = "accepted, and never answered"
    SILENT = "hung up after the mail, and did not accept it"
    DEFERRED = "4xx"
    REFUSED = "5xx"
    CUT = "hung up before the mail"
    HANGING = "never answered before the mail"


TAKEN: Final = frozenset({Trouble.ACCEPTED, Trouble.SLOW, Trouble.LOST, Trouble.MUTE})
"""The customer has the mail."""

UNSEEN: Final = frozenset({Trouble.LOST, Trouble.MUTE, Trouble.SILENT})
"""The mail was written, and its sender got no answer."""

WAITING: Final = frozenset({Trouble.SLOW, Trouble.MUTE})
"""The sender waits for an answer now: the moment to kill it."""

AT_RECIPIENT: Final[Mapping[Trouble, float]] = {Trouble.DEFERRED: 0.02, Trouble.CUT: 0.015, Trouble.HANGING: 0.01}
AT_MAIL: Final[Mapping[Trouble, float]] = {
    Trouble.DEFERRED: 0.02,
    Trouble.REFUSED: 0.01,
    Trouble.SILENT: 0.02,
    Trouble.LOST: 0.02,
    Trouble.MUTE: 0.03,
}
"""Shares of all conversations; how many mails are answered late, the plan says."""


def draw(seed: int, about: str, attempt: int, shares: Mapping[Trouble, float]) -> Trouble:
    """The lot of one attempt. It depends on nothing else, so the order in which mails come does not matter."""
    lot = random.Random(f"{seed}/{about}/{attempt}").random()
    for trouble, share in shares.items():
        if lot < share:
            return trouble
        lot -= share
    return Trouble.ACCEPTED
