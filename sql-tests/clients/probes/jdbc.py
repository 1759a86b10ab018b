"""pgjdbc, by a program of its own (jdbc/), which Maven builds."""

import shutil
import subprocess
import tempfile
from pathlib import Path

from queries import QUERIES

FOLDER = Path(__file__).parent.parent / "jdbc"


def maven(*goals):
    command = ["mvn", "-q", "-B", *goals]
    return subprocess.run(command, cwd=FOLDER, capture_output=True, text=True)


def available():
    if shutil.which("mvn") is None or shutil.which("java") is None:
        return False
    if (FOLDER / "target" / "classpath").exists():
        return True
    built = maven("compile", "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:build-classpath", "-Dmdep.outputFile=target/classpath")
    return built.returncode == 0


def probe(port, seen):
    path = f"{FOLDER}/target/classes:" + (FOLDER / "target" / "classpath").read_text().strip()
    with tempfile.NamedTemporaryFile("w") as queries:
        queries.write("\n".join(QUERIES))
        queries.flush()
        done = subprocess.run(["java", "-cp", path, "Probe", str(port), queries.name], capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        raise RuntimeError(done.stderr[-500:])
    for line in done.stdout.splitlines():
        label, _, outcome = line.partition("\t")
        seen.add(label, outcome)
