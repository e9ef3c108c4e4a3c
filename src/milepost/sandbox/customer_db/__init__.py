"""customer_db, the worked example (M2), and the same customers by the million; changing them is for `changes`."""

from __future__ import annotations

from milepost.sandbox.customer_db.example import create_customer_db
from milepost.sandbox.customer_db.volume import CustomerChanges, change_customers, load_customers

__all__ = ["CustomerChanges", "change_customers", "create_customer_db", "load_customers"]
