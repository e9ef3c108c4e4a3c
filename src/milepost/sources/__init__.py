"""Readers of datastores: one package for each vendor; what is done with the rows belongs to the engine and the stores."""
