"""Whom an enrollment is about: the customer its row names now.

An enrollment may begin with a stranger who turns out to be a known customer (`storage.joining`). Its row goes along,
while the workflow asks with the id it began with. That id must not be looked up: on a shared device it may be somebody
else's by now. Every activity that is told of a customer asks here.
"""

from sqlmodel.ext.asyncio.session import AsyncSession

from domain import calls
from domain.customer import Customer
from storage.customers import Customers
from storage.enrollments import Enrollments


async def subject(
    session: AsyncSession, request: calls.CustomerRequest | calls.GateRequest | calls.VariantRequest
) -> str:
    """The canonical id of the customer that a request is about."""
    return await subject_of(session, request.enrollment, request.customer)


async def subject_of(session: AsyncSession, enrollment: str | None, otherwise: str) -> str:
    """The canonical id of an enrollment's customer; where there is no such enrollment, the other id."""
    row = await Enrollments(session).get(enrollment) if enrollment else None
    return row.customer if row is not None else otherwise


async def hold_subject(session: AsyncSession, enrollment: str | None, otherwise: str) -> Customer:
    """The facts of an enrollment's customer, kept from changing until the transaction ends.

    Raises:
        UnknownCustomerError: nobody of that id is known any more.
    """
    return await Customers(session).hold_owner(lambda: subject_of(session, enrollment, otherwise))
