-- name: latest_attempt
SELECT number, attempt, state, error FROM attempt WHERE platform = :platform AND datastore = :datastore
ORDER BY number DESC, attempt DESC LIMIT 1

-- name: latest_attempt_of
SELECT number, attempt, state, error FROM attempt
WHERE platform = :platform AND datastore = :datastore AND number = :number ORDER BY attempt DESC LIMIT 1

-- name: add_attempt
INSERT INTO attempt (platform, datastore, number, attempt, state, started_at, changed_at)
VALUES (:platform, :datastore, :number, :attempt, :state, :now, :now)

-- name: move_attempt
UPDATE attempt SET state = :after, changed_at = :now, error = :error, report = CASE WHEN :report = '' THEN report ELSE :report END
WHERE platform = :platform AND datastore = :datastore AND number = :number AND attempt = :attempt AND state = :before

-- name: recent_attempts
SELECT platform, datastore, number, attempt, state, started_at, changed_at, error, report FROM attempt
WHERE (:platform IS NULL OR platform = :platform) AND (:datastore IS NULL OR datastore = :datastore)
ORDER BY changed_at DESC, number DESC, attempt DESC LIMIT :limit

-- name: forget_attempts
DELETE FROM attempt WHERE platform = :platform AND datastore = :datastore

-- name: read_lease
SELECT owner, token, expires_at FROM lease WHERE name = :name

-- name: write_lease
INSERT INTO lease (name, owner, token, expires_at) VALUES (:name, :owner, :token, :expires_at)
ON CONFLICT (name) DO UPDATE SET owner = :owner, token = :token, expires_at = :expires_at

-- name: renew_lease
UPDATE lease SET expires_at = :expires_at WHERE name = :name AND token = :token AND owner <> ''

-- name: release_lease
UPDATE lease SET owner = '', expires_at = '' WHERE name = :name AND token = :token

-- name: spent
SELECT spent FROM allowance WHERE account = :account AND endpoint = :endpoint AND day = :day

-- name: spend
INSERT INTO allowance (account, endpoint, day, spent) VALUES (:account, :endpoint, :day, :count)
ON CONFLICT (account, endpoint, day) DO UPDATE SET spent = spent + :count

-- name: read_backfill
SELECT * FROM backfill WHERE platform = :platform AND datastore = :datastore

-- name: write_backfill
INSERT INTO backfill (platform, datastore, backfill_id, status, start_date, end_date, include_orders, started_at,
  finished_at, error, cancel_requested)
VALUES (:platform, :datastore, :backfill_id, :status, :start_date, :end_date, :include_orders, :started_at,
  :finished_at, :error, 0)
ON CONFLICT (platform, datastore) DO UPDATE SET backfill_id = :backfill_id, status = :status, start_date = :start_date,
  end_date = :end_date, include_orders = :include_orders, started_at = :started_at, finished_at = :finished_at,
  error = :error, cancel_requested = 0

-- name: request_cancel
UPDATE backfill SET cancel_requested = 1 WHERE platform = :platform AND datastore = :datastore

-- name: cancel_requested
SELECT cancel_requested FROM backfill WHERE platform = :platform AND datastore = :datastore

-- name: read_days
SELECT * FROM backfill_day WHERE platform = :platform AND datastore = :datastore AND stream = :stream ORDER BY day

-- name: write_day
INSERT INTO backfill_day (platform, datastore, stream, day, state, row_count, value, bytes, attempts, error, verdict,
  source_rows, source_value)
VALUES (:platform, :datastore, :stream, :day, :state, :row_count, :value, :bytes, :attempts, :error, :verdict,
  :source_rows, :source_value)
ON CONFLICT (platform, datastore, stream, day) DO UPDATE SET state = :state, row_count = :row_count, value = :value,
  bytes = :bytes, attempts = :attempts, error = :error, verdict = :verdict, source_rows = :source_rows,
  source_value = :source_value

-- name: forget_backfill
DELETE FROM backfill WHERE platform = :platform AND datastore = :datastore

-- name: forget_days
DELETE FROM backfill_day WHERE platform = :platform AND datastore = :datastore
