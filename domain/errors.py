"""What can go wrong, as a tree. Leaves are permanent (retrying cannot help) or transient (it can).

    SegueError
    ├── PermanentError
    │   ├── InvalidEventError       a backend sent something that is not a Segment call
    │   │   └── NotAllowedError         the key it was reported with may not say this
    │   ├── UnknownJourneyError     no journey of that name is deployed
    │   ├── UnknownSourceError      no scheduled source of that name is deployed
    │   ├── UnknownCustomerError    nobody of that id was ever reported
    │   ├── UnknownMessageError     no such row in the ledger
    │   ├── FormerMailboxError      a link is of a mail that went to another mailbox than its customer's
    │   ├── UnknownKeyError         no write key has that id
    │   ├── UnreadablePayloadError  what Temporal keeps is encrypted under a key that is not ours, or was changed
    │   ├── InvalidCatalogueError   a catalogue file cannot be imported as it is; names line, field and remedy
    │   ├── InvalidImportError      a file of customers, consents or events cannot be imported; says what to change
    │   ├── TemplateError           a template is missing, or does not render for this customer
    │   ├── InvalidLinkError        a signed link is forged, or was made for another purpose
    │   │   └── ExpiredLinkError        it is ours and was made for this, and its time is over
    │   ├── RefusedMessageError     the mail server said 5xx: this message will never be accepted
    │   ├── JourneyError            a journey's code broke the rules of the vocabulary
    │   │   └── JournalMismatchError    it no longer fits what an enrollment has been through
    │   ├── NotNowError             an enrollment cannot be paused, resumed or skipped as it stands
    │   └── ConfigurationError      a setting is missing or wrong; names the variable
    └── TransientError
        ├── MailServerError         the mail server has not taken a message over; says when to try again, if it did
        │   ├── DeferredByServerError   it asked to try later, or could not be reached before it had the message
        │   │   └── RefusedSenderError      it takes nothing from us: our login or our sender's address is wrong
        │   └── UnheardError        nobody saw its answer, and asking again cannot double the mail
        ├── SupersededError         an attempt took so long that another has its turn
        └── UnavailableError        a part Segue needs (database, Temporal) is away
            └── ContendedError          events met with what another transaction was storing; trying again at once helps

A mail that waits or is not sent is no error but a result (`domain.message.Decision`), and so is a hand-over whose
end nobody saw (`MessageStatus.UNKNOWN`), unless the mail server recognises a repetition.
"""

from datetime import timedelta


class SegueError(Exception):
    """Base of every error Segue raises on purpose."""


class PermanentError(SegueError):
    """Trying again without changing something cannot succeed."""


class TransientError(SegueError):
    """Trying again later may succeed."""


class InvalidEventError(PermanentError):
    """A call is not in the Segment spec. `field` names the culprit, e.g. `batch.3.userId`.

    `reason` is the problem without a word of the sender's, as logs may have it.
    """

    def __init__(self, field: str, problem: str, *, reason: str | None = None) -> None:
        super().__init__(f"{field}: {problem}" if field else problem)
        self.field = field
        self.problem = problem
        self.reason = reason or problem


class NotAllowedError(InvalidEventError):
    """A call says what the key it was reported with may not say, though another may."""


class UnknownJourneyError(PermanentError):
    """No journey of that name is deployed."""


class UnknownSourceError(PermanentError):
    """No scheduled source of that name is deployed."""


class UnknownCustomerError(PermanentError):
    """Nobody of that id was ever reported."""


class UnknownMessageError(PermanentError):
    """No such row in the ledger."""


class FormerMailboxError(PermanentError):
    """A link is of a mail that went to another mailbox than the one its customer has now. Says nobody's name."""

    def __init__(self, message: str) -> None:
        super().__init__(f"message {message} went to another mailbox than its customer's")


class UnknownKeyError(PermanentError):
    """No write key has that id."""


class UnreadablePayloadError(PermanentError):
    """What Temporal keeps is encrypted under a key that is not ours, or was changed. Names the key's id."""


class InvalidCatalogueError(PermanentError):
    """A catalogue file cannot be imported as it is. The message names line, field and remedy."""


class InvalidImportError(PermanentError):
    """A file of customers, consents or past events cannot be imported. The message says what to change."""


class TemplateError(PermanentError):
    """A template is missing, or does not render for this customer."""


class InvalidLinkError(PermanentError):
    """A signed link is forged, or was made for another purpose. One that is merely too old: `ExpiredLinkError`."""


class ExpiredLinkError(InvalidLinkError):
    """A signed link is too old. `message` is the ledger id it was made for; it may only be used to help further."""

    def __init__(self, problem: str, message: str) -> None:
        super().__init__(problem)
        self.message = message


class RefusedMessageError(PermanentError):
    """The mail server will never accept this message.

    `code` is its SMTP reply code (RFC 5321, 4.2) or its HTTP status. `no_mailbox` says that nobody can be written to at
    that address, now or later: a hard bounce.
    """

    def __init__(self, code: int, problem: str, *, no_mailbox: bool = False) -> None:
        super().__init__(f"{code} {problem}")
        self.code, self.no_mailbox = code, no_mailbox


class JourneyError(PermanentError):
    """A journey's code broke the rules of the vocabulary, for example awaited something that is no verb."""


class JournalMismatchError(JourneyError):
    """A journey's code asks for other things than an enrollment has been through. The message names the place.

    The enrollment waits, and loses nothing, until code that fits is deployed.
    """


class NotNowError(PermanentError):
    """An enrollment cannot be paused, resumed or skipped as it stands; the message says why."""


class ConfigurationError(PermanentError):
    """A setting is missing or wrong. The message names the variable and the remedy."""


class MailServerError(TransientError):
    """The mail server has not taken a message over, as far as anybody saw.

    `wait` is for how long it asked to be left alone; None when it said nothing.
    """

    def __init__(self, problem: str, *, wait: timedelta | None = None) -> None:
        super().__init__(problem)
        self.wait = wait


class DeferredByServerError(MailServerError):
    """The mail server asked to try later, or was not reached. It has certainly not accepted the message."""


class RefusedSenderError(DeferredByServerError):
    """The mail server takes nothing from us, whoever it is for: it refuses our login, or our sender's address.

    Trying again helps once the operator has mended that, so that no mail is lost by it.
    """


class UnheardError(MailServerError):
    """Nobody saw the mail server's answer; the mail goes again, since the server recognises it or since it is owed."""


class SupersededError(TransientError):
    """An attempt took so long that Temporal counts on another one by now. It has done nothing."""


class UnavailableError(TransientError):
    """A part Segue needs is away."""


class ContendedError(UnavailableError):
    """Some of a batch's events met with what another transaction was storing. Nothing is away; try the batch again."""
