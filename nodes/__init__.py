"""What people see in the graph editor: schemas, and one call each into the library."""

from .pipelines.controlnet import LecternPipelineControlNet
from .pipelines.decode import LecternPipelineDecode
from .pipelines.encode import LecternPipelineEncode
from .pipelines.ipadapter import LecternPipelineIPAdapter
from .pipelines.loader import LecternPipelineLoader
from .pipelines.lora import LecternPipelineLora
from .pipelines.memory import LecternPipelineMemory
from .pipelines.sample import LecternPipelineSample
from .pipelines.scheduler import LecternPipelineScheduler
from .pipelines.video import LecternPipelineVideo
from .prompts.chat import LecternChatModel
from .prompts.describe import LecternPromptFromImage
from .prompts.expand import LecternPromptExpand
from .prompts.local_chat import LecternLocalChatModel
from .prompts.outline import LecternDeckOutline
from .sdwebui.adetailer import LecternWebUIADetailer
from .sdwebui.controlnet import LecternWebUIControlNet
from .sdwebui.fields import LecternWebUIFields
from .sdwebui.hires import LecternWebUIHires
from .sdwebui.inpaint import LecternWebUIInpaint
from .sdwebui.interrogate import LecternWebUIInterrogate
from .sdwebui.override import LecternWebUIOverride
from .sdwebui.pnginfo import LecternWebUIPngInfo
from .sdwebui.refiner import LecternWebUIRefiner
from .sdwebui.sample import LecternWebUISample
from .sdwebui.script import LecternWebUIScript
from .sdwebui.server import LecternWebUIServer
from .sdwebui.upscale import LecternWebUIUpscale
from .slides.background import LecternSlideBackground
from .slides.deck import LecternSaveDeck
from .slides.frame import LecternSlideFrame
from .slides.logo import LecternSlideLogo
from .slides.number import LecternSlideNumber
from .slides.save import LecternSaveSlides
from .slides.title import LecternSlideTitle
from .slides.watermark import LecternSlideWatermark

NODE_CLASS_MAPPINGS = {
    "LecternSlideBackground": LecternSlideBackground,
    "LecternSlideFrame": LecternSlideFrame,
    "LecternSlideTitle": LecternSlideTitle,
    "LecternSlideWatermark": LecternSlideWatermark,
    "LecternSlideLogo": LecternSlideLogo,
    "LecternSlideNumber": LecternSlideNumber,
    "LecternSaveSlides": LecternSaveSlides,
    "LecternSaveDeck": LecternSaveDeck,
    "LecternWebUIServer": LecternWebUIServer,
    "LecternWebUISample": LecternWebUISample,
    "LecternWebUIHires": LecternWebUIHires,
    "LecternWebUIRefiner": LecternWebUIRefiner,
    "LecternWebUIInpaint": LecternWebUIInpaint,
    "LecternWebUIOverride": LecternWebUIOverride,
    "LecternWebUIControlNet": LecternWebUIControlNet,
    "LecternWebUIADetailer": LecternWebUIADetailer,
    "LecternWebUIScript": LecternWebUIScript,
    "LecternWebUIFields": LecternWebUIFields,
    "LecternWebUIUpscale": LecternWebUIUpscale,
    "LecternWebUIInterrogate": LecternWebUIInterrogate,
    "LecternWebUIPngInfo": LecternWebUIPngInfo,
    "LecternPipelineLoader": LecternPipelineLoader,
    "LecternPipelineLora": LecternPipelineLora,
    "LecternPipelineScheduler": LecternPipelineScheduler,
    "LecternPipelineControlNet": LecternPipelineControlNet,
    "LecternPipelineIPAdapter": LecternPipelineIPAdapter,
    "LecternPipelineMemory": LecternPipelineMemory,
    "LecternPipelineSample": LecternPipelineSample,
    "LecternPipelineVideo": LecternPipelineVideo,
    "LecternPipelineEncode": LecternPipelineEncode,
    "LecternPipelineDecode": LecternPipelineDecode,
    "LecternChatModel": LecternChatModel,
    "LecternLocalChatModel": LecternLocalChatModel,
    "LecternPromptExpand": LecternPromptExpand,
    "LecternPromptFromImage": LecternPromptFromImage,
    "LecternDeckOutline": LecternDeckOutline,
}

NODE_DISPLAY_NAME_MAPPINGS = {
    "LecternSlideBackground": "Slide Background",
    "LecternSlideFrame": "Slide Frame",
    "LecternSlideTitle": "Slide Title",
    "LecternSlideWatermark": "Slide Watermark",
    "LecternSlideLogo": "Slide Logo",
    "LecternSlideNumber": "Slide Number",
    "LecternSaveSlides": "Save Slides",
    "LecternSaveDeck": "Save Deck",
    "LecternWebUIServer": "WebUI Server",
    "LecternWebUISample": "WebUI Sample",
    "LecternWebUIHires": "WebUI Hires",
    "LecternWebUIRefiner": "WebUI Refiner",
    "LecternWebUIInpaint": "WebUI Inpaint",
    "LecternWebUIOverride": "WebUI Override",
    "LecternWebUIControlNet": "WebUI ControlNet",
    "LecternWebUIADetailer": "WebUI ADetailer",
    "LecternWebUIScript": "WebUI Script",
    "LecternWebUIFields": "WebUI Fields",
    "LecternWebUIUpscale": "WebUI Upscale",
    "LecternWebUIInterrogate": "WebUI Interrogate",
    "LecternWebUIPngInfo": "WebUI PNG Info",
    "LecternPipelineLoader": "Pipeline Loader",
    "LecternPipelineLora": "Pipeline LoRA",
    "LecternPipelineScheduler": "Pipeline Scheduler",
    "LecternPipelineControlNet": "Pipeline ControlNet",
    "LecternPipelineIPAdapter": "Pipeline IP-Adapter",
    "LecternPipelineMemory": "Pipeline Memory",
    "LecternPipelineSample": "Pipeline Sample",
    "LecternPipelineVideo": "Pipeline Video",
    "LecternPipelineEncode": "Pipeline Encode",
    "LecternPipelineDecode": "Pipeline Decode",
    "LecternChatModel": "Chat Model",
    "LecternLocalChatModel": "Local Chat Model",
    "LecternPromptExpand": "Prompt Expand",
    "LecternPromptFromImage": "Prompt From Image",
    "LecternDeckOutline": "Deck Outline",
}
