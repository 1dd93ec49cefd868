"""The web pages of apps: what a browser gets at /lectern. They are files of `web/app/`; data comes by fetch."""

from .routes import add_pages

__all__ = ["add_pages"]
