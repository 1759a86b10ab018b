# Recipes for people. CI runs .ci/run and nothing else.

set positional-arguments

# What there is
default:
    @just --list --unsorted

# The demo lake in the REPL
demo:
    cargo run --release -- demo

# Everything that CI checks
ci:
    .ci/run

# All tests
test *args:
    cargo test --release --workspace -- "$@"

# The statements of sql-tests/, all or by name: `just sql time_travel`
sql *args:
    cargo test --release --test sql -- "$@"

# The golden tables: `just golden --kind batch --table 'pk_*'`
golden *args:
    cargo test --release --test golden -- "$@"

# Make another golden set with Java Paimon (Java 17, Maven) and run it: other values, odd names, shuffled columns
golden-set out="/tmp/tarn-golden-twisted" seed="31" shape="twisted":
    sql-tests/golden/paimon-recipe/golden.sh "{{out}}" "{{seed}}" "{{shape}}"
    TARN_GOLDEN="{{out}}" cargo test --release --test golden

# Seeded random tests, with so many times their usual number of cases and another seed
property-long cases="20000" seed=`date +%s`:
    TARN_PUSHDOWN_CASES="{{cases}}" TARN_PUSHDOWN_SEED="{{seed}}" \
    TARN_CORRUPT_CASES="2000" TARN_CORRUPT_SEED="{{seed}}" \
        cargo test --release --test sql -- pushdown corrupt

# The bench table: Tarn cold and warm against DataFusion on plain Parquet, and peers that are installed
race rows="6000000" dir="/tmp/tarn-bench":
    benches/race/table.sh "{{dir}}" "{{rows}}"
    cargo bench --bench race -- "{{dir}}"

# Tables on S3: moto (from PyPI) serves a copy of the demo lake
s3:
    sql-tests/s3/run.sh

# Licences, banned crates, sources
deny:
    cargo deny check bans licenses sources

# Clients (psycopg, asyncpg, SQLAlchemy, pandas, ADBC, pg8000, psql, node, JDBC, pgbench) against Tarn and PostgreSQL 15
clients *args:
    cargo build --release --bin tarn
    python3 -m venv target/clients && target/clients/bin/pip install -q -r sql-tests/clients/requirements.txt
    target/clients/bin/python sql-tests/clients/run.py --tarn target/release/tarn "$@"
