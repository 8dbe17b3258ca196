"""Remember: the only place that speaks SQL. SQLite by default, PostgreSQL by address; the same schema on both."""
