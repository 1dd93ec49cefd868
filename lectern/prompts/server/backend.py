"""A chat model behind a server as the nodes hold it: a value that says which one is meant and how it writes."""

import logging
from dataclasses import dataclass, field

from ...errors import LecternError
from ..errors import Blind
from ..messages import Question, Reply
from ..watching import Part
from .asking import Asking
from .hub import ChatHub
from .sampling import Sampling
from .sight import look
from .unloading import unload

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ServerBackend:
    """Satisfies messages.Backend. Made anywhere; its coroutines run on the background loop, where the hub lives."""

    hub: ChatHub = field(compare=False, repr=False)
    name: str  # of an entry of lectern.toml
    sampling: Sampling = field(default_factory=Sampling)

    @property
    def remote(self) -> bool:
        return True

    @property
    def label(self) -> str:
        known = self.hub.known(self.name)
        model = known.known_model(self.sampling.model) if known else self.sampling.model
        return f"Chat model {self.name} ({model})" if model else f"Chat model {self.name}"

    @property
    def concurrency(self) -> int:
        """Raises UnknownChat, SettingsError."""
        return self.hub.entry(self.name).concurrency

    @property
    def room(self) -> int:
        """Raises UnknownChat, SettingsError."""
        return self.hub.entry(self.name).document_chars

    async def ask(self, question: Question, part: Part) -> Reply:
        """Raises ChatError, SettingsError."""
        member = self.hub.member(self.name)
        with member.used():
            model = await member.model(self.sampling.model)
            with member.question(model):
                async with member.slots:
                    return await Asking(member, model, self.sampling, question, part).reply()

    async def check_sight(self) -> None:
        """Raises Blind when the entry, the server or an earlier answer says that the model reads no pictures."""
        try:
            member = self.hub.member(self.name)
            with member.used():
                asks = member.entry.vision == "auto"
                await look(member, await member.model(self.sampling.model) if asks else "")
        except Blind:
            raise
        except LecternError as error:  # the question itself will tell what is wrong
            log.debug("Whether a chat model sees was not found out: %s.", type(error).__name__)

    async def release(self) -> None:
        """Raises nothing: an answer is not worth less for it."""
        if not self.sampling.unload:
            return
        try:
            member = self.hub.member(self.name)
            with member.used():
                model = await member.model(self.sampling.model)
                if member.taken_for_unloading(model):
                    await unload(member, model)
        except LecternError as error:
            log.debug("A chat model was not unloaded: %s.", type(error).__name__)
