"""One module for each verb: its arguments and the few lines that put the parts together."""
