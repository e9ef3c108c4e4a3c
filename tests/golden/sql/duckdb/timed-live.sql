-- CreateTables
CREATE TABLE "store"."p__shop"."it's" ("shop" VARCHAR, "id" INTEGER, "order" VARCHAR, "Order_4d7f" DOUBLE USING COMPRESSION alp, "total" DECIMAL(18,4), "tags" VARCHAR[], "lasts" INTERVAL, "gone" TIMESTAMP WITH TIME ZONE, "_batch_in" BIGINT, "_valid_from" TIMESTAMP WITH TIME ZONE);
-- EvolveTables
ALTER TABLE "store"."p__shop"."it's" ADD COLUMN "Order_4d7f" DOUBLE USING COMPRESSION alp;
ALTER TABLE "store"."p__shop"."it's" ALTER COLUMN "total" TYPE DECIMAL(18,4);
ALTER TABLE "store"."p__shop"."it's" ADD COLUMN "tags" VARCHAR[];
ALTER TABLE "store"."p__shop"."it's" ADD COLUMN "lasts" INTERVAL;
-- FindChanges, first
DROP TABLE IF EXISTS "matches";
DROP TABLE IF EXISTS "changes";
CREATE TEMP TABLE "changes" (staged_row BIGINT, open_row BIGINT, op VARCHAR);
-- FindChanges
CREATE TEMP TABLE "matches" AS
  SELECT s.rowid AS staged_row, o.rowid AS open_row
  FROM "staged"."d0" s JOIN "store"."p__shop"."it's" o ON s."shop" = o."shop" AND s."id" = o."id";
INSERT INTO "changes"
  SELECT s.rowid, NULL, 'I'
  FROM "staged"."d0" s
  WHERE s.rowid NOT IN (SELECT staged_row
  FROM "matches") AND NOT (s."gone" IS NOT NULL);
INSERT INTO "changes"
  SELECT m.staged_row, m.open_row, CASE WHEN (s."gone" IS NOT NULL) THEN 'D' ELSE 'U' END
  FROM "matches" m JOIN "staged"."d0" s ON s.rowid = m.staged_row JOIN "store"."p__shop"."it's" o ON o.rowid = m.open_row
  WHERE (s."gone" IS NOT NULL) OR (s."order" IS DISTINCT FROM o."order" OR CAST(s."Order_4d7f" AS VARCHAR) IS DISTINCT FROM CAST(o."Order_4d7f" AS VARCHAR) OR s."total" IS DISTINCT FROM o."total" OR s."tags" IS DISTINCT FROM o."tags" OR CAST(s."lasts" AS VARCHAR) IS DISTINCT FROM CAST(o."lasts" AS VARCHAR) OR s."gone" IS DISTINCT FROM o."gone");
-- FindChanges, rows with a mark
SELECT count(*)
  FROM "staged"."d0" s
  WHERE (s."gone" IS NOT NULL);
-- RemoveRows
DELETE
  FROM "store"."p__shop"."it's"
  WHERE rowid IN (SELECT open_row
  FROM "changes"
  WHERE op <> 'I');
-- InsertVersions
INSERT INTO "store"."p__shop"."it's" ("shop", "id", "order", "Order_4d7f", "total", "tags", "lasts", "gone", "_batch_in", "_valid_from")
  SELECT s."shop", s."id", s."order", s."Order_4d7f", s."total", s."tags", s."lasts", s."gone", ?, ?
  FROM "staged"."d0" s
  WHERE s.rowid IN (SELECT staged_row
  FROM "changes"
  WHERE op <> 'D');
-- InsertVersions, first batch
INSERT INTO "store"."p__shop"."it's" ("shop", "id", "order", "Order_4d7f", "total", "tags", "lasts", "gone", "_batch_in", "_valid_from")
  SELECT s."shop", s."id", s."order", s."Order_4d7f", s."total", s."tags", s."lasts", s."gone", ?, ?
  FROM "staged"."d0" s
  WHERE NOT ((s."gone" IS NOT NULL));
