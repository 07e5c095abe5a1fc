"""Of two customers that turn out to be one: which enrollment goes on."""

from datetime import timedelta

import pytest

from domain.enrollment import EnrollmentRow
from domain.joining import Said, settle
from tests.storage.samples import NOON, enrollment

HOUR = timedelta(hours=1)

VISITOR = enrollment(customer="anon-v1", started_at=NOON)
ANNA = enrollment(customer="anna", started_at=NOON + HOUR)


def ended(*rows: EnrollmentRow, said: dict[str, Said] | None = None) -> list[tuple[str, str]]:
    """Workflow ids: which ended, and what goes on in its place."""
    return [(each.workflow_id, each.by) for each in settle(rows, said or {})]


@pytest.mark.parametrize(
    ("visitor", "anna", "goes_on"),
    [
        (Said(), Said(), VISITOR),  # the earlier
        (Said(), Said(mails=1, last_at=NOON), ANNA),  # it has said more
        (Said(mails=2, last_at=NOON), Said(mails=1, last_at=NOON + HOUR), VISITOR),  # more mails before newer mails
        (Said(mails=1, last_at=NOON), Said(mails=1, last_at=NOON + HOUR), ANNA),  # its mail is the newer
    ],
)
def test_the_one_that_is_further_goes_on(visitor: Said, anna: Said, goes_on: EnrollmentRow) -> None:
    other = ANNA if goes_on is VISITOR else VISITOR
    said = {VISITOR.id: visitor, ANNA.id: anna}
    for rows in ((VISITOR, ANNA), (ANNA, VISITOR)):
        assert ended(*rows, said=said) == [(other.workflow_id, goes_on.workflow_id)]


def test_other_journeys_and_other_keys_are_in_nobodys_way() -> None:
    one, two = (ANNA.model_copy(update={"id": key, "workflow_id": key, "key": key}) for key in ("o-1", "o-2"))
    elsewhere = enrollment("checkout-recovery", "anon-v1")
    assert ended(VISITOR, elsewhere, one, two) == []


def test_of_three_one_goes_on() -> None:
    third = enrollment(customer="a-third", started_at=NOON - HOUR)
    assert ended(VISITOR, ANNA, third) == [
        (VISITOR.workflow_id, third.workflow_id),
        (ANNA.workflow_id, third.workflow_id),
    ]
