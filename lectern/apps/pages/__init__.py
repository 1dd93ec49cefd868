"""The web pages of apps: what a browser gets at /lectern. The pages are files of `web/app/`; their data comes by fetch."""

from .routes import add_pages

__all__ = ["add_pages"]
