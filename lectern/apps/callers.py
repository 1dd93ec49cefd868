"""Who calls, and what they may: the result of checking a request's credentials."""

from dataclasses import dataclass
from enum import StrEnum


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


HOUSEHOLD = Caller(name="this machine", scopes=frozenset({Scope.ADMIN}))  # where no keys are asked for
GUEST = Caller()
