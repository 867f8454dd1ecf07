"""The commands, as far as they can be tried without a project."""
