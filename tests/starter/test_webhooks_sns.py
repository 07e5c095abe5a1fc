"""Amazon SES through SNS over a real port: what is fetched, when, and what a stranger cannot make this server do."""

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from starlette.responses import RedirectResponse, Response

from domain import event as names
from domain.errors import UnavailableError
from mail.feedback.sns import MessageType
from settings import WebhookSettings
from starter.webhooks.certificates import FETCHES
from starter.webhooks.fetching import LARGEST, fetch
from storage.database import Database
from tests.mail.feedback.amazon import ANOTHER_KEY, CERTIFICATE, CONFIRMATION, HOST, TOPIC, certificate, message, signed
from tests.starter.collectors import served
from tests.starter.reports import ADDRESS, doors, of_mail, send

SES = WebhookSettings(sns_topics=f"arn:aws:sns:us-east-1:123456789012:another, {TOPIC}")


class Amazon:
    """Answers what SNS would, and writes down what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.away = False
        self.pem = certificate(begins=datetime.now(UTC) - timedelta(days=1))

    async def __call__(self, address: str) -> bytes:
        self.asked.append(address)
        if self.away:
            raise UnavailableError("Amazon SNS cannot be asked (ConnectError)")
        return self.pem if address.endswith(".pem") else b"<ConfirmSubscriptionResponse/>"


@pytest.fixture
def amazon() -> Amazon:
    return Amazon()


async def post(http: httpx2.AsyncClient, body: bytes) -> int:
    headers = {"Content-Type": "text/plain; charset=UTF-8"}  # as SNS sends it
    return (await http.post("/webhooks/ses", content=body, headers=headers)).status_code


def bounce(message_id: str) -> str:
    """A hard bounce, as SES publishes it."""
    at = datetime.now(UTC).isoformat()
    bounced = {"bounceType": "Permanent", "bounceSubType": "General", "timestamp": at, "feedbackId": "0100-f"}
    recipient = {"emailAddress": ADDRESS, "diagnosticCode": f"smtp; 550 5.1.1 {ADDRESS} is unknown"}
    mail = {"messageId": "0100-m", "destination": [ADDRESS], "tags": {"segue_message": [message_id]}}
    return json.dumps({"eventType": "Bounce", "bounce": bounced | {"bouncedRecipients": [recipient]}, "mail": mail})


async def test_a_report_of_a_topic_is_stored_once(sqlite_database: Database, amazon: Amazon) -> None:
    mail = await send(sqlite_database)
    async with doors(sqlite_database, SES, fetching=amazon) as http:
        for version in ("1", "2", "2"):
            body = signed(message(Message=bounce(mail), SignatureVersion=version, Subject="Amazon SES"))
            assert await post(http, body) == 200
        assert await post(http, signed(message(Message="Successfully validated SNS topic for Amazon SES"))) == 200
    [event] = await of_mail(sqlite_database)
    assert (event.name, event.user_id, event.properties["message"]) == (names.EMAIL_BOUNCED, "anna", mail)
    assert event.properties["reason"] == "smtp; 550 5.1.1 the recipient is unknown"
    assert amazon.asked == [CERTIFICATE]  # once


async def test_a_subscription_to_our_topic_is_confirmed(sqlite_database: Database, amazon: Amazon) -> None:
    async with doors(sqlite_database, SES, fetching=amazon) as http:
        assert await post(http, signed(message(MessageType.SUBSCRIPTION))) == 200
        assert amazon.asked == [CERTIFICATE, CONFIRMATION]
        assert await post(http, signed(message(MessageType.UNSUBSCRIPTION))) == 200
    assert amazon.asked == [CERTIFICATE, CONFIRMATION]


STRANGERS: list[dict[str, Any]] = [
    {"TopicArn": "arn:aws:sns:eu-west-1:666666666666:mine"},
    {"TopicArn": "arn:aws:sns:evil.example:123456789012:mail-events"},
    {"SigningCertURL": "https://sns.us-east-1.amazonaws.com/x.pem"},
    {"SigningCertURL": "http://169.254.169.254/x.pem"},
    {"SigningCertURL": f"https://{HOST}.evil.example/x.pem"},
    {"SigningCertURL": f"https://user@{HOST}/x.pem"},
    {"SigningCertURL": "file:///etc/passwd.pem"},
    {"SigningCertURL": None},
    {"Timestamp": "2020-01-01T00:00:00.000Z"},
    {"Timestamp": "soon"},
]


@pytest.mark.parametrize("changed", STRANGERS)
@pytest.mark.parametrize("kind", [MessageType.NOTIFICATION, MessageType.SUBSCRIPTION])
async def test_a_stranger_makes_nobody_fetch_anything(
    sqlite_database: Database, amazon: Amazon, kind: MessageType, changed: dict[str, Any]
) -> None:
    mail = await send(sqlite_database)
    async with doors(sqlite_database, SES, fetching=amazon) as http:
        assert await post(http, signed(message(kind, Message=bounce(mail)) | changed)) == 401
    assert amazon.asked == []
    assert await of_mail(sqlite_database) == []


@pytest.mark.parametrize("address", ["http://127.0.0.1/?Action=ConfirmSubscription", CONFIRMATION + "x"])
async def test_a_confirmation_elsewhere_is_not_fetched_however_well_signed(
    sqlite_database: Database, amazon: Amazon, address: str
) -> None:
    async with doors(sqlite_database, SES, fetching=amazon) as http:
        assert await post(http, signed(message(MessageType.SUBSCRIPTION, SubscribeURL=address))) == 401
    assert amazon.asked == [CERTIFICATE]


async def test_another_key_signs_nothing(sqlite_database: Database, amazon: Amazon) -> None:
    mail = await send(sqlite_database)
    async with doors(sqlite_database, SES, fetching=amazon) as http:
        assert await post(http, signed(message(Message=bounce(mail)), ANOTHER_KEY)) == 401
        assert await post(http, signed(message(MessageType.SUBSCRIPTION), ANOTHER_KEY)) == 401
        amazon.pem = certificate(begins=datetime.now(UTC) - timedelta(days=400))
        other = CERTIFICATE.replace("abcdef", "fedcba")
        assert await post(http, signed(message(SigningCertURL=other, Message=bounce(mail)))) == 401
    assert CONFIRMATION not in amazon.asked
    assert await of_mail(sqlite_database) == []


async def test_amazon_is_not_asked_without_end(sqlite_database: Database, amazon: Amazon) -> None:
    """Whoever knows the topic can name ever new certificates."""
    amazon.away = True
    async with doors(sqlite_database, SES, fetching=amazon) as http:
        for number in range(2 * FETCHES):
            body = signed(message(SigningCertURL=f"https://{HOST}/{number}.pem"))
            assert await post(http, body) == 503  # it comes again
    assert len(amazon.asked) == FETCHES


@pytest.fixture
def elsewhere() -> FastAPI:
    """A server that answers in ways that must not be followed."""
    app = FastAPI()

    @app.get("/moved")
    async def moved() -> Response:
        return RedirectResponse("/secret")

    @app.get("/secret")
    async def secret() -> Response:
        return Response("secret")

    @app.get("/large")
    async def large() -> Response:
        return Response(b"x" * (LARGEST + 1))

    return app


async def test_no_redirect_is_followed_and_nothing_large_is_read(elsewhere: FastAPI) -> None:
    async with served(elsewhere) as url:
        assert await fetch(f"{url}/secret") == b"secret"
        for path, says in (("moved", "answered 307"), ("missing", "answered 404"), ("large", "more than")):
            with pytest.raises(UnavailableError, match=says):
                await fetch(f"{url}/{path}")
    asked: Callable[[str], Awaitable[bytes]] = fetch
    with pytest.raises(UnavailableError, match="cannot be asked"):
        await asked(f"{url}/secret")  # nobody listens any more
