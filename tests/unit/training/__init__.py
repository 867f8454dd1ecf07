"""Training, against plain loops."""
