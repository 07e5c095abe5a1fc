"""Content follow-up: what counts as interest, the case study, and what follows for whom."""

from datetime import timedelta

import pytest

from domain import event as names
from domain.enrollment import OutcomeKind
from rehearsal.stage import Stage
from tests.scenarios.moments import begun, mails

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
CASE_STUDY = ("content/case_study", 6 * HOUR)


@pytest.fixture
async def reader(stage: Stage) -> Stage:
    """Anna has just downloaded a guide."""
    stage.perform("content-followup")
    await stage.report(names.CONTENT_DOWNLOADED)
    return stage


# -- the ways to go --------------------------------------------------------------------------------------------------


async def test_one_download_is_followed_by_one_case_study_of_the_topic(reader: Stage) -> None:
    outcome = await reader.finish()
    assert mails(reader) == [CASE_STUDY]
    assert (outcome.kind, outcome.mails) == (OutcomeKind.COMPLETED, 1)
    assert reader.letters[0].subject == "In practice: lighting"


async def test_the_case_study_is_of_the_readers_industry(reader: Stage) -> None:
    await reader.finish()
    assert "In hotels and restaurants" in reader.letters[0].text


async def test_the_readers_own_industry_counts_where_the_content_names_none(stage: Stage) -> None:
    stage.traits["industry"] = "Retail"
    stage.perform("content-followup")
    await stage.report(names.CONTENT_DOWNLOADED, title="A guide")
    await stage.finish()
    assert "In a shop everything else serves what is for sale" in stage.letters[0].text


async def test_an_unknown_industry_gets_a_case_study_that_fits_everybody(stage: Stage) -> None:
    stage.perform("content-followup")
    await stage.report(names.CONTENT_DOWNLOADED, title="A guide")
    await stage.finish()
    assert "The best projects start small" in stage.letters[0].text


async def test_who_watched_a_video_and_never_ordered_is_invited_to_a_demonstration(stage: Stage) -> None:
    stage.perform("content-followup")
    await stage.report(names.VIDEO_COMPLETED)
    await stage.finish()
    assert mails(stage) == [CASE_STUDY, ("content/demo", 48 * HOUR)]


async def test_a_video_watched_after_the_case_study_counts_too(reader: Stage) -> None:
    await reader.advance("20 hours")
    await reader.report(names.VIDEO_COMPLETED)
    await reader.finish()
    assert reader.sent == ["content/case_study", "content/demo"]


async def test_a_customer_who_watched_is_not_shown_what_they_know(stage: Stage) -> None:
    stage.perform("content-followup")
    await stage.purchase()
    await stage.report(names.VIDEO_COMPLETED)
    await stage.finish()
    assert mails(stage) == [CASE_STUDY]


async def test_a_deep_reader_gets_the_comparison(reader: Stage) -> None:
    await reader.advance("8 hours")
    await reader.report(names.CONTENT_VIEWED)
    await reader.report(names.CONTENT_VIEWED)
    await reader.finish()
    assert mails(reader) == [CASE_STUDY, ("content/comparison", 48 * HOUR)]


async def test_a_customer_who_reads_deeply_and_watches_gets_the_comparison(stage: Stage) -> None:
    stage.perform("content-followup")
    await stage.purchase()
    for event in (names.VIDEO_COMPLETED, names.CONTENT_VIEWED, names.CONTENT_DOWNLOADED):
        await stage.report(event)
    await stage.finish()
    assert stage.sent == ["content/case_study", "content/comparison"]


# -- endings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hours", [3, 20])
async def test_an_order_ends_it_as_a_success(stage: Stage, hours: int) -> None:
    stage.perform("content-followup")
    await stage.report(names.VIDEO_COMPLETED)
    await stage.advance(hours * HOUR)
    before = stage.sent
    await stage.purchase()
    outcome = await stage.finish()
    assert outcome.kind is OutcomeKind.CONVERTED
    assert stage.sent == before


async def test_without_consent_it_ends_at_the_case_study(stage: Stage) -> None:
    stage.traits["consent"] = False
    stage.perform("content-followup")
    await stage.report(names.VIDEO_COMPLETED)
    outcome = await stage.finish()
    assert (outcome.kind, outcome.mails) == (OutcomeKind.COMPLETED, 0)
    assert len(stage.not_sent) == 1


async def test_who_unsubscribes_gets_nothing_more(stage: Stage) -> None:
    stage.perform("content-followup")
    await stage.report(names.VIDEO_COMPLETED)
    await stage.advance("8 hours")
    await stage.unsubscribe()
    outcome = await stage.finish()
    assert outcome.kind is OutcomeKind.EXITED
    assert stage.sent == ["content/case_study"]


# -- what begins it --------------------------------------------------------------------------------------------------


async def test_a_second_download_joins_the_run_and_begins_none(reader: Stage) -> None:
    await reader.advance("1 hour")
    await reader.report(names.CONTENT_DOWNLOADED)
    await reader.finish()
    await reader.report(names.CONTENT_DOWNLOADED)
    assert begun(reader) == [names.CONTENT_DOWNLOADED]
    assert mails(reader) == [CASE_STUDY]


async def test_a_download_two_weeks_later_begins_another(reader: Stage) -> None:
    await reader.finish()
    await reader.advance("13 days")
    await reader.report(names.CONTENT_DOWNLOADED)
    assert begun(reader) == [names.CONTENT_DOWNLOADED] * 2


async def test_a_glance_at_an_article_begins_nothing_and_the_third_in_a_week_does(stage: Stage) -> None:
    stage.perform("content-followup")
    for _ in range(2):
        await stage.report(names.CONTENT_VIEWED)
        await stage.advance("2 days")
    assert begun(stage) == []
    await stage.report(names.CONTENT_VIEWED)
    assert begun(stage) == [names.CONTENT_VIEWED]


async def test_three_articles_in_three_weeks_begin_nothing(stage: Stage) -> None:
    stage.perform("content-followup")
    for _ in range(3):
        await stage.report(names.CONTENT_VIEWED)
        await stage.advance("6 days")
    assert begun(stage) == []


async def test_somebody_without_an_address_begins_nothing(stage: Stage) -> None:
    del stage.traits["email"]
    stage.perform("content-followup")
    await stage.report(names.CONTENT_DOWNLOADED)
    assert begun(stage) == []
