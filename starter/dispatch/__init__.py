"""Dispatch: what each event means for journeys, delivered to Temporal."""
