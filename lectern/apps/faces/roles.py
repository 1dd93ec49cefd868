"""Which of an app's inputs is the prompt, the width, the seed: what other people's APIs name by what it is for. Pure.

Derived from names, labels, node classes' widgets and, for texts, from where they lead in the graph. What two inputs
could equally be is left out, until the publisher says which one it is (`roles` of the app's options).
"""

import re
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum

from ..contract import Contract
from ..errors import InvalidInput
from ..following import consumers_of, taken_as
from ..graph import Graph
from ..inputs import Input, Problem, shown
from ..media import Media
from ..nodeinfo import Kind


class Role(StrEnum):
    """In the order in which inputs are given away."""

    NEGATIVE = "negative"
    PROMPT = "prompt"
    WIDTH = "width"
    HEIGHT = "height"
    SEED = "seed"
    STEPS = "steps"
    CFG = "cfg"
    SAMPLER = "sampler"
    SCHEDULER = "scheduler"
    DENOISE = "denoise"
    BATCH = "batch"  # pictures at once
    CHECKPOINT = "checkpoint"
    IMAGE = "image"
    MASK = "mask"
    QUALITY = "quality"
    BACKGROUND = "background"


Roles = Mapping[Role, str]  # to the name of the input

TEXTS = (Kind.STRING,)
NUMBERS = (Kind.INTEGER, Kind.NUMBER)
NAMES = (Kind.CHOICE, Kind.STRING)
KINDS: Mapping[Role, tuple[Kind, ...]] = {
    Role.NEGATIVE: TEXTS,
    Role.PROMPT: TEXTS,
    Role.WIDTH: NUMBERS,
    Role.HEIGHT: NUMBERS,
    Role.SEED: (Kind.INTEGER,),
    Role.STEPS: NUMBERS,
    Role.CFG: NUMBERS,
    Role.SAMPLER: NAMES,
    Role.SCHEDULER: NAMES,
    Role.DENOISE: NUMBERS,
    Role.BATCH: NUMBERS,
    Role.CHECKPOINT: NAMES,
    Role.IMAGE: (Kind.FILE,),
    Role.MASK: (Kind.FILE,),
    Role.QUALITY: NAMES,
    Role.BACKGROUND: NAMES,
}
WORDS: Mapping[Role, frozenset[str]] = {
    Role.NEGATIVE: frozenset({"negative", "negative_prompt", "neg_prompt", "负面提示词", "反向提示词"}),
    Role.PROMPT: frozenset({"prompt", "positive", "positive_prompt", "text_prompt", "提示词", "正面提示词"}),
    Role.WIDTH: frozenset({"width", "image_width", "宽度"}),
    Role.HEIGHT: frozenset({"height", "image_height", "高度"}),
    Role.SEED: frozenset({"seed", "noise_seed", "种子", "随机种子"}),
    Role.STEPS: frozenset({"steps", "sampling_steps", "num_inference_steps", "步数"}),
    Role.CFG: frozenset({"cfg", "cfg_scale", "guidance", "guidance_scale"}),
    Role.SAMPLER: frozenset({"sampler", "sampler_name", "采样器"}),
    Role.SCHEDULER: frozenset({"scheduler", "调度器"}),
    Role.DENOISE: frozenset({"denoise", "denoising_strength", "降噪"}),
    Role.BATCH: frozenset({"batch", "batch_size", "pictures_at_once", "批次大小"}),
    Role.CHECKPOINT: frozenset({"checkpoint", "ckpt", "ckpt_name", "model", "unet_name", "pipeline", "模型"}),
    Role.IMAGE: frozenset({"image", "picture", "photo", "input_image", "init_image", "图像", "图片"}),
    Role.MASK: frozenset({"mask", "inpaint_mask", "遮罩"}),
    Role.QUALITY: frozenset({"quality"}),
    Role.BACKGROUND: frozenset({"background"}),
}
# What such a choice offers when it means the same as the APIs do, and not JPEG's quality or a colour.
TELLING = {
    Role.QUALITY: frozenset({"low", "medium", "high", "standard", "hd"}),
    Role.BACKGROUND: frozenset({"transparent", "opaque"}),
}
PLAIN_TEXTS = frozenset({"text", "value", "string", "prompt", "text_g"})  # widgets that hold a prompt, among others
LAST_RESORT = frozenset({"text", "topic", "idea", "subject", "caption"})  # what a prompt is called where none is

Evidence = Callable[[Input], bool]


def settled_roles(contract: Contract, graph: Graph, own: Mapping[str, str]) -> dict[Role, str]:
    """The derived roles with the publisher's own over them.

    Args:
        own: role to input, or to nothing, which switches the role off. An entry whose input a version of the app does
            not have does not count for that version.
    """
    names = {item.name for item in contract.inputs}
    said = {Role(role): name for role, name in own.items() if role in set(Role) and (not name or name in names)}
    derived = derive_roles(contract, graph, said)
    return {role: name for role in Role if (name := said.get(role, derived.get(role, "")))}


