"""Custom nodes that are not the same everywhere. Copied into custom_nodes, beside a file that says whose they are."""

from pathlib import Path

OWNER = (Path(__file__).parent / "owner").read_text("utf-8")


class Model:
    """Has one model that everybody has, and one of its own."""

    CATEGORY = "fleet"
    RETURN_TYPES = ("IMAGE",)
    FUNCTION = "work"
    INPUT_TYPES = classmethod(
        lambda cls: {
            "required": {"image": ("IMAGE",), "model": (["common.safetensors", f"{OWNER}.safetensors"],)},
        }
    )

    def work(self, image, model):
        return (image,)


class Own:
    """Is there only once in the fleet."""

    CATEGORY = "fleet"
    RETURN_TYPES = ("IMAGE",)
    FUNCTION = "work"
    INPUT_TYPES = classmethod(lambda cls: {"required": {"image": ("IMAGE",)}})

    def work(self, image):
        return (image,)


NODE_CLASS_MAPPINGS = {"FleetModel": Model, f"FleetOwn{OWNER}": Own}
