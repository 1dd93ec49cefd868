"""Who calls, and what they may: the result of checking a request's credentials."""

from dataclasses import dataclass
from enum import StrEnum

from .errors import Forbidden, Unauthorized


class Scope(StrEnum):
    """What an endpoint asks of its caller. `run`, `publish` and `admin` are also what keys carry."""

    ANYONE = "anyone"  # answered to everybody, even to those whom the settings keep out
    GUEST = "guest"  # `run`; and without a key for what belongs to a public app, which the service checks
    RUN = "run"
    PUBLISH = "publish"
    ADMIN = "admin"


_IMPLIED = {
    Scope.ADMIN: frozenset({Scope.ADMIN, Scope.PUBLISH, Scope.RUN}),
    Scope.PUBLISH: frozenset({Scope.PUBLISH, Scope.RUN}),
    Scope.RUN: frozenset({Scope.RUN}),
}


@dataclass(frozen=True)
class Caller:
    """One key, or whoever is let in without one."""

    owner: str = ""  # id of the key, which owns runs and files; empty without one
    name: str = ""
    scopes: frozenset[Scope] = frozenset()
    apps: frozenset[str] | None = None  # slugs; None: all
    concurrent: int | None = None  # runs that may wait or execute at once

    @property
    def guest(self) -> bool:
        """Without a key where keys are asked for: only public apps are for them."""
        return not self.scopes

    @property
    def granted(self) -> frozenset[Scope]:
        """Its scopes and what they imply."""
        return frozenset().union(*(_IMPLIED[own] for own in self.scopes))

    def may(self, scope: Scope) -> bool:
        return any(scope in _IMPLIED[own] for own in self.scopes)

    def may_use(self, slug: str) -> bool:
        return self.apps is None or slug in self.apps

    @property
    def sees_all(self) -> bool:
        return self.may(Scope.ADMIN)

    def sees(self, owner: str) -> bool:
        """Whether the runs and files of an owner are this caller's business."""
        return self.may(Scope.ADMIN) or owner == self.owner


KEY_NEEDED = "This needs a key: send it as Authorization: Bearer lct_..., or sign in on the page."

HOUSEHOLD = Caller(name="this machine", scopes=frozenset({Scope.ADMIN}))  # where no keys are asked for
GUEST = Caller()


def require_app(caller: Caller, slug: str, public: bool) -> None:
    """For reading and running an app, and for reading its runs.

    Ask before saying that there is no such app, with `public` false: strangers must not learn which names exist.

    Raises Unauthorized, Forbidden.
    """
    if public:
        return
    if caller.guest:
        raise Unauthorized(KEY_NEEDED)
    if not caller.may_use(slug):
        raise Forbidden(f"This key is for other apps, not for {slug[:63]}.")
