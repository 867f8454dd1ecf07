"""The search for settings: what is tried next, what is stopped, and what is chosen."""
