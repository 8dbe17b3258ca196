"""Alembic migrations; `versions/` holds one file a schema change, tested on SQLite and PostgreSQL with data."""
