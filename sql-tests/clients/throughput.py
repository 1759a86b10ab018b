#!/usr/bin/env python3
"""Rows out of Tarn and out of PostgreSQL 15, the same ones: COPY in binary, and ADBC's tables of Arrow.

    throughput.py --tarn PROGRAM [--copies 20] [--rounds 5]

Both servers read the largest table of the demo lake, as many times over as `--copies` says, in one query. What is
printed is the ratio of the fastest rounds, PostgreSQL's time over Tarn's: above 1, Tarn is ahead.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import servers  # noqa: E402

TABLE = f"{servers.SCHEMA}.impressions"


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--tarn", required=True)
    options.add_argument("--lake", default="/work/shared/golden/demo-lake.tar.zst", help="the demo lake, packed")
    options.add_argument("--copies", type=int, default=20)
    options.add_argument("--rounds", type=int, default=5)
    chosen = options.parse_args()
    if not (servers.POSTGRES / "postgres").exists():
        print(f"SKIPPED: no PostgreSQL 15 in {servers.POSTGRES} (POSTGRES_BIN says where)")
        return
    folder = Path(tempfile.mkdtemp(prefix="tarn-throughput-"))
    subprocess.run(["tar", "-I", "zstd", "-xf", chosen.lake, "-C", folder], check=True)
    with open(folder / "log", "w") as log:
        tarn, postgres = servers.Tarn(chosen.tarn, folder / "demo-lake", log), servers.Postgres(log)
        try:
            servers.copy_tables(tarn, postgres)
            query = " UNION ALL ".join([f"SELECT * FROM {TABLE}"] * chosen.copies)
            for name, work in [("COPY binary", copy_binary), ("ADBC", adbc)]:
                compare(name, work, query, [tarn.port, postgres.port], chosen.rounds)
        finally:
            tarn.stop()
            postgres.stop()
    shutil.rmtree(folder)


def compare(name, work, query, ports, rounds):
    """Rounds alternate between the servers, so that both meet the same machine."""
    fastest, sizes = [float("inf")] * 2, [None] * 2
    for _ in range(rounds):
        for at, port in enumerate(ports):
            start = time.perf_counter()
            sizes[at] = work(port, query)
            fastest[at] = min(fastest[at], time.perf_counter() - start)
    if sizes[0] != sizes[1]:
        raise RuntimeError(f"{name}: Tarn gave {sizes[0]}, PostgreSQL {sizes[1]}")
    print(f"{name}: {sizes[0]} in {fastest[0]:.3f} s and {fastest[1]:.3f} s: ratio {fastest[1] / fastest[0]:.2f}")


def copy_binary(port, query):
    import psycopg

    with psycopg.connect(host="127.0.0.1", port=port, user="postgres", dbname=servers.DATABASE) as db:
        with db.cursor().copy(f"COPY ({query}) TO STDOUT (FORMAT binary)") as rows:
            return f"{sum(len(chunk) for chunk in rows)} bytes"


def adbc(port, query):
    import adbc_driver_postgresql.dbapi as driver

    with driver.connect(f"postgresql://postgres@127.0.0.1:{port}/{servers.DATABASE}") as db, db.cursor() as cursor:
        cursor.execute(query)
        return f"{cursor.fetch_arrow_table().num_rows} rows"


if __name__ == "__main__":
    main()
