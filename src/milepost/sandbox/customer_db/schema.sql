-- customer_db, the worked example. The two foreign keys point at each other, so they are checked at the commit.
CREATE TABLE "customers" (
    "id"               varchar(20)  NOT NULL PRIMARY KEY,
    "firstName"        varchar(100) NOT NULL,
    "lastName"         varchar(100) NOT NULL,
    "dob"              date         NOT NULL,
    "email"            varchar(200),
    "phone"            varchar(40),
    "primaryAddressId" varchar(20)  NOT NULL,
    "billingAddressId" varchar(20)
);

CREATE TABLE "addresses" (
    "id"         varchar(20)  NOT NULL PRIMARY KEY,
    "customerId" varchar(20)  NOT NULL,
    "streetName" varchar(200) NOT NULL,
    "city"       varchar(100) NOT NULL,
    "state"      varchar(100),
    "zipCode"    varchar(20)
);

ALTER TABLE "addresses"
    ADD CONSTRAINT "addresses_customerId_fkey" FOREIGN KEY ("customerId") REFERENCES "customers" ("id")
    DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE "customers"
    ADD CONSTRAINT "customers_primaryAddressId_fkey" FOREIGN KEY ("primaryAddressId") REFERENCES "addresses" ("id")
    DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT "customers_billingAddressId_fkey" FOREIGN KEY ("billingAddressId") REFERENCES "addresses" ("id")
    DEFERRABLE INITIALLY DEFERRED;

CREATE INDEX "customers_lastName_idx" ON "customers" ("lastName", "firstName");
CREATE INDEX "customers_email_idx" ON "customers" ("email");
CREATE INDEX "customers_primaryAddressId_idx" ON "customers" ("primaryAddressId");
CREATE INDEX "customers_billingAddressId_idx" ON "customers" ("billingAddressId");
CREATE INDEX "addresses_customerId_idx" ON "addresses" ("customerId");
