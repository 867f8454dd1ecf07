"""params.yaml: what it asks for, and what is wrong with it."""
