-- Five customers and eight addresses; names and places are invented.
INSERT INTO "customers"
    ("id", "firstName", "lastName", "dob", "email", "phone", "primaryAddressId", "billingAddressId")
VALUES
    ('C000001', 'Ada',    'Fenwick',   '1984-03-12', 'ada.fenwick@example.com',   '+1-555-0101', 'A000001', 'A000002'),
    ('C000002', 'Bruno',  'Castellan', '1991-11-30', 'bruno.castellan@example.com', '+1-555-0102', 'A000003', 'A000003'),
    ('C000003', 'Zoë',    'O''Hara',   '1976-07-04', 'zoe.ohara@example.com',     NULL,          'A000004', 'A000005'),
    ('C000004', 'Dmitri', 'Halloran',  '2000-02-29', NULL,                        '+1-555-0104', 'A000006', NULL),
    ('C000005', 'Esra',   'Lindqvist', '1968-12-31', 'esra.lindqvist@example.com', '',           'A000007', 'A000008');

INSERT INTO "addresses" ("id", "customerId", "streetName", "city", "state", "zipCode")
VALUES
    ('A000001', 'C000001', '12 Harbour Street',  'Portsmouth', 'NH', '03801'),
    ('A000002', 'C000001', '80 Ledger Road',     'Concord',    'NH', '03301'),
    ('A000003', 'C000002', '5 Orchard Lane',     'Ithaca',     'NY', '14850'),
    ('A000004', 'C000003', '231 Juniper Avenue', 'Taos',       'NM', '87571'),
    ('A000005', 'C000003', '7 Calle Luna',       'San Juan',   NULL, '00901'),
    ('A000006', 'C000004', '44 Mill Way',        'Duluth',     'MN', '55802'),
    ('A000007', 'C000005', '9 Cedar Court',      'Bend',       'OR', '97701'),
    ('A000008', 'C000005', '1 Exchange Square',  'Portland',   'OR', NULL);
