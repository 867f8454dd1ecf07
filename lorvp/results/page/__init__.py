"""One page with all tables and pictures of an experiment, for any browser, without a network."""

from lorvp.results.page.page import Picture, page

__all__ = ["Picture", "page"]
