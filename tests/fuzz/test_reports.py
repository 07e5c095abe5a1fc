"""What a provider may report beyond what it documents: read or refused, and told to the provider so, never a fault."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.feedback import Report
from mail.feedback import ses
from mail.feedback.adapter import Adapter, UnreadableReportError
from mail.feedback.mailgun import Mailgun
from mail.feedback.postmark import Postmark
from mail.feedback.resend import Resend
from mail.feedback.sendgrid import SendGrid
from tests.fuzz import EXAMPLES
from tests.fuzz.door import Door, opened_door
from tests.fuzz.inputs import ANYTHING, VALUES
from tests.mail.feedback import providers

pytestmark = pytest.mark.timeout(1_800)

ADAPTERS: dict[str, Adapter] = {
    "sendgrid": SendGrid(providers.SENDGRID_KEY, providers.TOLERANCE),
    "postmark": Postmark(providers.POSTMARK_SECRET),
    "mailgun": Mailgun(providers.MAILGUN_KEY, providers.TOLERANCE),
    "resend": Resend(providers.RESEND_SECRET, providers.TOLERANCE),
}
DOCUMENTED = {name: [each["report"] for each in providers.recorded(name)] for name in (*ADAPTERS, "ses")}

fuzzed = settings(max_examples=EXAMPLES * 2, deadline=None, database=None, suppress_health_check=list(HealthCheck))


def places_in(value: object) -> Iterator[tuple[Any, ...]]:
    """Where something may be changed: every place of a report."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inner:
        yield (key,)
        yield from ((key, *rest) for rest in places_in(item))


@st.composite
def changed(draw: st.DrawFn, name: str) -> Any:
    """A documented report with something else in a few places, or something else altogether."""
    report = copy.deepcopy(draw(st.sampled_from(DOCUMENTED[name])))
    for _ in range(draw(st.integers(0, 4))):
        places = list(places_in(report))
        *path, last = draw(st.sampled_from(places))
        inside = report
        for key in path:
            inside = inside[key]
        if isinstance(inside, dict) and draw(st.booleans()):
            del inside[last]
        else:
            inside[last] = draw(VALUES)
        if not list(places_in(report)):
            break
    return draw(st.just(report) | st.just(report) | st.just(report) | ANYTHING)


def as_json(value: object) -> bytes:
    return json.dumps(value).encode("utf-8", "surrogatepass")


@pytest.mark.parametrize("name", ADAPTERS)
def test_a_trusted_request_is_read_or_refused(name: str) -> None:
    adapter = ADAPTERS[name]

    @fuzzed
    @given(changed(name) | st.lists(changed(name), max_size=3))
    def holds(report: Any) -> None:
        try:
            read = adapter.read(providers.request_of(({"svix-id": providers.SVIX_ID}, as_json(report))))
        except UnreadableReportError:
            return
        assert all(isinstance(each, Report) for each in read)

    holds()


@fuzzed
@given(changed("ses"))
def test_what_ses_publishes_is_read_or_refused(report: Any) -> None:
    if not isinstance(report, dict):
        return
    try:
        read = ses.read_event(report, providers.NOW)
    except UnreadableReportError:
        return
    assert all(isinstance(each, Report) for each in read)


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    keys = {"SEGUE_WEBHOOKS__POSTMARK_SECRET": providers.POSTMARK_SECRET}
    with opened_door(tmp_path_factory.mktemp("door"), **keys) as opened:
        yield opened


@fuzzed
@given(report=changed("postmark"), signed=st.booleans())
def test_a_webhook_takes_it_or_says_why_not(door: Door, report: Any, signed: bool) -> None:
    before = door.rows()
    headers, _ = providers.by_postmark({}, providers.NOW, key=providers.POSTMARK_SECRET if signed else "another")
    answer = httpx2.post(f"{door.url}/webhooks/postmark", content=as_json(report), headers=headers, timeout=30)
    assert answer.status_code in ({200, 400} if signed else {401, 429})
    assert door.rows() == before  # nobody here was ever mailed
    door.require_alive()
