"""Search attributes: what an operator can list and filter enrollments by. One registry for code and set-up.

Part of the replayed contract: an upsert is recorded in history, so names and the moments of writing are frozen.
Values carry ids and words only; search attributes stay readable where payloads are encrypted.
"""

from temporalio.common import SearchAttributeKey

JOURNEY = SearchAttributeKey.for_keyword("SegueJourney")
CUSTOMER = SearchAttributeKey.for_keyword("SegueCustomer")
STEP = SearchAttributeKey.for_keyword("SegueStep")
TIER = SearchAttributeKey.for_keyword("SegueTier")
OUTCOME = SearchAttributeKey.for_keyword("SegueOutcome")

ALL = (JOURNEY, CUSTOMER, STEP, TIER, OUTCOME)

QUIETLY_STARTING = "start"
"""Step before the first mail."""
