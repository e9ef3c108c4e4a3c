"""The use-cases, over ports: ingest a batch, backfill the past, reconcile. No vendor library is imported here."""
