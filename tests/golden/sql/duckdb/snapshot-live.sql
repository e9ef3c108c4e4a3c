-- CreateTables
CREATE TABLE "store"."p__shop"."it's" ("shop" VARCHAR, "id" INTEGER, "order" VARCHAR, "Order_4d7f" DOUBLE USING COMPRESSION alp, "total" DECIMAL(18,4), "tags" VARCHAR[], "lasts" INTERVAL, "_batch_in" BIGINT, "_valid_from" TIMESTAMP WITH TIME ZONE);
-- EvolveTables
ALTER TABLE "store"."p__shop"."it's" ADD COLUMN "Order_4d7f" DOUBLE USING COMPRESSION alp;
ALTER TABLE "store"."p__shop"."it's" ALTER COLUMN "total" TYPE DECIMAL(18,4);
ALTER TABLE "store"."p__shop"."it's" ADD COLUMN "tags" VARCHAR[];
ALTER TABLE "store"."p__shop"."it's" ADD COLUMN "lasts" INTERVAL;
-- FindChanges, first
DROP TABLE IF EXISTS "matches";
DROP TABLE IF EXISTS "changes";
CREATE TEMP TABLE "changes" (staged_row BIGINT, open_row BIGINT, op VARCHAR);
-- FindChanges, all in one
INSERT INTO "changes"
  SELECT s._staged_row, o._open_row, CASE WHEN o._open_row IS NULL THEN 'I' WHEN s._staged_row IS NULL THEN 'D' ELSE 'U' END
  FROM (SELECT rowid AS _staged_row, *
  FROM "staged"."d0") s
  FULL OUTER JOIN (SELECT rowid AS _open_row, *
  FROM "store"."p__shop"."it's") o ON s."shop" = o."shop" AND s."id" = o."id"
  WHERE s._staged_row IS NULL OR o._open_row IS NULL OR (s."order" IS DISTINCT FROM o."order" OR CAST(s."Order_4d7f" AS VARCHAR) IS DISTINCT FROM CAST(o."Order_4d7f" AS VARCHAR) OR s."total" IS DISTINCT FROM o."total" OR s."tags" IS DISTINCT FROM o."tags" OR CAST(s."lasts" AS VARCHAR) IS DISTINCT FROM CAST(o."lasts" AS VARCHAR));
-- FindChanges, cuts of a large snapshot
SELECT unnest(quantile_disc(k, [0.3333, 0.6667]))
  FROM (SELECT "shop" AS k
  FROM "staged"."d0" USING SAMPLE 20000 ROWS);
-- FindChanges, a range of it
INSERT INTO "changes"
  SELECT s._staged_row, o._open_row, CASE WHEN o._open_row IS NULL THEN 'I' WHEN s._staged_row IS NULL THEN 'D' ELSE 'U' END
  FROM (SELECT rowid AS _staged_row, *
  FROM "staged"."d0"
  WHERE "shop" >= ? AND "shop" < ?) s
  FULL OUTER JOIN (SELECT rowid AS _open_row, *
  FROM "store"."p__shop"."it's"
  WHERE "shop" >= ? AND "shop" < ?) o ON s."shop" = o."shop" AND s."id" = o."id"
  WHERE s._staged_row IS NULL OR o._open_row IS NULL OR (s."order" IS DISTINCT FROM o."order" OR CAST(s."Order_4d7f" AS VARCHAR) IS DISTINCT FROM CAST(o."Order_4d7f" AS VARCHAR) OR s."total" IS DISTINCT FROM o."total" OR s."tags" IS DISTINCT FROM o."tags" OR CAST(s."lasts" AS VARCHAR) IS DISTINCT FROM CAST(o."lasts" AS VARCHAR));
-- FindChanges, after refused keys
DELETE
  FROM "changes"
  WHERE op = 'D' AND open_row IN (SELECT o.rowid
  FROM "store"."p__shop"."it's" o JOIN "staged"."d0_refused" r ON o."shop" = r."shop" AND o."id" = r."id");
-- RemoveRows
DELETE
  FROM "store"."p__shop"."it's"
  WHERE rowid IN (SELECT open_row
  FROM "changes"
  WHERE op <> 'I');
-- InsertVersions
INSERT INTO "store"."p__shop"."it's" ("shop", "id", "order", "Order_4d7f", "total", "tags", "lasts", "_batch_in", "_valid_from")
  SELECT s."shop", s."id", s."order", s."Order_4d7f", s."total", s."tags", s."lasts", ?, ?
  FROM "staged"."d0" s
  WHERE s.rowid IN (SELECT staged_row
  FROM "changes"
  WHERE op <> 'D');
-- InsertVersions, first batch
INSERT INTO "store"."p__shop"."it's" ("shop", "id", "order", "Order_4d7f", "total", "tags", "lasts", "_batch_in", "_valid_from")
  SELECT s."shop", s."id", s."order", s."Order_4d7f", s."total", s."tags", s."lasts", ?, ?
  FROM "staged"."d0" s;
