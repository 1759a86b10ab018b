"""Uploads a lake to an S3 endpoint and compares Tarn's counts there with the known ones: check.py LAKE ENDPOINT"""

import json
import os
import subprocess
import sys
import time

import boto3

lake, endpoint = sys.argv[1:3]
client = boto3.client("s3", endpoint_url=endpoint)
for attempt in range(50):
    try:
        client.create_bucket(Bucket="tarn")
        break
    except Exception:
        time.sleep(0.2)
else:
    sys.exit(f"no S3 server answers at {endpoint}")

files = 0
for folder, _, names in os.walk(lake):
    for name in names:
        path = os.path.join(folder, name)
        client.upload_file(path, "tarn", "demo-lake/" + os.path.relpath(path, lake))
        files += 1
print(f"{files} files uploaded")

expected = os.path.join(os.path.dirname(__file__), "../demo/expected.jsonl")
wanted = [json.loads(line) for line in open(expected, encoding="utf-8")]
wanted = [figures for figures in wanted if not figures["ref"].startswith("snapshot-")]
statements = []
for figures in wanted:
    version = "" if figures["ref"] == "latest" else f" FOR VERSION AS OF '{figures['ref']}'"
    statements += ["-c", f"SELECT count(*) AS n FROM rec.{figures['table']}{version}"]
run = subprocess.run(
    [os.environ["TARN"], "s3://tarn/demo-lake", "--format", "ndjson", *statements],
    capture_output=True, text=True, check=False,
)
if run.returncode != 0:
    sys.exit(f"tarn failed: {run.stderr}")
counts = [json.loads(line)["n"] for line in run.stdout.splitlines()]
wrong = [(f["table"], f["ref"], f["rows"], n) for f, n in zip(wanted, counts) if f["rows"] != n]
if wrong or len(counts) != len(wanted):
    sys.exit(f"wrong counts (table, version, expected, got): {wrong}, {len(counts)} of {len(wanted)} answers")
print(f"s3: {len(counts)} counts agree")
