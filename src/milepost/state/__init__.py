"""The control store: batches and attempts, leases, backfills and their days, daily allowances. SQL stays in files."""
