"""Lectern's library: everything that does work. Only `lectern.host` needs ComfyUI."""

__version__ = "0.1.0"
