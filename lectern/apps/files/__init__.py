"""Files that callers give: taken in, kept for a while, handed to ComfyUI when a run needs them."""
