"""Where merged tables live: one folder per technology, and `sql/` for what all of them share."""
