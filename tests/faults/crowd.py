"""Everybody who comes: the first of them live all lives there are, the others by the lot."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator
from typing import Final

from domain import event as names
from tests.faults.diary import Diary
from tests.faults.floor import Floor
from tests.faults.line import Line
from tests.faults.lives import forgetting, reading, shopping, signing_in
from tests.faults.plan import RunPlan
from tests.faults.shoppers import Shopper

Life = Callable[[Shopper], Awaitable[None]]

LIVES: Final[tuple[tuple[Life, int], ...]] = (
    (reading.fetch_data, 2),
    (forgetting.erase_by_mail, 2),
    (signing_in.be_joined_by_alias, 3),
    (reading.leave_and_return, 2),
    (forgetting.sign_in_and_be_erased, 1),
    (shopping.buy_on_the_page, 6),
    (reading.ask_for_less, 2),
    (reading.drop_the_topic, 2),
    (signing_in.sign_in_elsewhere, 5),
    (forgetting.be_erased, 3),
    (reading.leave, 3),
    (reading.click, 3),
    (shopping.buy_later, 5),
    (shopping.buy_and_come_back, 3),
    (shopping.buy_twice, 2),
    (shopping.empty_the_cart, 3),
    (shopping.buy_at_once, 2),
    (shopping.do_nothing, 4),
)
"""With how often each is lived. Those that wait for most come first."""

_FORGOTTEN: Final = (forgetting.erase_by_mail, forgetting.sign_in_and_be_erased, forgetting.be_erased)


def life_of(plan: RunPlan, number: int) -> Life:
    """The life of the shopper of this number."""
    lives = [life for life, _ in LIVES]
    if number < len(lives):
        return lives[number]
    lot = random.Random(f"{plan.seed}/life of {number}")
    return lot.choices(lives, [weight for _, weight in LIVES])[0]


def name_of(number: int) -> str:
    """What the shopper of this number is called."""
    return f"shopper-{number:03}"


def remembered(plan: RunPlan) -> Iterator[str]:
    """Names of those who never ask to be forgotten: an old file that names the others would bring them back."""
    return (name_of(number) for number in range(plan.shoppers) if life_of(plan, number) not in _FORGOTTEN)


async def all_live(floor: Floor, line: Line) -> Diary:
    """Let everybody come, spread over the time in which things are killed, and return their diaries."""
    diary = Diary()

    async def come(number: int) -> None:
        await asyncio.sleep(floor.plan.lasts * number / floor.plan.shoppers)
        shopper = Shopper(name_of(number), floor, line)
        await shopper.identify()
        await shopper.say(names.PRODUCT_ADDED)
        await life_of(floor.plan, number)(shopper)
        diary.add(shopper.diary)

    await asyncio.gather(*(come(number) for number in range(floor.plan.shoppers)))
    return diary
