#!/usr/bin/env python3
"""Runs clients against Tarn and PostgreSQL and compares what they see.

    run.py --tarn PROGRAM [--only psycopg3,psql] [--write-known]

Rows, column names, type OIDs, SQLSTATEs and command tags have to be equal. What is known to differ stands in
known-differences.txt, a label a line with reasons between; the run fails on every other difference, and names the
known ones that are gone (--write-known adds the new ones, to be explained). A client or server that is not installed is skipped, loudly.
"""

import argparse
import importlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import compare  # noqa: E402
import servers  # noqa: E402

PROBES = ["psycopg3", "psycopg2", "asyncpg", "sqlalchemy", "pandas", "adbc", "pg8000", "psql", "node", "jdbc", "pgbench"]


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--tarn", required=True)
    options.add_argument("--lake", default="/work/shared/golden/demo-lake.tar.zst", help="the demo lake, packed")
    options.add_argument("--only", default="")
    options.add_argument("--write-known", action="store_true")
    chosen = options.parse_args()
    if not (servers.POSTGRES / "postgres").exists():
        print(f"SKIPPED: no PostgreSQL 15 in {servers.POSTGRES} (POSTGRES_BIN says where)")
        return 0
    folder = Path(tempfile.mkdtemp(prefix="tarn-clients-"))
    subprocess.run(["tar", "-I", "zstd", "-xf", chosen.lake, "-C", folder], check=True)
    with open(folder / "log", "w") as log:
        tarn = servers.Tarn(chosen.tarn, folder / "demo-lake", log)
        postgres = servers.Postgres(log)
        try:
            servers.copy_tables(tarn, postgres)
            found, skipped = probe_all(chosen.only, tarn, postgres)
        finally:
            tarn.stop()
            postgres.stop()
    shutil.rmtree(folder)
    return report(found, skipped, chosen)


def probe_all(only, tarn, postgres):
    found, skipped = [], []
    for name in only.split(",") if only else PROBES:
        try:
            module = importlib.import_module(f"probes.{name}")
            if hasattr(module, "available") and not module.available():
                raise ImportError(f"{name} is not installed")
        except ImportError as error:
            print(f"SKIPPED: {name}: {error}")
            skipped.append(name)
            continue
        ours, theirs = compare.run(module, tarn.port), compare.run(module, postgres.port)
        different = list(compare.differences(name, ours, theirs))
        print(f"{name}: {len(theirs)} outcomes, {len(different)} differ")
        found.extend(different)
    return found, skipped


def report(found, skipped, chosen):
    path = HERE / "known-differences.txt"
    known = set(path.read_text().splitlines()) if path.exists() else set()
    for label, ours, theirs in found:
        mark = "known" if label in known else "DIFFERS"
        print(f"\n{mark}: {label}\n  tarn:     {ours[:700]}\n  postgres: {theirs[:700]}")
    labels = {label for label, _, _ in found}
    if not chosen.only:
        for gone in sorted(line for line in known - labels if line and not line.startswith("#")):
            if gone.split(":")[0] not in skipped:
                print(f"no longer differs: {gone}")
    if chosen.write_known:
        with open(path, "a") as file:
            file.writelines(f"{label}\n" for label in sorted(labels - known))
    return 1 if labels - known else 0


if __name__ == "__main__":
    sys.exit(main())
