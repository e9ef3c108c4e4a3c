CREATE TABLE attempt (
  platform TEXT NOT NULL,
  datastore TEXT NOT NULL,
  number INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  state TEXT NOT NULL,
  started_at TEXT NOT NULL,
  changed_at TEXT NOT NULL,
  error TEXT NOT NULL DEFAULT '',
  report TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (platform, datastore, number, attempt)
) STRICT;

CREATE TABLE lease (
  name TEXT PRIMARY KEY,
  owner TEXT NOT NULL,
  token INTEGER NOT NULL,
  expires_at TEXT NOT NULL
) STRICT;

CREATE TABLE allowance (
  account TEXT NOT NULL,
  endpoint TEXT NOT NULL,
  day TEXT NOT NULL,
  spent INTEGER NOT NULL,
  PRIMARY KEY (account, endpoint, day)
) STRICT;

CREATE TABLE backfill (
  platform TEXT NOT NULL,
  datastore TEXT NOT NULL,
  backfill_id TEXT NOT NULL,
  status TEXT NOT NULL,
  start_date TEXT NOT NULL,
  end_date TEXT NOT NULL,
  include_orders INTEGER NOT NULL,
  started_at TEXT NOT NULL,
  finished_at TEXT,
  error TEXT NOT NULL DEFAULT '',
  cancel_requested INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (platform, datastore)
) STRICT;

CREATE TABLE backfill_day (
  platform TEXT NOT NULL,
  datastore TEXT NOT NULL,
  stream TEXT NOT NULL,
  day TEXT NOT NULL,
  state TEXT NOT NULL,
  row_count INTEGER NOT NULL DEFAULT 0,
  value TEXT NOT NULL DEFAULT '0',
  bytes INTEGER NOT NULL DEFAULT 0,
  attempts INTEGER NOT NULL DEFAULT 0,
  error TEXT NOT NULL DEFAULT '',
  verdict TEXT NOT NULL DEFAULT '',
  source_rows INTEGER,
  source_value TEXT,
  PRIMARY KEY (platform, datastore, stream, day)
) STRICT;
