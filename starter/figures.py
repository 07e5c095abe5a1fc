"""Figures: metrics that the database knows, and no process's memory. Right after a restart, and alike everywhere.

Every process that serves them tells the same: take the largest, or one, and never the sum.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from domain.clock import SystemClock
from domain.warm_up import WarmUp, day_of
from storage.backlog import Backlog, Backlogs
from storage.breakers import Breaker, Breakers
from storage.database import Database
from storage.ledger import Ledger


class Figures:
    """Reads them. Times are real ones, whatever the pace of product time.

    Args:
        database: where to look.
        clock: product time, and its pace.
        warm_up: how many mails may go on which day; None: as many as like.
    """

    def __init__(self, database: Database, clock: SystemClock, warm_up: WarmUp | None = None) -> None:
        self._database, self._clock, self._warm_up = database, clock, warm_up

    async def read(self) -> list[Metric]:
        """What is so now.

        Raises:
            UnavailableError: the database is away.
        """
        now = self._clock.now()
        limit = self._warm_up.limit_at(now) if self._warm_up else None
        async with self._database.read() as session:
            backlog = await Backlogs(session).read()
            breakers = await Breakers(session).all()
            handed_over = None if limit is None else await Ledger(session).count_handed_over(day_of(now))
        metrics = [*self._of_backlog(backlog, now), _of_breakers(breakers)]
        if limit is not None and handed_over is not None:
            metrics += [
                _gauge("segue_warm_up_limit_mails", "Mails that the warm-up lets go today.", limit),
                _gauge(
                    "segue_warm_up_mails", "Mails that were handed over today, while the warm-up lasts.", handed_over
                ),
            ]
        return metrics

    def _of_backlog(self, backlog: Backlog, now: datetime) -> Iterable[Metric]:
        lag, wait = self._age(backlog.first_event_at, now), self._age(backlog.first_erasure_at, now)
        yield _gauge(
            "segue_dispatch_lag_seconds", "Age of the oldest event that was not delivered yet; 0: none waits.", lag
        )
        yield _gauge("segue_events_undelivered", "Events that wait to be delivered, 10,000 at most.", backlog.events)
        yield _gauge("segue_joins_untold", "Joins of customers that no journey was told of yet.", backlog.joins)
        asked, done = backlog.erasures_asked, backlog.erasures_done
        yield CounterMetricFamily("segue_erasures_asked_total", "Erasures that were asked for, ever.", value=asked)
        yield CounterMetricFamily("segue_erasures_done_total", "Erasures that were carried out, ever.", value=done)
        yield _gauge(
            "segue_erasure_wait_seconds", "Age of the oldest erasure that was not done yet; 0: none waits.", wait
        )

    def _age(self, moment: datetime | None, now: datetime) -> float:
        if moment is None:
            return 0.0
        real = self._clock.paced.real
        return max(real(now) - real(moment), timedelta()).total_seconds()


def _gauge(name: str, about: str, value: float) -> Metric:
    return GaugeMetricFamily(name, about, value=value)


def _of_breakers(breakers: Iterable[Breaker]) -> Metric:
    metric = GaugeMetricFamily(
        "segue_breaker_open",
        "1 where a journey is held back; journeys that never were are left out.",
        labels=["journey"],
    )
    for breaker in breakers:
        metric.add_metric([breaker.journey], float(breaker.is_open))
    return metric
