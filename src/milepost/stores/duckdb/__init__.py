"""The embedded store: one DuckDB file that many processes use in turn (docs/decisions/0004)."""
