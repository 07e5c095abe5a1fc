"""`segue preview`, `segue send-test`: mails before anybody gets them, made and sent by the code of the real ones."""

import tempfile
import webbrowser
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from uuid import uuid4

from cyclopts import Parameter

from domain.errors import ConfigurationError, DeferredByServerError, RefusedMessageError
from mail.compose import InvalidHeaderError, Outgoing, compose, envelope_address
from mail.context import TEMPLATES
from mail.preview import MADE_FOR, Previews, as_seen, with_pictures
from mail.render import Body, Templates
from mail.transport import Handover, Mail
from settings import Settings, load_settings
from starter.cli.reach import Data, connected
from starter.cli.tables import console
from starter.place import Place
from worker import read_context, transport_for

Template = Annotated[str, Parameter(help="Name of the mail, e.g. cart/reminder.")]
Sample = Annotated[str, Parameter(help="The sample customer it is for.")]
Language = Annotated[str | None, Parameter(help="As if they read it in this language, e.g. de.")]

_MARK = "[Test]"
"""What a test mail's subject begins with, so that nobody takes it for one that a customer got."""


def preview(
    template: Template,
    /,
    *,
    sample: Sample = MADE_FOR,
    language: Language = None,
    dark: Annotated[bool, Parameter(negative="", help="As on a dark screen.")] = False,
    text: Annotated[bool, Parameter(negative="", help="Print the plain text.")] = False,
    open_it: Annotated[bool, Parameter(name="--open", negative="", help="Show it in the browser.")] = False,
    out: Annotated[Path | None, Parameter(help="Write the HTML to this file.")] = None,
) -> None:
    """Render a mail for a sample customer. Nothing needs to run, and nothing is sent.

    Without --open, --out or --text it tells subject, preheader and size.
    """
    body = Previews().body(template, sample, language)
    console.print(f"Subject    {body.subject}", markup=False, highlight=False, soft_wrap=True)
    console.print(f"Preheader  {body.preheader}", markup=False, highlight=False, soft_wrap=True)
    console.print(f"Size       {len(body.html.encode()) / 1000:.1f} kB of HTML", highlight=False)
    if text:
        print(f"\n{body.text}", end="")
    if out is None and open_it:
        out = Path(tempfile.mkdtemp(prefix="segue-preview-")) / f"{template.replace('/', '-')}.html"
    if out is None:
        return
    try:
        out.write_text(with_pictures(as_seen(body.html, dark=dark)), encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"--out {out}: cannot be written ({error.strerror})") from error
    console.print(f"Written    {out}", markup=False, highlight=False, soft_wrap=True)
    if open_it:
        webbrowser.open(out.resolve().as_uri())


async def send_test(
    template: Template,
    /,
    *,
    to: Annotated[str | None, Parameter(help="Who gets it. Must be given: a test goes to nobody by accident.")] = None,
    sample: Annotated[str | None, Parameter(help=f"The sample customer it is for (default {MADE_FOR}).")] = None,
    customer: Annotated[str | None, Parameter(help="Or a real one: user id, anonymous id or address.")] = None,
    language: Language = None,
    data: Data = None,
) -> None:
    """Send a mail to an address, made for a sample customer or from a real one's facts of now.

    It goes through the real mail server, past gate and ledger: no customer's limit is touched. Its subject is marked
    with [Test], its links are not tracked, and its link to unsubscribe leads to the shop. No offer is made to a real
    customer by a test, and so none is shown.
    """
    if not to:
        raise ConfigurationError("say who gets it: --to you@shop.example")
    if sample and customer:
        raise ConfigurationError("give --sample or --customer, not both")
    try:
        recipient = envelope_address(to)
    except InvalidHeaderError:
        raise ConfigurationError(f"--to {to}: give one plain mail address") from None
    settings = load_settings(data=data)
    body = await _body(template, customer, data, language) if customer else _sampled(template, sample, language)
    running = Place(settings.data).addresses()
    transport = transport_for(settings, (running.smtp or None) if running else None)
    try:
        handover = await transport.deliver(_test_mail(body, to, recipient, settings))
    except (DeferredByServerError, RefusedMessageError) as error:
        raise ConfigurationError(f"the test to {recipient} was not sent: {error}") from error
    finally:
        await transport.aclose()
    if handover is Handover.UNKNOWN:
        raise ConfigurationError(f"nobody saw whether the mail server took the test to {recipient}")
    where = f"; read it at {running.inbox}" if running and running.inbox and settings.smtp is None else ""
    console.print(f"Sent to {recipient}: {_MARK} {body.subject}{where}", markup=False, highlight=False, soft_wrap=True)


def _sampled(template: str, sample: str | None, language: str | None) -> Body:
    return Previews().body(template, sample or MADE_FOR, language)


async def _body(template: str, customer: str, data: Path | None, language: str | None) -> Body:
    """The mail that a real customer would get now."""
    async with connected(data) as found:
        settings = found.settings
        context = await read_context(
            settings,
            database=found.database,
            clock=found.clock,
            customer=customer,
            unsubscribe_url=settings.shop.url,
        )
    if language:
        context = context.model_copy(update={"customer": context.customer.model_copy(update={"locale": language})})
    return Templates(TEMPLATES).render(template, context)


def _test_mail(body: Body, to: str, recipient: str, settings: Settings) -> Mail:
    key = f"test-{uuid4().hex}"
    sender = envelope_address(settings.sender)
    message_id = f"<{key}@{sender.rpartition('@')[2]}>"
    outgoing = Outgoing(
        sender=settings.sender,
        to=to,
        subject=f"{_MARK} {body.subject}",
        html=body.html,
        text=body.text,
        message_id=message_id,
        date=datetime.now(UTC),
    )
    return Mail(sender=sender, recipient=recipient, raw=compose(outgoing), message_id=message_id, key=key)
