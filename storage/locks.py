"""What a transaction on PostgreSQL locks, and in which order. It is the same everywhere: so nobody waits in a circle.

1. who is whom (`Identities.resolve`, `hold_shared`, `hold_alone`): one advisory lock, shared by all but
   those who write ids down;
2. customers, in the order of their ids (`Customers.hold_one`, `hold_all`, `hold_or_create`);
3. their mailboxes, in the order of their keys (`Mailboxes.hold`): whoever decides about what comes to an address, or
   says what may, holds it. Who has which address is read with the customer held, and so does not change meanwhile;
4. enrollments (`Enrollments.hold`), then messages, then what hangs on these: feedback, and coupons by their codes.

A transaction takes what it needs of these, and from then on nothing that stands before. To take once more what it has
is no step back. Two mailboxes may have one key: then one waits for the other without need.

SQLite has one writer at a time, and locks nothing besides.
"""

from typing import Final

IDENTITY_LOCK: Final = 0x5E60E002
"""Key of the advisory lock on who is whom."""

MAILBOX_LOCKS: Final = 0x5E60E004
"""First key of the advisory locks on mailboxes; the second is the mailbox's own. Keys of two parts are apart from those
of one (PostgreSQL 16 documentation, 9.28.10)."""
