"""One HTML page with all tables and pictures of an experiment, which any browser opens offline."""

from lorvp.results.page.page import Picture, Summary, page

__all__ = ["Picture", "Summary", "page"]
