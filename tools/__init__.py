"""Lectern's developer tooling: finds ComfyUI, keeps a virtual environment, starts servers, runs checks and tests.

Nothing here ships with the pack (`.comfyignore`). Whatever runs before the virtual environment exists uses the
standard library only; `tools.server` runs on both sides.
"""
