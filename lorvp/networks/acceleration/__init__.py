"""The same function as the frozen network, made cheaper."""
