"""Spec -> Model. What is still in memory and unchanged on disk is not read again."""

from collections import Counter
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple
from weakref import WeakValueDictionary

from ...errors import FolderError, LecternError
from ...faults import told
from ...outofmemory import amount, ran_out
from ...stamps import stamp
from ...weightfiles import check_whole, read_ahead, weight_files
from ..errors import ModelFolderError, Shortage
from . import settingfiles
from .fence import fenced
from .memory import BF16, FP16, FP32, Memory
from .model import AUTO, Model, Spec

DTYPES = (AUTO, FP32, FP16, BF16)
STORED = {"F32": FP32, "F16": FP16, "BF16": BF16}  # safetensors' names; anything else runs as bf16
CONTEXT = 4096  # tokens, of a model that does not say
UNSAID = 10_000_000  # tokens: what a tokenizer says that knows no limit is far above
# Where models say how many tokens they take.
LENGTHS = ("max_position_embeddings", "n_positions", "max_sequence_length", "seq_length", "max_seq_len")
PROCESSORS = ("processor_config.json", "preprocessor_config.json")


class Loader:
    """Remembers what it loaded for as long as somebody else holds it."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._lock = Lock()
        self._models: WeakValueDictionary[tuple[Any, ...], Model] = WeakValueDictionary()

    def load(self, spec: Spec) -> Model:
        """Raises ModelFolderError, Shortage."""
        with self._lock:
            with told(lambda reason: _gone(spec.path, reason)):
                place = spec.path.resolve(), stamp(spec.path)
            model = self._models.get((*place, spec.dtype))
            if model is None:
                model = self._models[*place, spec.dtype] = self._settled(spec, place)
            return model

    def _settled(self, spec: Spec, place: tuple[Any, ...]) -> Model:
        """Once it is known what auto means: it may be what somebody asked for by its name."""
        with told(lambda reason: _gone(spec.path, reason)):
            values = settingfiles.read_config(spec.path)
            stored = _stored(spec.path)
        wanted = spec.dtype if spec.dtype in STORED.values() else _usual(stored)
        model = self._models.get((*place, wanted))
        if model is None:
            model = self._models[*place, wanted] = self._read(spec, values, wanted, stored.total())
        return model

    def _read(self, spec: Spec, values: dict[str, Any], wanted: str, size: int) -> Model:
        precision = self._memory.precision(wanted)
        made = _room_to_load(spec, values, precision, size, self._memory)
        lacks = f"This device does not run {wanted}; {spec.path.name} runs as {precision}."
        return Model(
            name=spec.path.name,
            weights=self._memory.keep(made.module),
            tokenizer=made.tokenizer,
            processor=made.processor,
            ends=made.ends,
            context=made.context,
            precision=precision,
            notes=() if precision == wanted else (lacks,),
        )


class _Made(NamedTuple):
    module: Any
    tokenizer: Any
    processor: Any
    ends: tuple[int, ...]
    context: int


def _stored(folder: Path) -> Counter[str]:
    """Bytes of weights by type, after a look at the files' headers."""
    try:
        files = weight_files(folder, "")
        stored = sum((check_whole(file) for file in files), Counter())
    except FolderError as error:
        raise ModelFolderError(str(error)) from error
    read_ahead(files)
    return stored


def _usual(stored: Counter[str]) -> str:
    return STORED.get(max(stored, key=lambda name: stored[name], default="F32"), BF16)


def _room_to_load(spec: Spec, values: dict[str, Any], precision: str, size: int, memory: Memory) -> _Made:
    def failure(reason: str) -> LecternError:
        return ModelFolderError(
            f"{spec.path.name} cannot be loaded: {reason}. Get it anew, update transformers, or choose another model."
        )

    try:
        with told(failure), fenced():
            return _made(spec.path, values, precision)
    except (RuntimeError, MemoryError) as error:
        if not ran_out(error):
            raise
    # Outside of the handler and without its error, which holds what was read so far.
    raise Shortage(
        f"Not enough memory to load {spec.path.name}: its weights need about {amount(size)}, {amount(memory.ram())} of"
        " the computer's memory are free. Choose a smaller model or dtype bf16, or close other programs."
    )


def _made(folder: Path, values: dict[str, Any], precision: str) -> _Made:
    config = _config(folder, values)
    reads_pictures = _reads_pictures(folder, config)
    processor = _processor(folder) if reads_pictures else None
    tokenizer = processor.tokenizer if processor else _tokenizer(folder, config)
    ends, context = _ends(folder, config, tokenizer), _context(config, tokenizer)
    return _Made(_module(folder, config, precision, reads_pictures), tokenizer, processor, ends, context)


