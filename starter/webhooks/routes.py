"""`POST /webhooks/PROVIDER`: for each provider whose key is set. An answer of 200 means that the reports are stored.

A request that is not the provider's is answered with 401 whatever is wrong with it, and nothing of it is kept.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Final

import structlog
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from domain.clock import SystemClock
from domain.errors import ConfigurationError
from mail.feedback import ses
from mail.feedback.adapter import (
    Adapter,
    StaleReportError,
    UnreadableReportError,
    UntrustedReportError,
    WebhookRequest,
    require_near,
)
from mail.feedback.fields import parse, require_object, text
from mail.feedback.mailgun import Mailgun
from mail.feedback.postmark import Postmark
from mail.feedback.resend import Resend
from mail.feedback.sendgrid import SendGrid
from mail.feedback.sns import MessageType, SnsMessage, confirmation_address, is_topic, read_message, require_signed
from mail.links import Links
from metrics.reports import Asked, count_request
from settings import WebhookSettings
from starter.collector.answers import error_answer
from starter.collector.bodies import read_body
from starter.webhooks.certificates import Certificates
from starter.webhooks.fetching import Fetch, fetch
from starter.webhooks.intake import Intake
from storage.database import Database

LARGEST: Final = 2_000_000
"""Bytes of a request. SendGrid gathers events up to some 768 kB; the others send one at a time."""

_log = structlog.get_logger("segue.webhooks")

Taking = Callable[[WebhookRequest], Awaitable[None]]


def create_webhooks_router(
    policy: WebhookSettings, *, database: Database, clock: SystemClock, links: Links, fetching: Fetch = fetch
) -> APIRouter:
    """Make the routes of the providers that are set up.

    Args:
        policy: their keys.
        database: where reports go; migrated.
        clock: product time, and its pace.
        links: tells our own links.
        fetching: fetches what Amazon SNS wants fetched.

    Raises:
        ConfigurationError: a key cannot be one.
    """
    router = APIRouter(include_in_schema=False)
    intake = Intake(database, clock, links)
    for adapter in adapters_of(policy):
        _add(router, adapter.name, clock, _reading(adapter, intake, policy.tolerance))
    if topics := policy.topics():
        topic = _Topic(topics, intake, Certificates(fetching), fetching, policy.tolerance)
        _add(router, ses.NAME, clock, topic.take)
    return router


def adapters_of(policy: WebhookSettings) -> list[Adapter]:
    """The adapters of providers that report by themselves; SES does so through a topic.

    Raises:
        ConfigurationError: a key cannot be one.
    """
    wrong = [topic for topic in policy.topics() if not is_topic(topic)]
    if wrong:
        raise ConfigurationError("SEGUE_WEBHOOKS__SNS_TOPICS: give ARNs of SNS topics, by comma: arn:aws:sns:…")
    made: list[Adapter] = []
    if policy.sendgrid_key:
        made.append(SendGrid(policy.sendgrid_key.get_secret_value(), policy.tolerance))
    if policy.postmark_secret:
        made.append(Postmark(policy.postmark_secret.get_secret_value()))
    if policy.mailgun_key:
        made.append(Mailgun(policy.mailgun_key.get_secret_value(), policy.tolerance))
    if policy.resend_secret:
        made.append(Resend(policy.resend_secret.get_secret_value(), policy.tolerance))
    return made


def _add(router: APIRouter, name: str, clock: SystemClock, take: Taking) -> None:
    async def webhook(http: Request) -> Response:
        body = await read_body(http, LARGEST)
        headers = {header.lower(): value for header, value in http.headers.items()}
        request = WebhookRequest(headers=headers, body=body, real_at=clock.paced.real(clock.now()))
        try:
            await take(request)
        except UntrustedReportError as error:
            count_request(name, Asked.STALE if isinstance(error, StaleReportError) else Asked.UNTRUSTED)
            _log.warning("a webhook's request was refused", provider=name, why=str(error))
            return error_answer(HTTPStatus.UNAUTHORIZED, "not signed as it must be")
        except UnreadableReportError as error:
            count_request(name, Asked.UNREADABLE)
            _log.error("a webhook's request cannot be read", provider=name, why=str(error))
            return error_answer(HTTPStatus.BAD_REQUEST, str(error))
        count_request(name, Asked.TAKEN)
        return JSONResponse({"success": True})

    router.add_api_route(f"/webhooks/{name}", webhook, methods=["POST"], name=f"webhook of {name}")


def _reading(adapter: Adapter, intake: Intake, tolerance: timedelta) -> Taking:
    async def take(request: WebhookRequest) -> None:
        token = adapter.verify(request)
        await intake.take(adapter.name, adapter.read(request), token, keep=2 * tolerance)

    return take


class _Topic:
    """SES, through SNS."""

    def __init__(
        self,
        topics: tuple[str, ...],
        intake: Intake,
        certificates: Certificates,
        fetching: Fetch,
        tolerance: timedelta,
    ) -> None:
        self._topics, self._intake, self._certificates = topics, intake, certificates
        self._fetch, self._tolerance = fetching, tolerance

    async def take(self, request: WebhookRequest) -> None:
        message = read_message(request, self._topics)
        require_near(message.sent_at, request, self._tolerance)
        require_signed(message, await self._certificates.of(message, request.real_at))
        match message.type:
            case MessageType.NOTIFICATION:
                await self._notify(message, request.real_at)
            case MessageType.SUBSCRIPTION:
                await self._fetch(confirmation_address(message))
                _log.info("a subscription was confirmed", topic=message.topic)
            case MessageType.UNSUBSCRIPTION:
                _log.warning("a subscription has ended: no more reports will come", topic=message.topic)

    async def _notify(self, message: SnsMessage, otherwise: datetime) -> None:
        try:
            event: Mapping[str, object] = require_object(parse(text(message.fields, "Message").encode()))
        except UnreadableReportError:
            # SES tries a new topic with a sentence.
            _log.info("a notification is no report", topic=message.topic)
            return
        await self._intake.take(ses.NAME, ses.read_event(event, otherwise), keep=2 * self._tolerance)
