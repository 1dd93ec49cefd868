"""The apps that the stand-in has: one of every kind of input, and a few that behave in their own way."""

from typing import Any

HOSTILE = '<img src=x onerror="window.hacked=1">'
SEED_LIMIT = 2**64 - 1
SAMPLERS = [
    "euler", "euler_ancestral", "heun", "heunpp2", "dpm_2", "dpm_2_ancestral", "lms", "dpm_fast", "dpm_adaptive",
    "dpmpp_2s_ancestral", "dpmpp_sde", "dpmpp_2m", "dpmpp_2m_sde", "dpmpp_3m_sde", "ddpm", "lcm", "uni_pc",
]  # fmt: skip

PROMPT = {
    "type": "string", "title": "Prompt", "x-multiline": True, "maxLength": 600,
    "description": "What the picture shows, in a sentence or two.",
}  # fmt: skip
SEED = {
    "anyOf": [{"type": "integer", "minimum": 0, "maximum": SEED_LIMIT}, {"const": "random"}],
    "x-seed": True, "title": "Seed", "default": "random", "description": "The same seed gives the same picture.",
}  # fmt: skip
STEPS = {"type": "integer", "title": "Steps", "minimum": 1, "maximum": 50, "default": 20}
PICTURE = {"type": "string", "title": "Picture", "x-media": "image", "x-accept": ["image/*"], "x-max-mb": 20}

POSTER = {
    "prompt": PROMPT | {"default": "A lighthouse at dawn, risograph print, calm sea"},
    "size": {"enum": ["Slide 16:9", "Square", "Portrait"], "title": "Format", "default": "Slide 16:9"},
    "steps": STEPS,
    "strength": {
        "type": "number", "title": "Guidance", "minimum": 0, "maximum": 10, "x-step": 0.5, "default": 7.5,
        "description": "How closely the picture follows the prompt.",
    },
    "seed": SEED,
}  # fmt: skip

EVERYTHING = {
    "title": {"type": "string", "title": "Headline", "maxLength": 60},
    "prompt": PROMPT,
    "width": {"type": "integer", "title": "Width", "minimum": 64, "maximum": 16384, "x-step": 8, "default": 1280},
    "denoise": {"type": "number", "title": "Denoise", "minimum": 0, "maximum": 1, "x-step": 0.01, "default": 0.6},
    "mood": {"enum": ["calm", "bold", "warm"], "title": "Mood", "default": "calm"},
    "sampler": {"enum": SAMPLERS, "title": "Sampler", "default": "euler"},
    "tiling": {"type": "boolean", "title": "Tileable", "default": False, "description": "Edges that fit each other."},
    "seed": SEED,
    "picture": PICTURE,
    "mask": {
        "type": "string", "title": "What to repaint", "x-media": "mask", "x-mask-of": "picture",
        "x-accept": ["image/png"], "x-max-mb": 20,
    },
    "voice": {"type": "string", "title": "Voice", "x-media": "audio", "x-accept": ["audio/*"], "x-max-mb": 50},
    "clip": {"type": "string", "title": "Clip", "x-media": "video", "x-accept": ["video/*"], "x-max-mb": 200},
    "deck": {
        "type": "string", "title": "Deck", "x-media": "file", "x-accept": [".pptx"], "x-max-mb": 50,
        "default": "brand.pptx",
    },
}  # fmt: skip

HOSTILE_INPUTS = {
    "text": {"type": "string", "title": HOSTILE, "description": HOSTILE, "default": HOSTILE},
    "choice": {"enum": [HOSTILE, "plain"], "title": f"Choice {HOSTILE}", "default": "plain"},
}


def app(slug: str, title: str, description: str, inputs: dict[str, Any], **more: Any) -> dict[str, Any]:
    options = {"public": False, "retry": True, "max_seconds": None, "max_n": 1, "queued": None}
    url = f"/lectern/v1/apps/{slug}"
    base = {
        "slug": slug, "title": title, "description": description, "version": 1, "versions": [1], "source": "app_mode",
        "inputs": {
            "type": "object", "properties": inputs, "required": more.pop("required", []), "additionalProperties": False,
        },
        "outputs": {"image": _output("9", "SaveImage", "Save Image", "image")}, "stale": [], "missing": [],
        "options": options | more.pop("options", {}), "picture": None,
        "created_at": "2026-11-20T09:00:00.000Z", "updated_at": "2026-11-24T09:00:00.000Z",
        "urls": {"get": url, "runs": f"{url}/runs", "web": f"/lectern/a/{slug}", "openapi": f"{url}/openapi.json"},
    }  # fmt: skip
    return base | more


def _output(node_id: str, kind: str, title: str, media: str) -> dict[str, Any]:
    return {"node_id": node_id, "class_type": kind, "title": title, "media": media, "media_types": [f"{media}/*"]}


def sample_apps() -> dict[str, dict[str, Any]]:
    poster = "A picture for a slide from one sentence, in your brand's format."
    every = app(
        "everything", "Everything at once", "Every kind of input that an app can have, and every kind of result.",
        EVERYTHING, required=["title", "picture"], picture="/lectern/v1/apps/everything/picture",
        outputs={
            "image": _output("9", "SaveImage", "Pictures", "image"),
            "text": _output("12", "PreviewAny", "Notes", "text"),
            "deck": _output("14", "LecternSaveDeck", "Deck", "file"),
        },
    )  # fmt: skip
    apps = [
        app("poster", "Poster from a sentence", poster, POSTER, required=["prompt"], options={"max_n": 4},
            version=3, versions=[1, 2, 3], picture="/lectern/v1/apps/poster/picture"),
        every,
        app("broken", "Broken by a node", "Its third node fails.", {"prompt": PROMPT}),
        app("strict", "Strict about its inputs", "Refuses what it is given.", {"steps": STEPS, "size": PROMPT}),
        app("busy", "Busy", "Waits in the queue until a test lets it go.", {"steps": STEPS}),
        app("hostile", HOSTILE, HOSTILE, HOSTILE_INPUTS),
        app("deck", "Topic to illustrated deck", "An outline, twelve pictures and a PowerPoint file from one topic.",
            {"topic": PROMPT}, outputs={"deck": _output("14", "LecternSaveDeck", "Deck", "file")}),
    ]  # fmt: skip
    return {one["slug"]: one for one in apps}
