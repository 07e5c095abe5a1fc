"""Relays: mail servers of providers who report, over SMTP. Each wants our id of a mail in a header of its own."""

from enum import StrEnum


class Relay(StrEnum):
    """Whose mail server SEGUE_SMTP is."""

    SENDGRID = "sendgrid"
    """docs.sendgrid.com: "Building an X-SMTPAPI header", `unique_args`."""
    POSTMARK = "postmark"
    """postmarkapp.com/developer/user-guide/send-email-with-smtp: `X-PM-Metadata-…`; names of 20 characters at most."""
    SES = "ses"
    """docs.aws.amazon.com/ses/latest/dg/event-publishing-send-email.html: `X-SES-MESSAGE-TAGS`."""
    MAILGUN = "mailgun"
    """documentation.mailgun.com, "Sending via SMTP": `X-Mailgun-Variables`."""
