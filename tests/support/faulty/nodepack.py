"""The custom nodes of the faulty ComfyUI. Copied into its custom_nodes folder; imports ComfyUI, so tests never do."""

import os
import time

import comfy.model_management
import torch


class FaultWork:
    """Works for a while, at an image, and can be interrupted; or fails in the way that is asked for."""

    CATEGORY = "faults"
    RETURN_TYPES = ("IMAGE",)
    FUNCTION = "work"
    INPUT_TYPES = classmethod(
        lambda cls: {
            "required": {
                "image": ("IMAGE",),
                "seconds": ("FLOAT", {"default": 0.0, "min": 0.0, "max": 600.0, "step": 0.01}),
                "seed": ("INT", {"default": 0, "min": 0, "max": 2**53}),
                "how": (["works", "raises", "memory", "deaf"],),
            }
        }
    )

    def work(self, image, seconds, seed, how):
        if how == "raises":
            raise RuntimeError("the kettle is empty ☕")
        if how == "memory":
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 80.00 GiB")
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if how != "deaf":
                comfy.model_management.throw_exception_if_processing_interrupted()
            time.sleep(0.01)
        return (torch.clamp(image + (seed % 200) / 255, 0, 1),)


class FaultText:
    """Shows a text that no file can hold."""

    CATEGORY = "faults"
    RETURN_TYPES = ()
    OUTPUT_NODE = True
    FUNCTION = "show"
    INPUT_TYPES = classmethod(lambda cls: {"required": {"text": ("STRING", {"default": ""})}})

    def show(self, text):
        return {"ui": {"text": [text, "half \ud83d"]}}


class FaultGone(FaultText):
    """Is there only while its file is not marked as gone."""


NODE_CLASS_MAPPINGS = {"FaultWork": FaultWork, "FaultText": FaultText}
if not os.path.exists(os.path.join(os.path.dirname(__file__), "gone")):
    NODE_CLASS_MAPPINGS["FaultGone"] = FaultGone
