"""The two servers that are compared: Tarn over the demo lake, PostgreSQL over the same rows."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

POSTGRES = Path(os.environ.get("POSTGRES_BIN", "/usr/lib/postgresql/15/bin"))
DATABASE = "lake"
SCHEMA = "rec"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port, process, seconds=60):
    for _ in range(seconds * 10):
        if process is not None and process.poll() is not None:
            raise RuntimeError(f"the server on port {port} ended with {process.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"nothing answers on port {port}")


class Tarn:
    """`tarn serve` on a folder."""

    def __init__(self, program, lake, log, arguments=()):
        self.port = free_port()
        command = [program, "serve", f"{DATABASE}={lake}", "--listen", str(self.port), *arguments]
        self.process = subprocess.Popen(command, stdout=log, stderr=log)
        wait_for(self.port, self.process)

    def stop(self):
        self.process.terminate()
        self.process.wait(60)


class Postgres:
    """PostgreSQL in a temporary folder, run by the user postgres where this is root."""

    def __init__(self, log):
        self.folder = Path(tempfile.mkdtemp(prefix="tarn-clients-pg-"))
        self.user = None
        if os.geteuid() == 0:
            self.user = pwd.getpwnam("postgres")
            os.chown(self.folder, self.user.pw_uid, self.user.pw_gid)
        self.port = free_port()
        data = self.folder / "data"
        self.call("initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8")
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1 -c fsync=off -c timezone=UTC"
        self.call("pg_ctl", "-D", data, "-l", self.folder / "log", "-o", options, "-w", "start")
        del log

    def call(self, name, *arguments):
        command = [str(POSTGRES / name), *map(str, arguments)]
        drop = {"user": self.user.pw_uid, "group": self.user.pw_gid} if self.user else {}
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, **drop)
        if done.returncode != 0:
            raise RuntimeError(f"{name}: {done.stderr}{done.stdout}")

    def stop(self):
        self.call("pg_ctl", "-D", self.folder / "data", "-m", "immediate", "stop")
        shutil.rmtree(self.folder, ignore_errors=True)


def copy_tables(tarn, postgres):
    """Makes the tables of the lake in PostgreSQL and fills them, by COPY from one to the other."""
    import psycopg

    at = lambda port, name: psycopg.connect(
        host="127.0.0.1", port=port, user="postgres", dbname=name, autocommit=True
    )
    with at(postgres.port, "postgres") as admin:
        admin.execute(f'CREATE DATABASE "{DATABASE}"')
    with at(tarn.port, DATABASE) as source, at(postgres.port, DATABASE) as target:
        target.execute(f"CREATE SCHEMA {SCHEMA}")
        target.execute(f"ALTER DATABASE {DATABASE} SET search_path = {SCHEMA}")
        for (table,) in tables(source):
            columns = source.execute(f"SELECT * FROM {SCHEMA}.{table} LIMIT 0").description
            types = [type_name(target, column) for column in columns]
            listed = ", ".join(f'"{c.name}" {t}' for c, t in zip(columns, types))
            target.execute(f"CREATE TABLE {SCHEMA}.{table} ({listed})")
            with source.cursor().copy(f"COPY {SCHEMA}.{table} TO STDOUT (FORMAT binary)") as rows:
                with target.cursor().copy(f"COPY {SCHEMA}.{table} FROM STDIN (FORMAT binary)") as into:
                    for row in rows:
                        into.write(row)


def tables(source):
    rows = source.execute("SHOW TABLES").fetchall()
    return [(row[-1],) for row in rows if row[0] == SCHEMA]


def type_name(target, column):
    modifier = column._fmod if hasattr(column, "_fmod") else -1
    row = target.execute("SELECT format_type(%s::oid, %s)", (column.type_code, modifier)).fetchone()
    return row[0]
