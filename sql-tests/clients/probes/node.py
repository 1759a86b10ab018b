"""node-postgres, by a program of its own (node/probe.js)."""

import json
import shutil
import subprocess
from pathlib import Path

from queries import QUERIES

FOLDER = Path(__file__).parent.parent / "node"


def available():
    if shutil.which("node") is None or shutil.which("npm") is None:
        return False
    if not (FOLDER / "node_modules").exists():
        return subprocess.run(["npm", "install", "--silent", "--no-package-lock"], cwd=FOLDER).returncode == 0
    return True


def probe(port, seen):
    done = subprocess.run(["node", "probe.js", str(port), json.dumps(QUERIES)], cwd=FOLDER, capture_output=True, text=True, timeout=180)
    if done.returncode != 0:
        raise RuntimeError(done.stderr[-500:])
    for label, outcome in json.loads(done.stdout).items():
        seen.add(label, outcome)
