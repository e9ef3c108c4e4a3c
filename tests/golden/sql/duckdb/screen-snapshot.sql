-- Screen
SELECT count(*)
  FROM "staged"."d0";
INSERT INTO "staged"."refused"
  SELECT 'it''s', COALESCE(CAST(s."shop" AS VARCHAR), 'NULL') || ', ' || COALESCE(CAST(s."id" AS VARCHAR), 'NULL'), 'the key is NULL', CAST(to_json(s) AS VARCHAR)
  FROM (SELECT *
  FROM "staged"."d0"
  WHERE "shop" IS NULL OR "id" IS NULL) s;
SELECT count(*)
  FROM (SELECT *
  FROM "staged"."d0"
  WHERE "shop" IS NULL OR "id" IS NULL);
DELETE
  FROM "staged"."d0"
  WHERE "shop" IS NULL OR "id" IS NULL;
SELECT count(*)
  FROM (SELECT 1
  FROM "staged"."d0" GROUP BY "shop", "id");
CREATE TABLE "staged"."d0_versions" AS
  SELECT *
  FROM "staged"."d0"
  WHERE ("shop", "id") IN (SELECT "shop", "id"
  FROM "staged"."d0" GROUP BY "shop", "id" HAVING count(*) > 1) QUALIFY row_number() OVER (PARTITION BY "shop", "id", "order", CAST("Order_4d7f" AS VARCHAR), "total", "tags", CAST("lasts" AS VARCHAR)) = 1;
INSERT INTO "staged"."d0_refused"
  SELECT "shop", "id"
  FROM "staged"."d0_versions" GROUP BY "shop", "id" HAVING count(*) > 1;
INSERT INTO "staged"."refused"
  SELECT 'it''s', COALESCE(CAST(s."shop" AS VARCHAR), 'NULL') || ', ' || COALESCE(CAST(s."id" AS VARCHAR), 'NULL'), 'the key stands more than once, with different values', CAST(to_json(s) AS VARCHAR)
  FROM (SELECT *
  FROM "staged"."d0"
  WHERE ("shop", "id") IN (SELECT "shop", "id"
  FROM "staged"."d0_refused")) s;
SELECT count(*)
  FROM (SELECT *
  FROM "staged"."d0"
  WHERE ("shop", "id") IN (SELECT "shop", "id"
  FROM "staged"."d0_refused"));
DELETE
  FROM "staged"."d0"
  WHERE ("shop", "id") IN (SELECT "shop", "id"
  FROM "staged"."d0" GROUP BY "shop", "id" HAVING count(*) > 1);
INSERT INTO "staged"."d0"
  SELECT *
  FROM "staged"."d0_versions"
  WHERE NOT (("shop", "id") IN (SELECT "shop", "id"
  FROM "staged"."d0_refused"));
DROP TABLE "staged"."d0_versions";
SELECT count(*)
  FROM "staged"."d0";
