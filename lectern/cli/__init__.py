"""The command line: apps of any ComfyUI over HTTP. Standard library alone, so that it runs where ComfyUI is not."""
