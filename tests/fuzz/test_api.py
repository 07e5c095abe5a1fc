"""Every operation of the OpenAPI description, with requests that keep to it and requests that do not.

What the description calls wrong the collector may still understand, as Segment does (an id that is null, say): so a
wrong request need not be refused. But what is refused leaves nothing behind, and nothing is a fault of ours.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.fuzz import EXAMPLES
from tests.fuzz.door import KEY, Door, opened_door

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    with opened_door(tmp_path_factory.mktemp("door")) as opened:
        yield opened


@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("mode", list(GenerationMode))
def test_a_request_is_stored_or_refused_and_nothing_between(
    door: Door, mode: GenerationMode, record_property: Callable[[str, object], None]
) -> None:
    answers: Counter[tuple[str, int]] = Counter()
    for found in schemathesis.openapi.from_url(f"{door.url}/openapi.json").get_all_operations():
        assert isinstance(found, Ok)  # the description holds together
        operation = found.ok()

        @given(case=operation.as_strategy(generation_mode=mode))
        @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        def holds(case: schemathesis.Case[Any]) -> None:
            before = door.rows()
            response = case.call(auth=(KEY, ""))
            answers[case.operation.label, response.status_code] += 1
            case.validate_response(response, checks=CHECKS)
            if response.status_code >= 400:
                assert door.rows() == before

        try:
            holds()
        except Unsatisfiable:
            assert mode is GenerationMode.NEGATIVE  # where nothing may be sent, nothing wrong can be
    door.require_alive()
    record_property(f"{mode.value} requests", str(dict(answers)))
