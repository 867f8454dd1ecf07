"""Readers of finished trials: tables, pictures, and the page that shows both."""