def derive_roles(contract: Contract, graph: Graph, said: Roles | None = None) -> dict[Role, str]:
    """What the inputs most likely are for. `said`: roles that are not to be found out, and their inputs."""
    said = said or {}
    taken = {name for name in said.values() if name}
    found: dict[Role, str] = {}
    for role in Role:
        if role in said:
            continue
        free = [item for item in contract.inputs if item.name not in taken and may_be(role, item)]
        name = _derived(role, free, graph, found.get(Role.IMAGE) or said.get(Role.IMAGE, ""))
        if name:
            found[role] = name
            taken.add(name)
    return found


def may_be(role: Role, item: Input) -> bool:
    """Whether an input can hold what the role stands for."""
    if item.kind not in KINDS[role]:
        return False
    if role is Role.IMAGE:
        return item.media is Media.IMAGE
    if role is Role.MASK:
        return item.media in (Media.MASK, Media.IMAGE)
    return True


def check_roles(own: Mapping[str, str], contract: Contract) -> None:
    """What a publisher says of the active version's inputs. Raises InvalidInput with every mistake."""
    problems = [problem for role, name in own.items() if (problem := _mistake(role, name, contract))]
    if problems:
        raise InvalidInput(problems[0].message, [problem._asdict() for problem in problems])


def further_images(contract: Contract, roles: Roles) -> tuple[str, ...]:
    """All pictures that an app takes: that of the role first, then the others as they stand in the form."""
    first = roles.get(Role.IMAGE)
    if first is None:
        return ()
    kept = {first, roles.get(Role.MASK)}
    others = (item.name for item in contract.inputs if item.media is Media.IMAGE and item.name not in kept)
    return (first, *others)


def _mistake(role: str, name: str, contract: Contract) -> Problem | None:
    where = f"options.roles.{role}"[:100]
    if role not in set(Role):
        return Problem(where, "unknown_role", f"{shown(role)} is not a role; there are {', '.join(Role)}.")
    item = next((item for item in contract.inputs if item.name == name), None)
    if name and item is None:
        listed = ", ".join(item.name for item in contract.inputs) or "none"
        return Problem(where, "unknown_input", f"{shown(name)} is not an input of this app; it has {listed}.")
    if item is not None and not may_be(Role(role), item):
        return Problem(where, "wrong_input", f"{item.name} cannot be the {role}: it holds another kind of value.")
    return None


def _derived(role: Role, items: list[Input], graph: Graph, image: str) -> str:
    """The one input for which the strongest evidence speaks; empty when there is none, or two."""
    sign = _signs(items, graph) if role in (Role.PROMPT, Role.NEGATIVE) else {}
    items = [item for item in items if _tells(role, item, sign.get(item.name, ""))]
    for evidence in _evidences(role, sign, image):
        found = [item for item in items if evidence(item)]
        if found:
            return found[0].name if len(found) == 1 else ""
    return ""


def _tells(role: Role, item: Input, sign: str) -> bool:
    if role is Role.PROMPT:
        return sign != "negative" and not _is_negative(item)
    words = TELLING.get(role)
    return words is None or bool(words.intersection(map(str, item.choices or ())))


def _signs(items: list[Input], graph: Graph) -> dict[str, str]:
    """What texts are taken as down their line."""
    consumers = consumers_of(graph)
    words = ("negative", "positive", "prompt")
    return {item.name: taken_as(item.node_id, consumers, words) for item in items if _is_text(item)}


def _evidences(role: Role, sign: Mapping[str, str], image: str) -> Iterable[Evidence]:
    """The strongest first."""
    yield lambda item: _plain(item.name) in WORDS[role]
    wanted = ("negative",) if role is Role.NEGATIVE else ("positive", "prompt")
    yield lambda item: sign.get(item.name) in wanted
    yield lambda item: _plain(item.label) in WORDS[role]
    # A node that holds one `value` says by its title what it is for.
    yield lambda item: _plain(item.node_title if item.widget == "value" else item.widget) in WORDS[role]
    if role is Role.PROMPT:
        yield lambda item: _plain(item.name) in LAST_RESORT
    if role is Role.SEED:
        yield lambda item: item.seed
    if role is Role.IMAGE:
        yield lambda item: True
    if role is Role.MASK:
        yield lambda item: bool(image) and item.mask_of == image
        yield lambda item: item.media is Media.MASK and not item.mask_of


def _is_text(item: Input) -> bool:
    return item.multiline or item.widget in PLAIN_TEXTS


def _is_negative(item: Input) -> bool:
    return "negative" in f"{item.name} {item.label} {item.node_title}".lower()


def _plain(text: str) -> str:
    """As names for programs are written, without the node's id that tells two of the same name apart."""
    return re.sub(r"^\d+(_\d+)*_(?=\D)", "", re.sub(r"\W+", "_", text.lower()).strip("_"))
