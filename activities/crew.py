"""All activities, built from what they need. Worker and tests build them here."""

from collections.abc import Callable, Sequence
from typing import Any

from activities.enrollments import EnrollmentActivities
from activities.facts import FactActivities
from activities.flow import FlowPolicy
from activities.gate import Gate, GateActivities
from activities.permissions import PermissionActivities
from activities.rendering import RenderingActivities
from activities.retaining import RetainingActivities
from activities.scoring import ScoringActivities
from activities.sending import SendingActivities
from activities.sweeping import SweepActivities
from domain.clock import Clock
from domain.gate import GatePolicy
from domain.intent import Thresholds
from domain.occasions import SourcePolicy
from domain.offer import OfferPolicy
from domain.retention import RetentionPolicy
from mail.context import Shop
from mail.links import Links
from mail.render import Templates
from mail.transport import Transport
from storage.database import Database


def all_activities(
    *,
    database: Database,
    clock: Clock,
    transport: Transport,
    templates: Templates,
    links: Links,
    shop: Shop,
    sender: str,
    policy: GatePolicy,
    thresholds: Thresholds,
    offers: OfferPolicy,
    flow: FlowPolicy | None = None,
    sources: SourcePolicy | None = None,
    retention: RetentionPolicy | None = None,
    open_pixel: bool = False,
) -> Sequence[Callable[..., Any]]:
    """The activities' methods, ready for a worker.

    Args:
        database: people, ledger, events.
        clock: product time.
        transport: takes finished mails.
        templates: what mails are rendered from.
        links: signs the links in mails.
        shop: the sender as mails show it.
        sender: From of every mail, `Name <address>`.
        policy: the gate's rules.
        thresholds: of the intent tiers.
        offers: which offers the shop honours.
        flow: warm-up and breakers.
        sources: of scheduled sources.
        retention: how long what is kept.
        open_pixel: whether marketing mail has a picture that tells when it is opened.
    """
    gate = Gate(policy)
    enrollments = EnrollmentActivities(database, clock)
    scoring = ScoringActivities(database, clock, thresholds, offers)
    facts = FactActivities(database, clock, policy.default_zone, thresholds)
    permissions = PermissionActivities(database, clock)
    deciding = GateActivities(database, clock, gate)
    rendering = RenderingActivities(
        database,
        clock,
        templates=templates,
        links=links,
        shop=shop,
        sender=sender,
        offers=offers,
        default_zone=policy.default_zone,
        thresholds=thresholds,
        open_pixel=open_pixel,
    )
    sending = SendingActivities(database, clock, gate=gate, transport=transport, links=links, sender=sender, flow=flow)
    sweeping = SweepActivities(database, clock, sources or SourcePolicy(), policy)
    retaining = RetainingActivities(database, clock, retention or RetentionPolicy())
    return (
        enrollments.admit,
        enrollments.close,
        scoring.score,
        scoring.choose_offer,
        scoring.choose_variant,
        facts.read_fact,
        facts.read_last_activity,
        facts.find_local_time,
        facts.read_moment,
        permissions.suppress_customer,
        deciding.decide_message,
        deciding.drop_message,
        rendering.render_message,
        sending.send_message,
        sweeping.sweep_page,
        retaining.retain_batch,
    )
