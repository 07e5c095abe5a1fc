"""Whose words an export holds: everything that is the customer's by any id, and nothing of who had a device before."""

from storage.database import Database
from storage.export import Export, Rows
from storage.permissions import Permissions
from tests.storage.samples import NOON, commit, identify


async def exported(database: Database, customer: str) -> dict[str, Rows]:
    async with database.read() as session:
        return await Export(session).of(customer)


async def test_what_stayed_with_a_visitor_is_in_the_export_of_whom_they_were_and_of_no_later_user_of_the_device(
    database: Database,
) -> None:
    await commit(database, identify("vera", traits={"email": "vera@private.example"}))
    await commit(database, identify(None, anonymous_id="v9", traits={"email": "mallory@evil.example"}))
    async with database.transaction() as session:
        await Permissions(session).opt_out("anon-v9", "*", NOON, "a link")
    await commit(database, identify("vera", anonymous_id="v9"))
    await commit(database, identify("ben", anonymous_id="v9", traits={"email": "ben@other.example"}))
    veras, bens = await exported(database, "vera"), await exported(database, "ben")
    assert [row["customer_id"] for row in veras["opt_outs"]] == ["anon-v9"]
    assert bens["opt_outs"] == []
    assert {row["id"] for row in bens["customers"]} == {"ben"}
