"""What the dispatcher tells workflows when two customers turn out to be one, whatever fails meanwhile."""

from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from domain import event as names
from domain.enrollment import State
from domain.errors import UnavailableError
from domain.signals import Click, Join, Purchase
from starter.dispatch.dispatcher import Dispatcher
from storage.database import Database
from storage.join_log import JoinLog
from storage.ledger import Ledger
from tests.starter.posts import MINUTE, NOON, FakeTemporal, Post
from tests.starter.signing_in import sign_in, visitors
from tests.storage.samples import SEND, gate_request, identify

CART, OLD_CART = "cart-recovery/anna", "cart-recovery/anon-v1"


@pytest.fixture
def post(sqlite_database: Database) -> Post:
    return Post(sqlite_database)


async def untold(post: Post) -> int:
    async with post.database.read() as session:
        return len(await JoinLog(session).untold(10))


async def say(post: Post, customer: str) -> None:
    """Let the customer's enrollment send a mail."""
    (row,) = await post.rows(customer)
    async with post.database.transaction() as session:
        ledger, request = Ledger(session), gate_request(customer=customer, enrollment=row.id)
        await ledger.decide(request, SEND, NOON)
        (message,) = [each.id for each in await ledger.list(customer=customer)]
        await ledger.store_body(message, subject="", html="h", text="", links=(), rfc_message_id="<m@x>", now=NOON)
        await ledger.hand_over(message, NOON)


async def test_a_running_enrollment_is_told_whose_it_is_now_and_answers_to_the_new_name(post: Post) -> None:
    await post.commit(visitors(post.added()))
    await post.deliver()
    await post.admit("anon-v1")
    await post.commit(sign_in(post))
    await post.deliver()
    await post.deliver()

    (row,) = await post.rows()
    assert post.temporal.joins == [Join(enrollment=row.id, customer="anna")]
    assert await untold(post) == 0
    await post.commit(post.event(names.ORDER_COMPLETED, at=NOON + 6 * MINUTE, order_id="o-1"))
    await post.deliver()
    assert post.temporal.went[:3] == [f"start {OLD_CART}", f"join {OLD_CART}", f"purchase {OLD_CART}"]


async def test_of_two_enrollments_the_one_that_is_less_far_is_ended(post: Post) -> None:
    await post.commit(visitors(post.added()), post.added())
    await post.deliver()
    await post.admit("anna")
    await post.admit("anon-v1")
    await say(post, "anna")
    await post.commit(sign_in(post))
    await post.deliver()

    ended, running = sorted(await post.rows(), key=lambda row: row.state)
    assert (ended.workflow_id, running.workflow_id) == (OLD_CART, CART)
    assert post.temporal.joins == [Join(enrollment=ended.id, customer="anna", superseded_by=CART)]


async def test_what_the_other_one_did_before_ends_the_journey_that_goes_on(post: Post) -> None:
    """A guest orders, and signs in on the page that thanks them: the account's reminder must not go."""
    await post.commit(post.added())
    await post.deliver()
    await post.admit()
    order = post.event(names.ORDER_COMPLETED, at=NOON + MINUTE, order_id="o-1", revenue=49)
    await post.commit(visitors(order))
    await post.deliver()
    await post.commit(sign_in(post))
    await post.deliver()

    assert f"purchase {CART}" in post.temporal.went
    (told,) = [signal for signal in post.temporal.signals if isinstance(signal, Purchase)]
    assert (told.event_id, told.revenue, told.order_id) == (order.message_id, 49.0, "o-1")


async def test_a_start_that_temporal_never_had_is_made_under_the_id_that_was_recorded(post: Post) -> None:
    post.temporal.away = True
    await post.commit(visitors(post.added()))
    with pytest.raises(UnavailableError):
        await post.deliver()
    await post.commit(sign_in(post))
    post.temporal.away, post.temporal.missing = False, {OLD_CART}
    await post.deliver()

    (row,) = await post.rows()
    assert [(start.enrollment, start.customer) for start in post.temporal.starts] == [(row.id, "anna")]
    assert post.temporal.went == [f"start {OLD_CART}"]


async def test_an_event_that_began_the_visitors_journey_begins_no_second(post: Post) -> None:
    """It was delivered, not marked, and is the customer's when it comes again; the journey is over by then."""
    cart = visitors(post.added())
    await post.commit(cart)
    with pytest.raises(UnavailableError):
        await _without_marks(post).deliver_pending()
    await post.admit("anon-v1")
    await post.commit(sign_in(post), post.event(names.ORDER_COMPLETED, at=NOON + 6 * MINUTE, order_id="o-1"))
    await post.deliver()

    assert len([went for went in post.temporal.went if went.startswith("start cart-recovery")]) == 1


def _without_marks(post: Post) -> Dispatcher:
    class Dying(Dispatcher):
        async def _mark(self, done: Any) -> None:
            raise UnavailableError("the process died here")

    return Dying(post.database, post.clock, post.routes, post.temporal)


