"""psql: what it prints for statements and scripts, in every form of output."""

import shutil
import subprocess

from queries import QUERIES

SCRIPTS = [
    r"\conninfo", r"\encoding", r"\echo :SERVER_VERSION_NUM", r"SELECT 1 \gdesc", "SELECT user_id, country FROM rec.users ORDER BY 1 LIMIT 2 \\gx",
    "BEGIN; SELECT 1; SELECT nothing; SELECT 2; COMMIT;", r"\copy (SELECT user_id FROM rec.users ORDER BY 1 LIMIT 2) TO STDOUT CSV HEADER",
    "\\set FETCH_COUNT 100\nSELECT count(*) FROM (SELECT user_id FROM rec.users) x;\nSELECT user_id FROM rec.users ORDER BY 1;",
    r"SELECT 1 \bind \g", "PREPARE p AS SELECT $1::int + 1; EXECUTE p(2); EXECUTE p('x'); DEALLOCATE p; EXECUTE p(1);",
    "SELECT 1 AS a \\gset\n\\echo :a", "SELECT 1; SELECT 2\\; SELECT 3;", r"\timing off", "COPY rec.users FROM STDIN;\n\\.",
]


def available():
    return shutil.which("psql") is not None


def call(port, text, *options):
    command = ["psql", "-X", "-h", "127.0.0.1", "-p", str(port), "-U", "postgres", "-d", "lake", "-v", "VERBOSITY=sqlstate", *options]
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=120)
    said = f"{done.returncode} {done.stdout} {done.stderr}"
    return said.replace(str(port), "PORT").replace("15.18", "15.x").replace("15.20", "15.x").replace("150018", "1500xx").replace("150020", "1500xx")


def probe(port, seen):
    script = "".join(f"\\echo === {n}\n{sql};\nROLLBACK;\n" for n, sql in enumerate(QUERIES) if not sql.startswith("SELECT 'abc") and "SHOW server" not in sql)
    head = "SET search_path = rec;\n"
    told = call(port, head + script.replace("ROLLBACK;\n", ""), "-f", "-").split("=== ")
    for block in told:
        number = block.split("\n")[0]
        label = QUERIES[int(number)] if number.isdigit() else "head"
        seen.add(f"script: {label}", block)
    for text in SCRIPTS:
        seen.attempt(f"psql: {text}", lambda: call(port, text))
