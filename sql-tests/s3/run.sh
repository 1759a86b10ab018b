#!/usr/bin/env bash
# Reads the demo lake from S3: moto (PyPI) serves a copy of it, and every count of demo/expected.jsonl must be
# the same as from the file system. Needs Python 3 and the network for pip, once; TARN names another program.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=${TARN_S3_WORK:-${XDG_CACHE_HOME:-$HOME/.cache}/tarn-s3}
mkdir -p "$work"
if [ ! -x "$work/venv/bin/moto_server" ]; then
    python3 -m venv "$work/venv"
    "$work/venv/bin/pip" install -q 'moto[s3,server]==5.*' boto3
fi
if [ -z "${TARN:-}" ]; then
    cargo build --release --bin tarn
    TARN=${CARGO_TARGET_DIR:-target}/release/tarn
fi
export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_REGION=us-east-1 AWS_ALLOW_HTTP=true
port=${TARN_S3_PORT:-5555}
export AWS_ENDPOINT=http://127.0.0.1:$port

"$work/venv/bin/moto_server" -H 127.0.0.1 -p "$port" >"$work/moto.log" 2>&1 &
server=$!
trap 'kill $server' EXIT

rm -rf "$work/demo-lake"
tar -C "$work" --zstd -xf demo/demo-lake.tar.zst
TARN=$TARN "$work/venv/bin/python" sql-tests/s3/check.py "$work/demo-lake" "$AWS_ENDPOINT"
