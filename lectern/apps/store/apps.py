"""Published apps in the database: one row an app, one an immutable version."""

from typing import Any

from sqlalchemy import Connection, Engine, delete, insert, select, update

from ..errors import VersionConflict
from .published import Head, NewVersion, Picture, StoredVersion, VersionLine
from .tables import apps, versions


class AppStore:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def heads(self) -> list[Head]:
        """All apps by slug."""
        numbers: dict[str, list[int]] = {}
        columns = [column for column in apps.c if column is not apps.c.picture]
        with self._engine.begin() as connection:
            for slug, number in connection.execute(
                select(versions.c.slug, versions.c.number).order_by(versions.c.slug, versions.c.number)
            ):
                numbers.setdefault(slug, []).append(number)
            rows = connection.execute(select(*columns).where(~apps.c.deleted).order_by(apps.c.slug)).all()
        return [
            Head(
                slug=row.slug,
                title=row.title,
                description=row.description,
                active=row.active,
                versions=tuple(numbers.get(row.slug, ())),
                options=row.options,
                picture=row.picture_type or "",
                created_ms=row.created_ms,
                updated_ms=row.updated_ms,
            )
            for row in rows
        ]

    def version(self, slug: str, number: int) -> StoredVersion | None:
        query = select(versions).where(versions.c.slug == slug, versions.c.number == number)
        with self._engine.begin() as connection:
            row = connection.execute(query).first()
        if row is None:
            return None
        return StoredVersion(row.number, row.title, row.workflow, row.graph, row.picked, row.source, row.created_ms)

    def lines(self, slug: str) -> list[VersionLine]:
        """The versions of an app, the newest first."""
        query = select(
            versions.c.number, versions.c.title, versions.c.source, versions.c.created_ms, versions.c.picked
        ).where(versions.c.slug == slug)
        with self._engine.begin() as connection:
            rows = connection.execute(query.order_by(versions.c.number.desc())).all()
        return [
            VersionLine(
                row.number, row.title, row.source, row.created_ms, len(row.picked["inputs"]), len(row.picked["outputs"])
            )
            for row in rows
        ]

    def picture(self, slug: str) -> Picture | None:
        query = select(apps.c.picture, apps.c.picture_type).where(apps.c.slug == slug, ~apps.c.deleted)
        with self._engine.begin() as connection:
            row = connection.execute(query).first()
        return None if row is None or row.picture is None else Picture(row.picture, row.picture_type)

    def publish(self, new: NewVersion) -> int:
        """Adds a version and makes it the active one; its number. Raises VersionConflict."""
        with self._engine.begin() as connection:
            row = connection.execute(select(apps).where(apps.c.slug == new.slug)).first()
            active = 0 if row is None or row.deleted else row.active
            if new.expected is not None and new.expected != active:
                raise VersionConflict(
                    f"Version {active} is the active one, not {new.expected}; read the app again before publishing."
                )
            number = max(new.first, 1 if row is None else row.newest + 1)
            _write_app(connection, new, number, row is not None, active > 0)
            connection.execute(insert(versions).values(_version_row(new, number)))
        return number

    def amend(self, slug: str, now_ms: int, **values: Any) -> bool:
        """Changes title, description or options; False when there is no such app."""
        change = update(apps).where(apps.c.slug == slug, ~apps.c.deleted)
        with self._engine.begin() as connection:
            return connection.execute(change.values(**values, updated_ms=now_ms)).rowcount > 0

    def activate(self, slug: str, number: int, now_ms: int) -> bool:
        """False when there is no such version."""
        with self._engine.begin() as connection:
            query = select(versions.c.number).where(versions.c.slug == slug, versions.c.number == number)
            if connection.execute(query).first() is None:
                return False
            change = update(apps).where(apps.c.slug == slug, ~apps.c.deleted)
            return connection.execute(change.values(active=number, updated_ms=now_ms)).rowcount > 0

    def delete(self, slug: str, now_ms: int) -> bool:
        """Its versions go with it; their numbers are never given again. False when there is no such app."""
        with self._engine.begin() as connection:
            gone = {"deleted": True, "picture": None, "picture_type": None, "updated_ms": now_ms}
            change = update(apps).where(apps.c.slug == slug, ~apps.c.deleted)
            if connection.execute(change.values(gone)).rowcount == 0:
                return False
            connection.execute(delete(versions).where(versions.c.slug == slug))
        return True


def _write_app(connection: Connection, new: NewVersion, number: int, known: bool, alive: bool) -> None:
    values: dict[str, Any] = {
        "title": new.title,
        "description": new.description,
        "active": number,
        "newest": number,
        "options": dict(new.options),
        "updated_ms": new.created_ms,
        "deleted": False,
    }
    if new.picture is not None:
        values |= {"picture": new.picture.content, "picture_type": new.picture.content_type}
    if not alive:
        values["created_ms"] = new.created_ms
    if known:
        connection.execute(update(apps).where(apps.c.slug == new.slug).values(values))
    else:
        connection.execute(insert(apps).values(slug=new.slug, **values))


def _version_row(new: NewVersion, number: int) -> dict[str, Any]:
    return {
        "slug": new.slug,
        "number": number,
        "title": new.title,
        "workflow": None if new.workflow is None else dict(new.workflow),
        "graph": dict(new.graph),
        "picked": dict(new.picked),
        "source": new.source,
        "author": new.author,
        "created_ms": new.created_ms,
    }
