"""Rules about what an inbox shows before a mail is opened: subject and preheader."""

import re
from collections.abc import Iterator
from typing import Final

from mail.lint.finding import Finding, advice
from mail.lint.rule import Rule
from mail.lint.subject import Mail

LONGEST_SUBJECT: Final = 65
GOOD_SUBJECT: Final = 50
"""Characters that a phone shows, more or less."""

SHORTEST_PREHEADER: Final = 40
"""With fewer, an inbox goes on with the first words of the body, whatever they are."""

LONGEST_PREHEADER: Final = 110

_SAME: Final = 0.8
"""Share of a subject's words from which a preheader repeats it."""


def _subject(mail: Mail) -> Iterator[Finding]:
    length = len(mail.body.subject)
    if length > LONGEST_SUBJECT:
        yield Finding(
            wrong=f"The subject has {length} characters, and {LONGEST_SUBJECT} are the most.",
            quoted=mail.body.subject,
            remedy="Say it in fewer words; shorten names of products: `| truncate(30, false, …)`.",
        )
    elif length > GOOD_SUBJECT:
        yield advice(
            wrong=f"The subject has {length} characters; phones show about {GOOD_SUBJECT}.",
            quoted=mail.body.subject,
            remedy="Put what matters first, or shorten it.",
        )


def _preheader(mail: Mail) -> Iterator[Finding]:
    length = len(mail.body.preheader)
    if not SHORTEST_PREHEADER <= length <= LONGEST_PREHEADER:
        yield Finding(
            about="length",
            wrong=f"The preheader has {length} characters; {SHORTEST_PREHEADER} to {LONGEST_PREHEADER} are good.",
            quoted=mail.body.preheader,
            remedy="Add what the subject does not say." if length < SHORTEST_PREHEADER else "Say it in fewer words.",
        )
    if _repeats(mail.body.preheader, mail.body.subject):
        yield Finding(
            about="repeats",
            wrong="The preheader repeats the subject, and both stand in one line.",
            quoted=f"{mail.body.subject} / {mail.body.preheader}",
            remedy="Let it say the next thing.",
        )


def _repeats(preheader: str, subject: str) -> bool:
    said, again = _words(subject), _words(preheader)
    return bool(said) and len(said & again) >= _SAME * len(said)


def _words(line: str) -> set[str]:
    return set(re.findall(r"\w+", line.lower()))


SUBJECT = Rule("subject", "The subject is short enough to be read in a list of mails.", _subject)
PREHEADER = Rule("preheader", "The preheader fills its place, and adds to the subject.", _preheader)
