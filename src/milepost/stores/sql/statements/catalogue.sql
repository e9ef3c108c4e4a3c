-- The store's own tables, in the schema _milepost beside the data. Written only in the transaction of a commit.
CREATE SCHEMA IF NOT EXISTS {meta};
CREATE TABLE IF NOT EXISTS {meta}.checkpoint (
  platform VARCHAR NOT NULL, datastore VARCHAR NOT NULL, milestoning VARCHAR NOT NULL, last_batch BIGINT NOT NULL,
  as_of TIMESTAMP WITH TIME ZONE NOT NULL
);
CREATE TABLE IF NOT EXISTS {meta}.dataset (
  platform VARCHAR NOT NULL, datastore VARCHAR NOT NULL, dataset VARCHAR NOT NULL, table_name VARCHAR NOT NULL,
  definition VARCHAR NOT NULL, high_water VARCHAR, since_batch BIGINT NOT NULL
);
CREATE TABLE IF NOT EXISTS {meta}.schema_change (
  platform VARCHAR NOT NULL, datastore VARCHAR NOT NULL, dataset VARCHAR NOT NULL, batch BIGINT NOT NULL,
  change VARCHAR NOT NULL
);
CREATE TABLE IF NOT EXISTS {meta}.window_done (
  platform VARCHAR NOT NULL, datastore VARCHAR NOT NULL, stream VARCHAR NOT NULL, day DATE NOT NULL,
  bytes BIGINT NOT NULL, batch BIGINT NOT NULL
);
CREATE TABLE IF NOT EXISTS {meta}.batch (
  platform VARCHAR NOT NULL, datastore VARCHAR NOT NULL, batch BIGINT NOT NULL, as_of TIMESTAMP WITH TIME ZONE NOT NULL,
  dataset VARCHAR NOT NULL, read BIGINT NOT NULL, inserted BIGINT NOT NULL, updated BIGINT NOT NULL,
  deleted BIGINT NOT NULL, unchanged BIGINT NOT NULL, duplicates BIGINT NOT NULL, quarantined BIGINT NOT NULL,
  bytes BIGINT NOT NULL
);
CREATE TABLE IF NOT EXISTS {meta}.quarantine (
  platform VARCHAR NOT NULL, datastore VARCHAR NOT NULL, batch BIGINT NOT NULL, dataset VARCHAR NOT NULL,
  row_key VARCHAR NOT NULL, reason VARCHAR NOT NULL, row_text VARCHAR NOT NULL,
  refused_at TIMESTAMP WITH TIME ZONE NOT NULL
);
