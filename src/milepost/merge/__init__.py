"""The merge: pure, no I/O. `plan` says what must happen to tables; a store carries the steps out in its own language."""
