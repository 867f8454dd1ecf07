"""Frozen networks: what they promise, who builds them, where their weights come from."""
