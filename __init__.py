"""Lectern: what ComfyUI loads. Registers nodes, the web folder and the app routes; does nothing else."""

from .lectern.mount import mount_apps
from .nodes import NODE_CLASS_MAPPINGS, NODE_DISPLAY_NAME_MAPPINGS

WEB_DIRECTORY = "./web"

mount_apps()

__all__ = ["NODE_CLASS_MAPPINGS", "NODE_DISPLAY_NAME_MAPPINGS", "WEB_DIRECTORY"]
