"""What every SQL store shares: names of tables, the catalogue, and the steps of a merge as SQL text."""
