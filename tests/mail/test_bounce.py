"""Which refusals mean that the mailbox does not exist."""

import pytest

from mail.bounce import names_no_mailbox
from mail.quoting import quote


@pytest.mark.parametrize(
    ("code", "answer"),
    [
        (550, "5.1.1 The email account that you tried to reach does not exist"),
        (554, "5.1.1 <anna@customer.example>: mailbox unavailable"),
        (550, "5.2.1 The email account that you tried to reach is inactive"),
        (550, "5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found"),
        (550, "No such user here"),
        (550, "Requested action not taken: mailbox unavailable"),
        (551, "User not local; unknown user"),
        (553, "Invalid recipient anna@customer.example"),
        (550, "Unrouteable address"),
    ],
)
def test_nobody_there_is_a_hard_bounce(code: int, answer: str) -> None:
    assert names_no_mailbox(code, answer)


@pytest.mark.parametrize(
    ("code", "answer"),
    [
        (550, "5.7.1 Message rejected as spam by content filtering: unknown user agent"),
        (550, "5.7.26 This mail has been blocked because the sender is unauthenticated"),
        (554, "5.7.1 <anna@customer.example>: Relay access denied"),
        (550, "relay not permitted"),
        (550, "Message rejected"),
        (552, "5.2.2 Mailbox full"),
        (552, "mailbox unavailable: quota exceeded"),
        (554, "Transaction failed"),
        (550, "Verification failed for <hello@lumen.example>\nUnrouteable address\nSender verify failed"),
        (550, "The account or domain may not exist, or lack proper DNS"),
        (550, "Requested action not taken: mailbox unavailable\nReject due to SPF policy"),
        (553, "Invalid sender address"),
        (530, "5.7.0 Must issue a STARTTLS command first"),
    ],
)
def test_an_unwelcome_mail_is_none(code: int, answer: str) -> None:
    assert not names_no_mailbox(code, answer)


def test_a_quoted_answer_holds_no_address() -> None:
    answer = "550 5.1.1 <Anna@customer.example>:\r\n forwarded to ben.doe@elsewhere.example, unknown"
    quoted = quote(answer, "anna@customer.example")
    assert quoted == "550 5.1.1 <the recipient>: forwarded to an address, unknown"
    assert len(quote("x" * 1000, "anna@customer.example")) == 300


@pytest.mark.parametrize(
    ("answer", "quoted"),
    [
        ("[203.0.113.5      15] blocked, see 203.0.113.5.", "[an IP address 15] blocked, see an IP address."),
        ("from [IPv6:2001:db8::1]:25 ::ffff:203.0.113.5", "from [an IP address]:25 an IP address"),
        ("host dsl-203-0-113-5.isp.example said no", "host a host named by its IP address said no"),
        ("203-000-113-005.isp.example.", "a host named by its IP address."),
        (
            "2001-db8-0-0-0-0-0-1.v6.example, 2001-db8--1.ipv6-literal.net",
            ", ".join(["a host named by its IP address"] * 2),
        ),
        ("mx1.customer.example[203.0.113.5]: unknown", "the recipient's domain[an IP address]: unknown"),
        (
            "CUSTOMER.EXAMPLE. not-customer.example customer.example.net",
            "the recipient's domain. not-customer.example the recipient's domain.net",
        ),
        (
            "5-1-1-0 at 2026-03-02-12 id 1-2-3-4 gsmtp.mail-52-1.example",
            "5-1-1-0 at 2026-03-02-12 id 1-2-3-4 gsmtp.mail-52-1.example",
        ),
        ("5.3.2.1.list.example?ip=203.0.113.5&x", "an IP address.list.example?ip=an IP address&x"),
        (
            "550:5.7.1 at 12:30:45, std::busy, 1.2.3.4.5, 999.1.1.1",
            "550:5.7.1 at 12:30:45, std::busy, 1.2.3.4.5, 999.1.1.1",
        ),
    ],
)
def test_a_quoted_answer_holds_no_ip_address(answer: str, quoted: str) -> None:
    assert quote(answer, "anna@customer.example") == quoted


def test_a_domain_is_known_in_either_spelling_and_a_long_answer_takes_no_time() -> None:
    assert quote("no MX for xn--mller-kva.example", "anna@müller.example") == "no MX for the recipient's domain"
    assert quote("no MX for müller.example", "anna@xn--mller-kva.example") == "no MX for the recipient's domain"
    for piece in ("a.", "1-", "a-1-", "f-", "x" * 50):
        assert len(quote(piece * 100_000, "anna@customer.example")) == 300
