"""Scheduled sources as Temporal sees them: one workflow type, and a schedule for each source."""
