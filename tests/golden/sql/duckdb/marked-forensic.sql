-- CreateTables
CREATE TABLE "store"."p__shop"."it's__open" ("shop" VARCHAR, "id" INTEGER, "order" VARCHAR, "Order_4d7f" DOUBLE USING COMPRESSION alp, "total" DECIMAL(18,4), "tags" VARCHAR[], "lasts" INTERVAL, "gone" BOOLEAN, "_batch_in" BIGINT, "_valid_from" TIMESTAMP WITH TIME ZONE);
CREATE TABLE "store"."p__shop"."it's__closed" ("shop" VARCHAR, "id" INTEGER, "order" VARCHAR, "Order_4d7f" DOUBLE USING COMPRESSION alp, "total" DECIMAL(18,4), "tags" VARCHAR[], "lasts" INTERVAL, "gone" BOOLEAN, "_batch_in" BIGINT, "_valid_from" TIMESTAMP WITH TIME ZONE, "_batch_out" BIGINT, "_valid_to" TIMESTAMP WITH TIME ZONE);
CREATE OR REPLACE VIEW "store"."p__shop"."it's" AS
  SELECT "shop", "id", "order", "Order_4d7f", "total", "tags", "lasts", "gone", "_batch_in", "_valid_from", CAST(9223372036854775807 AS BIGINT) AS "_batch_out", CAST(NULL AS TIMESTAMP WITH TIME ZONE) AS "_valid_to"
  FROM "p__shop"."it's__open"
  UNION ALL SELECT "shop", "id", "order", "Order_4d7f", "total", "tags", "lasts", "gone", "_batch_in", "_valid_from", "_batch_out", "_valid_to"
  FROM "p__shop"."it's__closed";
-- EvolveTables
ALTER TABLE "store"."p__shop"."it's__open" ADD COLUMN "Order_4d7f" DOUBLE USING COMPRESSION alp;
ALTER TABLE "store"."p__shop"."it's__closed" ADD COLUMN "Order_4d7f" DOUBLE USING COMPRESSION alp;
ALTER TABLE "store"."p__shop"."it's__open" ALTER COLUMN "total" TYPE DECIMAL(18,4);
ALTER TABLE "store"."p__shop"."it's__closed" ALTER COLUMN "total" TYPE DECIMAL(18,4);
ALTER TABLE "store"."p__shop"."it's__open" ADD COLUMN "tags" VARCHAR[];
ALTER TABLE "store"."p__shop"."it's__closed" ADD COLUMN "tags" VARCHAR[];
ALTER TABLE "store"."p__shop"."it's__open" ADD COLUMN "lasts" INTERVAL;
ALTER TABLE "store"."p__shop"."it's__closed" ADD COLUMN "lasts" INTERVAL;
CREATE OR REPLACE VIEW "store"."p__shop"."it's" AS
  SELECT "shop", "id", "order", "Order_4d7f", "total", "tags", "lasts", "gone", "_batch_in", "_valid_from", CAST(9223372036854775807 AS BIGINT) AS "_batch_out", CAST(NULL AS TIMESTAMP WITH TIME ZONE) AS "_valid_to"
  FROM "p__shop"."it's__open"
  UNION ALL SELECT "shop", "id", "order", "Order_4d7f", "total", "tags", "lasts", "gone", "_batch_in", "_valid_from", "_batch_out", "_valid_to"
  FROM "p__shop"."it's__closed";
-- FindChanges, first
DROP TABLE IF EXISTS "matches";
DROP TABLE IF EXISTS "changes";
CREATE TEMP TABLE "changes" (staged_row BIGINT, open_row BIGINT, op VARCHAR);
-- FindChanges
CREATE TEMP TABLE "matches" AS
  SELECT s.rowid AS staged_row, o.rowid AS open_row
  FROM "staged"."d0" s JOIN "store"."p__shop"."it's__open" o ON s."shop" = o."shop" AND s."id" = o."id";
INSERT INTO "changes"
  SELECT s.rowid, NULL, 'I'
  FROM "staged"."d0" s
  WHERE s.rowid NOT IN (SELECT staged_row
  FROM "matches") AND NOT COALESCE(s."gone", false);
INSERT INTO "changes"
  SELECT m.staged_row, m.open_row, CASE WHEN COALESCE(s."gone", false) THEN 'D' ELSE 'U' END
  FROM "matches" m JOIN "staged"."d0" s ON s.rowid = m.staged_row JOIN "store"."p__shop"."it's__open" o ON o.rowid = m.open_row
  WHERE COALESCE(s."gone", false) OR (s."order" IS DISTINCT FROM o."order" OR CAST(s."Order_4d7f" AS VARCHAR) IS DISTINCT FROM CAST(o."Order_4d7f" AS VARCHAR) OR s."total" IS DISTINCT FROM o."total" OR s."tags" IS DISTINCT FROM o."tags" OR CAST(s."lasts" AS VARCHAR) IS DISTINCT FROM CAST(o."lasts" AS VARCHAR) OR s."gone" IS DISTINCT FROM o."gone");
-- FindChanges, rows with a mark
SELECT count(*)
  FROM "staged"."d0" s
  WHERE COALESCE(s."gone", false);
-- CloseVersions
INSERT INTO "store"."p__shop"."it's__closed" ("shop", "id", "order", "Order_4d7f", "total", "tags", "lasts", "gone", "_batch_in", "_valid_from", "_batch_out", "_valid_to")
  SELECT o."shop", o."id", o."order", o."Order_4d7f", o."total", o."tags", o."lasts", o."gone", o."_batch_in", o."_valid_from", ?, ?
  FROM "store"."p__shop"."it's__open" o
  WHERE o.rowid IN (SELECT open_row
  FROM "changes"
  WHERE op <> 'I');
DELETE
  FROM "store"."p__shop"."it's__open"
  WHERE rowid IN (SELECT open_row
  FROM "changes"
  WHERE op <> 'I');
-- InsertVersions
INSERT INTO "store"."p__shop"."it's__open" ("shop", "id", "order", "Order_4d7f", "total", "tags", "lasts", "gone", "_batch_in", "_valid_from")
  SELECT s."shop", s."id", s."order", s."Order_4d7f", s."total", s."tags", s."lasts", s."gone", ?, ?
  FROM "staged"."d0" s
  WHERE s.rowid IN (SELECT staged_row
  FROM "changes"
  WHERE op <> 'D');
-- InsertVersions, first batch
INSERT INTO "store"."p__shop"."it's__open" ("shop", "id", "order", "Order_4d7f", "total", "tags", "lasts", "gone", "_batch_in", "_valid_from")
  SELECT s."shop", s."id", s."order", s."Order_4d7f", s."total", s."tags", s."lasts", s."gone", ?, ?
  FROM "staged"."d0" s
  WHERE NOT (COALESCE(s."gone", false));
