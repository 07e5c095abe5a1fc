"""Reads from a refusal whether the mailbox does not exist, or whether only this mail is unwelcome.

Calling the first for the second would silence a customer for good because of one mail, or, where a relay refuses
everybody, all of them because of one setting. So what is in doubt is not a bounce.
"""

import re
from typing import Final

_NO_MAILBOX: Final = re.compile(r"\b5\.(1\.(1|2|3|6|10)|2\.1)\b")
"""Mailbox or domain does not exist, bad syntax, moved, null MX, disabled (RFC 3463, 3.2 and 3.3; RFC 7505)."""

_ANY_REASON: Final = re.compile(r"\b5\.\d{1,3}\.\d{1,3}\b")
_MAILBOX_CODES: Final = frozenset({550, 551, 553})
"""The reply codes that may mean it (RFC 5321, 4.2.3); they also mean *policy*, so that words must confirm it."""

_WHOSE: Final = r"(user|mailbox|recipient|address|account|inbox)"
_IN_WORDS: Final = re.compile(
    rf"(no such|unknown|invalid|non-?existent|unrouteable)\W+(\w+\W+)?{_WHOSE}"
    rf"|{_WHOSE}\b.{{0,60}}\b(unknown|not found|does ?n[o']t exist|not exist|no longer|disabled|unavailable)",
    re.IGNORECASE,
)


_SENDER: Final = re.compile(r"\b5\.1\.(7|8)\b|sender (address )?rejected|sender verif(y|ication) failed", re.IGNORECASE)
"""Bad syntax or system of the sender's address (RFC 3463, 3.2), and how Postfix and Exim begin to say so. They may
wait with it until the recipient is named (Postfix does by default: `smtpd_delay_reject`)."""

_NOT_THE_MAILBOX: Final = re.compile(
    r"\b(sender|spf|dkim|dmarc|dns|spam|relay\w*|reputation|polic(y|ies))\b|verif|(black|block) ?list|may not exist",
    re.IGNORECASE,
)
"""Words of what is wrong with the sender. Exim says *Unrouteable address* of one whom it cannot verify, too."""


def names_sender(answer: str) -> bool:
    """Whether a permanent SMTP answer is about the address that the mail comes from."""
    return bool(_SENDER.search(answer))


def names_no_mailbox(code: int, answer: str) -> bool:
    """Whether a permanent SMTP answer says that nobody can be written to at that address.

    Args:
        code: the reply code.
        answer: its text. An enhanced status code in it decides (RFC 3463); without one the words do.
    """
    if _ANY_REASON.search(answer):
        return bool(_NO_MAILBOX.search(answer))
    if code not in _MAILBOX_CODES or _NOT_THE_MAILBOX.search(answer):
        return False
    return bool(_IN_WORDS.search(answer))
