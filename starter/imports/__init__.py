"""Bulk import: customers, consents and past events, from files straight into the database."""
