"""Lectern's library: everything that does work. Only `lectern.host` needs ComfyUI."""
