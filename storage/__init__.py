"""What Segue remembers: tables, migrations, and one small repository per aggregate.

The same code on SQLite (embedded) and PostgreSQL (production). A repository is made from a session and lives as long
as its transaction; whoever opens the transaction (`storage.database.Database`) decides what is committed together.
"""
