from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from domain.customer import Customer
from domain.enrollment import Occasion


def test_an_error_names_the_field_and_quotes_nobody() -> None:
    now = datetime(2026, 3, 1, tzinfo=UTC)
    with pytest.raises(ValidationError) as refused:
        Customer(id="anna", email=["anna@example.com"], first_seen_at=now, last_seen_at=now)
    with pytest.raises(ValidationError) as misread:
        Occasion.model_validate({"event_id": "e", "name": "n", "occurred_at": "anna@example.com"})

    assert "email" in str(refused.value)
    assert "occurred_at" in str(misread.value)
    assert "anna@example.com" not in str(refused.value) + str(misread.value)