async def test_a_join_amid_a_batch_begins_nothing_for_who_is_nobody_any_more(post: Post) -> None:
    """The event was read as the visitor's; before its journey is recorded it is Anna's."""

    class Overtaken(Dispatcher):
        async def _wait_for_endings(self, event: Any, rows: Any) -> None:
            await post.commit(joining)
            await super()._wait_for_endings(event, rows)

    joining = sign_in(post)
    await post.commit(visitors(post.added()))
    overtaken = Overtaken(post.database, post.clock, post.routes, post.temporal)
    await overtaken.deliver_pending()
    assert await post.rows("anon-v1") == []
    await post.deliver()
    assert [row.workflow_id for row in await post.rows()] == [CART]


async def test_a_click_just_before_a_sign_in_is_told_whoever_it_is_by_then(post: Post) -> None:
    """It was read as the visitor's; before their journeys are looked up all of it is Anna's."""

    class Overtaken(Dispatcher):
        async def _running(self, enrollments: Any, events: Any) -> Any:
            await post.commit(joining)
            return await super()._running(enrollments, events)

    joining = sign_in(post)
    await post.commit(visitors(post.added()))
    await post.deliver()
    await post.admit("anon-v1")
    click = post.event(names.EMAIL_LINK_CLICKED, at=NOON + MINUTE, journey="cart-recovery")
    await post.commit(visitors(click))
    await Overtaken(post.database, post.clock, post.routes, post.temporal).deliver_pending()
    await post.deliver()
    assert [type(signal) for signal in post.temporal.signals] == [Click]
    assert await post.pending() == 0


@pytest.mark.parametrize("dies_after", [1, 2, 3])
async def test_a_crash_amid_the_telling_tells_again(post: Post, dies_after: int) -> None:
    class Forgetful(FakeTemporal):
        deeds = 0

        async def join(self, identifier: str, told: Join) -> bool:
            return await self._once(lambda: super(Forgetful, self).join(identifier, told))

        async def tell(self, identifier: str, signal: Any) -> bool:
            return await self._once(lambda: super(Forgetful, self).tell(identifier, signal))

        async def _once(self, do: Callable[[], Coroutine[Any, Any, bool]]) -> bool:
            done = await do()
            self.deeds += 1
            if self.deeds == dies_after:
                raise UnavailableError("it was done, and the dispatcher died before it took note")
            return done

    post.temporal = Forgetful()
    post.dispatcher = Dispatcher(post.database, post.clock, post.routes, post.temporal)
    await post.commit(visitors(post.added()), post.added(at=NOON + MINUTE))
    await post.deliver()
    for customer in ("anna", "anon-v1"):
        await post.admit(customer)
    view = post.event(names.EMAIL_LINK_CLICKED, at=NOON + 6 * MINUTE)
    order = post.event(names.ORDER_COMPLETED, at=NOON + 2 * MINUTE, order_id="o-1")
    post.temporal.deeds = -1  # the order, told to one of them as it comes
    await post.commit(visitors(order))
    await post.deliver()
    post.temporal.deeds = 0
    await post.commit(sign_in(post), view)
    with pytest.raises(UnavailableError):
        await post.deliver()
    await post.deliver()
    await post.deliver()

    goes_on = [row.workflow_id for row in await post.rows() if row.state is not State.ENDED]
    (ended,) = [row.workflow_id for row in await post.rows() if row.workflow_id not in goes_on]
    assert {f"end {ended}", f"purchase {goes_on[0]}"} <= set(post.temporal.went)
    assert [type(signal) for signal in post.temporal.signals].count(Click) in (0, 1, 2)
    assert (await untold(post), await post.pending()) == (0, 0)


async def test_a_refusal_holds_up_no_other_join(post: Post) -> None:
    await post.commit(visitors(post.added()))
    await post.deliver()
    await post.admit("anon-v1")
    await post.commit(sign_in(post))
    post.temporal.refuses = {OLD_CART}
    await post.deliver()
    assert await untold(post) == 0


async def test_joins_that_wait_hold_up_no_later_one(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("starter.dispatch.joins.AT_ONCE", 2)
    everybody = [f"v{n}" for n in range(5)]
    for visitor in everybody:
        await post.commit(post.added().model_copy(update={"user_id": None, "anonymous_id": visitor}))
    await post.deliver()
    for visitor in everybody:
        await post.admit(f"anon-{visitor}")
    post.temporal.still_ending = {f"cart-recovery/anon-v{n}" for n in range(3)}
    for visitor in everybody:
        await post.commit(identify(f"u-{visitor}", anonymous_id=visitor))
    await post.deliver()
    assert [join.customer for join in post.temporal.joins] == ["u-v3", "u-v4"]
    post.temporal.still_ending.clear()
    await post.deliver()
    assert await untold(post) == 0
