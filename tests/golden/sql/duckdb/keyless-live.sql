-- CreateTables
CREATE TABLE "store"."p__shop"."it's" ("shop" VARCHAR, "id" INTEGER, "order" VARCHAR, "Order_4d7f" DOUBLE USING COMPRESSION alp, "total" DECIMAL(18,4), "tags" VARCHAR[], "lasts" INTERVAL, "_occurrence" BIGINT, "_batch_in" BIGINT, "_valid_from" TIMESTAMP WITH TIME ZONE);
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
  FROM "store"."p__shop"."it's") o ON s."shop" IS NOT DISTINCT FROM o."shop" AND s."id" IS NOT DISTINCT FROM o."id" AND s."order" IS NOT DISTINCT FROM o."order" AND CAST(s."Order_4d7f" AS VARCHAR) IS NOT DISTINCT FROM CAST(o."Order_4d7f" AS VARCHAR) AND s."total" IS NOT DISTINCT FROM o."total" AND s."tags" IS NOT DISTINCT FROM o."tags" AND CAST(s."lasts" AS VARCHAR) IS NOT DISTINCT FROM CAST(o."lasts" AS VARCHAR) AND s."_occurrence" IS NOT DISTINCT FROM o."_occurrence"
  WHERE s._staged_row IS NULL OR o._open_row IS NULL OR false;
-- FindChanges, cuts of a large snapshot
-- none: it is compared in one;
-- RemoveRows
DELETE
  FROM "store"."p__shop"."it's"
  WHERE rowid IN (SELECT open_row
  FROM "changes"
  WHERE op <> 'I');
-- InsertVersions
INSERT INTO "store"."p__shop"."it's" ("shop", "id", "order", "Order_4d7f", "total", "tags", "lasts", "_occurrence", "_batch_in", "_valid_from")
  SELECT s."shop", s."id", s."order", s."Order_4d7f", s."total", s."tags", s."lasts", s."_occurrence", ?, ?
  FROM "staged"."d0" s
  WHERE s.rowid IN (SELECT staged_row
  FROM "changes"
  WHERE op <> 'D');
-- InsertVersions, first batch
INSERT INTO "store"."p__shop"."it's" ("shop", "id", "order", "Order_4d7f", "total", "tags", "lasts", "_occurrence", "_batch_in", "_valid_from")
  SELECT s."shop", s."id", s."order", s."Order_4d7f", s."total", s."tags", s."lasts", s."_occurrence", ?, ?
  FROM "staged"."d0" s;
