"""One module for each verb: parse, call, print. What several verbs share lives beside this folder."""
