"""pgbench: a script of selects by every protocol, with several clients."""

import re
import subprocess
import tempfile

from servers import POSTGRES

SCRIPT = """\\set id random(1, 3000)
SELECT country, device FROM rec.users WHERE user_id = :id;
SELECT count(*) FROM rec.users WHERE user_id BETWEEN :id AND :id + 10;
"""


def available():
    return (POSTGRES / "pgbench").exists()


def probe(port, seen):
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(SCRIPT)
        script.flush()
        for mode in ("simple", "extended", "prepared"):
            command = [str(POSTGRES / "pgbench"), "-n", "-M", mode, "-c", "4", "-t", "20", "-f", script.name,
                       "-h", "127.0.0.1", "-p", str(port), "-U", "postgres", "lake"]
            done = subprocess.run(command, capture_output=True, text=True, timeout=300)
            counted = re.findall(r"number of (?:transactions actually|failed transactions).*", done.stdout)
            seen.add(mode, (done.returncode, counted, done.stderr.strip().splitlines()[1:4]))
