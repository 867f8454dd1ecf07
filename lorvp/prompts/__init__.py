"""Prompts: fit, content, placement, and the methods composed of them."""
