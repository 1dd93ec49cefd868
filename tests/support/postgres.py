"""A PostgreSQL of our own for the tests: in a scratch folder, reached over a socket there, forgetful of power cuts."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

USER = "postgres"
SETTINGS = (
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "listen_addresses=",
    "shared_buffers=16MB",
    "max_connections=60",
    "autovacuum=off",
    "max_wal_senders=0",
    "wal_level=minimal",
)


def binaries() -> Path:
    """Debian's newest version, else what is on the PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("initdb")
    if not found and on_path is None:
        raise FileNotFoundError("PostgreSQL is not installed; tests/requirements.txt says what tests need.")
    return found[-1].parent if found else Path(str(on_path)).resolve().parent


class Postgres:
    """One server. It refuses to run as root, so there it runs as the user that Debian makes for it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._data = folder / "data"
        self._number = 0
        self._cleared = ""
        self._bin = binaries()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        if not self._data.exists():
            if os.geteuid() == 0:
                shutil.chown(self.folder, USER, USER)
            self._run("initdb", "-D", self._data, "-U", "lectern", "-A", "trust", "-E", "UTF8", "--locale=C", "-N")
        options = [f"-c{setting}" for setting in (*SETTINGS, f"unix_socket_directories={self.folder}")]
        with (self.folder / "log").open("ab") as log:
            command = self._command("postgres", "-D", self._data, *options)
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        until = time.monotonic() + 20
        while not self._ready():
            if self._process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"postgres: {(self.folder / 'log').read_text('utf-8', 'replace')[-2000:]}")
            time.sleep(0.02)

    def stop(self, how: signal.Signals = signal.SIGQUIT) -> None:
        """At once; SIGINT ends connections properly."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(20)
            self._process = None

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://lectern@/{database}?host={self.folder}"

    def empty(self) -> str:
        """The URL of a new database without tables."""
        return self._create("template0")

    def fresh(self) -> str:
        """The URL of a new database with the newest tables; copied, which takes a hundredth of making them."""
        if not self._has("lectern_template"):
            self.sql("CREATE DATABASE lectern_template TEMPLATE template0")
            from lectern.apps.store.migrate import migrate
            from lectern.apps.store.server import open_server

            engine = open_server(self.url("lectern_template"))
            migrate(engine)
            engine.dispose()
        return self._create("lectern_template")

    def cleared(self) -> str:
        """The URL of a database with the newest tables and nothing in them: always the same, for one test at a time."""
        import psycopg

        if not self._cleared:
            self._cleared = self.fresh()
        tables = ("idempotency", "runs", "workflows", "versions", "apps", "files", "deliveries", "keys", "secrets")
        with psycopg.connect(self._cleared) as connection:
            for table in tables:
                connection.execute(f"DELETE FROM {table}".encode())
        return self._cleared

    def sql(self, statement: str, database: str = "postgres") -> None:
        import psycopg

        with psycopg.connect(self.url(database), autocommit=True) as connection:
            connection.execute(statement.encode())

    def _has(self, database: str) -> bool:
        import psycopg

        with psycopg.connect(self.url()) as connection:
            query = "SELECT 1 FROM pg_database WHERE datname = %s"
            return connection.execute(query, (database,)).fetchone() is not None

    def _create(self, template: str) -> str:
        self._number += 1
        name = f"test_{os.getpid()}_{self._number}"
        self.sql(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)

    def _ready(self) -> bool:
        import psycopg

        try:
            psycopg.connect(self.url()).close()
        except psycopg.OperationalError:
            return False
        return True

    def _command(self, program: str, *arguments: object) -> list[str]:
        """Ends with the tests, even when somebody kills them."""
        user = [f"--reuid={USER}", f"--regid={USER}", "--clear-groups"] if os.geteuid() == 0 else []
        return ["setpriv", "--pdeathsig=INT", *user, str(self._bin / program), *map(str, arguments)]

    def _run(self, program: str, *arguments: object) -> None:
        done = subprocess.run(self._command(program, *arguments), capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{program}: {(done.stdout + done.stderr)[-2000:]}")


@contextmanager
def running() -> Iterator[Postgres]:
    folder = Path(tempfile.mkdtemp(prefix="lectern-pg-"))  # short: a socket's path has at most 107 characters
    folder.chmod(0o755)
    server = Postgres(folder)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
