"""SQL databases as sources. PostgreSQL is read through DuckDB's postgres extension (docs/decisions/0007)."""