def _config(folder: Path, values: dict[str, Any]) -> Any:
    from transformers import CONFIG_MAPPING, __version__

    kind = str(values.get("model_type"))
    if kind not in CONFIG_MAPPING:
        raise ModelFolderError(
            f"{folder.name} is a model of the type {kind[:80]!r}, which transformers {__version__} does not know;"
            " code that a folder brings is not run. Update transformers, or choose another model."
        )
    config = CONFIG_MAPPING[kind].from_dict(values)
    if getattr(config, "is_encoder_decoder", False):
        raise ModelFolderError(
            f"{folder.name} is a model of the type {kind!r}, which translates rather than answers. Choose a chat model."
        )
    return config


def _reads_pictures(folder: Path, config: Any) -> bool:
    """Also multimodal models may lie there with their text parts alone."""
    from transformers import AutoModelForCausalLM, AutoModelForImageTextToText

    kind, writes = type(config), type(config) in AutoModelForCausalLM._model_mapping
    if kind in AutoModelForImageTextToText._model_mapping:
        if any((folder / name).is_file() for name in PROCESSORS):
            return True
        if not writes:
            raise ModelFolderError(
                f"{folder.name} is a model that reads pictures, but none of {' and '.join(PROCESSORS)} is there. Get"
                " the whole model."
            )
    if not writes:
        raise ModelFolderError(
            f"{folder.name} is a model of the type {config.model_type!r}, which writes no text. Choose a chat model."
        )
    return False


def _tokenizer(folder: Path, config: Any) -> Any:
    from transformers import AutoTokenizer, PreTrainedTokenizerBase

    tokenizer = AutoTokenizer.from_pretrained(str(folder), config=config, local_files_only=True)
    if not isinstance(tokenizer, PreTrainedTokenizerBase):  # RAG's is two
        raise ModelFolderError(f"{folder.name} has no tokenizer of a language model. Choose a chat model.")
    return tokenizer


def _processor(folder: Path) -> Any:
    from transformers import AutoProcessor

    processor = AutoProcessor.from_pretrained(str(folder), local_files_only=True)
    if not (hasattr(processor, "tokenizer") and hasattr(processor, "image_processor")):
        raise ModelFolderError(f"{folder.name} lacks files of its tokenizer or picture processor. Get the whole model.")
    return processor


def _module(folder: Path, config: Any, precision: str, reads_pictures: bool) -> Any:
    import torch
    from transformers import AutoModelForCausalLM, AutoModelForImageTextToText, GenerationConfig

    types = {FP32: torch.float32, FP16: torch.float16, BF16: torch.bfloat16}
    kind: Any = AutoModelForImageTextToText if reads_pictures else AutoModelForCausalLM
    module, report = kind.from_pretrained(
        str(folder),
        config=config,
        dtype=types[precision],
        use_safetensors=True,
        local_files_only=True,
        output_loading_info=True,
    )
    if lacking := sorted(map(str, [*report["missing_keys"], *report["mismatched_keys"]])):
        raise ModelFolderError(
            f"{folder.name} lacks {len(lacking)} of its weights, such as {lacking[0][:200]}. Get the model anew."
        )
    # The folder's own says how to sample, which beams, penalties and stop strings to use; none of that is wanted.
    module.generation_config = GenerationConfig()
    return module


def _ends(folder: Path, config: Any, tokenizer: Any) -> tuple[int, ...]:
    """The tokens after which nothing of the answer comes, wherever the folder says so."""
    file = folder / settingfiles.GENERATION
    own = settingfiles.read_object(file).get("eos_token_id") if file.is_file() else None
    said = (own, getattr(config, "eos_token_id", None), config.get_text_config().eos_token_id, tokenizer.eos_token_id)
    return tuple(dict.fromkeys(token for one in said for token in settingfiles.token_ids(one)))


def _context(config: Any, tokenizer: Any) -> int:
    text = config.get_text_config()
    said = [getattr(text, name, None) for name in LENGTHS] + [tokenizer.model_max_length]
    known = [int(one) for one in said if isinstance(one, int | float) and 0 < one < UNSAID]
    return min(known, default=CONTEXT)


def _gone(path: Path, reason: str) -> ModelFolderError:
    return ModelFolderError(
        f"{path.name} cannot be looked at ({reason}). See whether its drive is there, then try again."
    )
