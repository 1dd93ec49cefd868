from typing import get_args

from comfy_api.v0_0_2 import io

from ...lectern.errors import LecternError
from ...lectern.jsontext import read_object
from ...lectern.prompts.server.sampling import Sampling, Thinking, checked_fields
from .common import CATEGORY, ChatModel, ChatModelType, chat_names, chats, settings

ENTRYS_CHOICE = "entry's choice"  # what lectern.toml says, or the first model that the server lists
THINKING = get_args(Thinking)
_EXAMPLE = '{"top_k": 40}'


class LecternChatModel(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        names = chat_names()
        return io.Schema(
            node_id="LecternChatModel",
            display_name="Chat Model",
            category=CATEGORY,
            description="Chooses a language model on a server that speaks OpenAI's chat completions: Ollama, llama.cpp,"
            " LM Studio, vLLM, OpenAI, OpenRouter, Groq, DeepSeek and others. Its address and key are in lectern.toml,"
            " never in the workflow.",
            search_aliases=["llm", "openai", "ollama", "gpt", "lm studio", "llama.cpp", "vllm", "openrouter"],
            inputs=[
                io.Combo.Input(
                    "chat", options=names, default=names[0], tooltip="An entry of lectern.toml, under [chat]."
                ),
                io.Combo.Input(
                    "model", options=[ENTRYS_CHOICE], default=ENTRYS_CHOICE, extra_dict={"lectern_chat_list": "models"},
                    tooltip="The model to ask. The list comes from the server.",
                ),
                io.Float.Input(
                    "temperature", default=0.7, min=-1.0, max=2.0, step=0.05, optional=True,
                    tooltip="How freely it chooses its words: 0 always the likeliest. -1 leaves it to the server.",
                ),
                io.Float.Input(
                    "top_p", default=1.0, min=0.01, max=1.0, step=0.01, optional=True,
                    tooltip="Only words among the likeliest that together have this share. 1 takes all.",
                ),
                io.Int.Input(
                    "max_tokens", default=8192, min=0, max=1_000_000, optional=True,
                    tooltip="Longest answer, thinking included. 0 leaves it to the server.",
                ),
                io.Int.Input(
                    "seed", default=0, min=0, max=0xFFFFFFFFFFFFFFFF, optional=True,
                    control_after_generate=io.ControlAfterGenerate.fixed,
                    tooltip="Added to the seed of every node that asks: another one renews all texts at once.",
                ),
                io.Boolean.Input(
                    "unload", default=False, optional=True,
                    tooltip="Frees the model's memory on the server after its last use in the graph: Ollama, LM Studio,"
                    " and llama.cpp as a router.",
                ),
                io.Boolean.Input(
                    "make_room", default=False, optional=True, advanced=True,
                    tooltip="Unloads ComfyUI's own models before it is asked, for a server on the same GPU.",
                ),
                io.Combo.Input(
                    "thinking", options=list(THINKING), default=THINKING[0], optional=True, advanced=True,
                    tooltip="Whether a reasoning model thinks before it answers. What it thinks never enters the text.",
                ),
                io.String.Input(
                    "fields", default="", multiline=True, dynamic_prompts=False, optional=True, advanced=True,
                    tooltip='Further fields of the request, as a JSON object such as {"top_k": 40}. What the server'
                    " does not know is left out, with a note.",
                ),
            ],
            outputs=[ChatModelType.Output(display_name="chat_model", tooltip="For the Prompts nodes.")],
        )  # fmt: skip

    @classmethod
    def validate_inputs(cls, chat: str | None, model: str | None) -> bool | str:
        """Named here, so that ComfyUI leaves it to the server which models exist."""
        try:
            if chat is not None:
                chats.entry(chat)
        except LecternError as error:
            return str(error)
        return True

    @classmethod
    def fingerprint_inputs(cls, chat: str | None, **_: object) -> str:
        """ComfyUI keeps results while nothing changes; another server under the same name is a change."""
        return chats.stamp(chat or "")

    @classmethod
    def execute(
        cls,
        chat: str,
        model: str,
        temperature: float = 0.7,
        top_p: float = 1.0,
        max_tokens: int = 8192,
        seed: int = 0,
        unload: bool = False,
        make_room: bool = False,
        thinking: Thinking = THINKING[0],
        fields: str = "",
    ) -> io.NodeOutput:
        from ...lectern.prompts.server.backend import ServerBackend  # not while ComfyUI starts

        sampling = Sampling(
            model="" if model == ENTRYS_CHOICE else model,
            temperature=temperature,
            top_p=top_p,
            max_tokens=max_tokens,
            seed=seed,
            thinking=thinking,
            unload=unload,
            fields=checked_fields(read_object(fields, settings().limits.text, _EXAMPLE)),
        )
        return io.NodeOutput(ChatModel(ServerBackend(chats, chat, sampling), make_room))
