"""The tables. Moments are product time unless a name says *real*.

Where a table is the database's side of a domain value, the columns carry the names of its fields. Only what is always
written in one transaction is tied by foreign keys: events, orders and aliases to their customer. One module for each
family of tables; all are reached from here.
"""

from storage.tables.base import Record, table_of
from storage.tables.catalogue import CouponRecord, ProductRecord, ReviewRecord
from storage.tables.customers import STRANGER, AliasRecord, CustomerRecord, ErasureRecord, JoinRecord
from storage.tables.events import TELLING, EventRecord, OrderRecord
from storage.tables.housekeeping import ClockRecord, ImportRecord, SaltRecord, SpentTokenRecord, WriteKeyRecord
from storage.tables.mail import (
    WITH_BODY,
    WITH_LINKS_ALONE,
    BreakerRecord,
    EnrollmentRecord,
    ExposureRecord,
    FeedbackRecord,
    MessageRecord,
)
from storage.tables.permissions import ConsentRecord, OptOutRecord, PreferenceRecord, SuppressionRecord

__all__ = [
    "STRANGER",
    "TELLING",
    "WITH_BODY",
    "WITH_LINKS_ALONE",
    "AliasRecord",
    "BreakerRecord",
    "ClockRecord",
    "ConsentRecord",
    "CouponRecord",
    "CustomerRecord",
    "EnrollmentRecord",
    "ErasureRecord",
    "EventRecord",
    "ExposureRecord",
    "FeedbackRecord",
    "ImportRecord",
    "JoinRecord",
    "MessageRecord",
    "OptOutRecord",
    "OrderRecord",
    "PreferenceRecord",
    "ProductRecord",
    "Record",
    "ReviewRecord",
    "SaltRecord",
    "SpentTokenRecord",
    "SuppressionRecord",
    "WriteKeyRecord",
    "table_of",
]
