"""Secrets of Lectern itself that all processes of a shared store need. Made by whoever needs one first."""

from sqlalchemy import Engine, insert, select

from .tables import secrets


class SecretStore:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def keep(self, name: str, made: str) -> str:
        """The secret of that name, which is `made` when there was none."""
        with self._engine.begin() as connection:
            known = connection.execute(select(secrets.c.value).where(secrets.c.name == name)).scalar()
            if known is None:
                connection.execute(insert(secrets).values(name=name, value=made))
            return known or made
