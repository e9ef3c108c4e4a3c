-- Screen
CREATE TABLE "staged"."d0_numbered" AS
  SELECT *, row_number() OVER (PARTITION BY "shop", "id", "order", CAST("Order_4d7f" AS VARCHAR), "total", "tags", CAST("lasts" AS VARCHAR)) AS "_occurrence"
  FROM "staged"."d0";
DROP TABLE "staged"."d0";
ALTER TABLE "staged"."d0_numbered" RENAME TO "d0";
