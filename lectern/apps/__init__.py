"""Workflows as apps: contract, store, runs, the client of ComfyUI's API, HTTP routes."""
