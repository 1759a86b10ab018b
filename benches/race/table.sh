#!/usr/bin/env bash
# table.sh DIR ROWS: writes the bench table with Java Paimon to DIR/wh, database `bench`, table `features`:
# 42 columns, 4 buckets, a bucket of 2 files at level 5, 1 at level 4 and 4 at level 0, 15% of rows superseded.
# 6000000 rows take 0.95 GB and some minutes. Needs Java 17 and Maven; jars are kept in GOLDEN_WORK.
set -euo pipefail
target=$(mkdir -p "${1:?the folder to write to}" && cd "$1" && pwd)
rows=${2:-6000000}
recipe=$(cd "$(dirname "$0")/../../sql-tests/golden/paimon-recipe" && pwd)
work=${GOLDEN_WORK:-${XDG_CACHE_HOME:-$HOME/.cache}/tarn-golden}

if [ -e "$target/wh/rows" ] && [ "$(cat "$target/wh/rows")" = "$rows" ]; then
    echo "$target/wh holds the table of $rows rows already"
    exit 0
fi
mkdir -p "$work/tmp" "$work/classes"
if ! ls "$work"/lib/paimon-flink*.jar >/dev/null 2>&1; then
    (cd "$recipe/java" && mvn -q -B dependency:copy-dependencies -DoutputDirectory="$work/lib")
fi
javac -nowarn -cp "$work/lib/*" -d "$work/classes" "$recipe"/java/src/*.java 2>&1 | grep -v '^Note' || true
rm -rf "$target/wh"
java -Xmx"${TARN_BENCH_HEAP:-6g}" -Duser.timezone=UTC -Djava.io.tmpdir="$work/tmp" -cp "$work/classes:$work/lib/*" \
    BenchGen "$target/wh" "$rows"
echo "$rows" >"$target/wh/rows"
