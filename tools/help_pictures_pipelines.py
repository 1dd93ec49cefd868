"""`python -m tools.help_pictures_pipelines`: remakes the pictures of the Diffusers nodes' help pages.

Each shows where its node stands between the others: what they do needs a model, which this repository has none of.
"""

from tools.chains import Box, Chain, drawn
from tools.help_pictures import HELP_LIMIT, IMAGES, save

LOADER = Box(30, 60, "Pipeline Loader", "folder, file, hub id")
SCHEDULER = Box(360, 60, "Pipeline Scheduler", "karras, shift, ...")
SAMPLE = Box(690, 60, "Pipeline Sample", "images, latent")
IMAGE = Box(30, 250, "Load Image", "image, mask")
ENCODE = Box(360, 250, "Pipeline Encode", "latent")
DECODE = Box(690, 250, "Pipeline Decode", "here or remote")
KSAMPLER = Box(360, 250, "KSampler", "latent")
LORA = Box(360, 60, "Pipeline LoRA", "papercut, 0.8")
WORDS = Box(690, 250, "Preview as Text", "trigger words")
EDGES = Box(30, 250, "Detect Edges", "or depth, a pose")
CONTROL = Box(360, 60, "Pipeline ControlNet", "strength 1.0")
LOOK = Box(30, 250, "Load Image", "subject or style")
ADAPTER = Box(360, 60, "Pipeline IP-Adapter", "scale 0.6")
MEMORY = Box(360, 60, "Pipeline Memory", "offload: group")
FIRST = Box(30, 250, "Load Image", "first frame")
VIDEO = Box(360, 60, "Pipeline Video", "frames, video")
SAVE = Box(690, 60, "Save Video", "mp4")

LINE = ((0, 1), (1, 2))
CHAINS = {
    "pipeline_loader": Chain((LOADER, SCHEDULER, SAMPLE), LINE, 0),
    "pipeline_scheduler": Chain((LOADER, SCHEDULER, SAMPLE), LINE, 1),
    "pipeline_sample": Chain((LOADER, SCHEDULER, SAMPLE, IMAGE), (*LINE, (3, 2)), 2),
    "pipeline_lora": Chain((LOADER, LORA, SAMPLE, WORDS), (*LINE, (1, 3)), 1),
    "pipeline_controlnet": Chain((LOADER, CONTROL, SAMPLE, EDGES), (*LINE, (3, 1)), 1),
    "pipeline_ipadapter": Chain((LOADER, ADAPTER, SAMPLE, LOOK), (*LINE, (3, 1)), 1),
    "pipeline_memory": Chain((LOADER, MEMORY, SAMPLE), LINE, 1),
    "pipeline_video": Chain((LOADER, VIDEO, SAVE, FIRST), (*LINE, (3, 1)), 1),
    "pipeline_encode": Chain((LOADER, IMAGE, ENCODE, Box(690, 250, "KSampler", "latent")), ((0, 2), (1, 2), (2, 3)), 2),
    "pipeline_decode": Chain((LOADER, KSAMPLER, DECODE), ((0, 2), (1, 2)), 2),
}


def main() -> None:
    for name, chain in CHAINS.items():
        save(drawn(chain), IMAGES / f"{name}.jpg", HELP_LIMIT)


if __name__ == "__main__":
    main()
