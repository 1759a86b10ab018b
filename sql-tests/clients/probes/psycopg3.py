"""psycopg 3: both formats, cursors of the server, pipelines, COPY, nested transactions, notices."""

import psycopg
from psycopg import pq

from queries import QUERIES


def connect(port, **more):
    return psycopg.connect(
        host="127.0.0.1", port=port, user="postgres", dbname="lake", options="-c search_path=rec", **more
    )


def outcome(cursor):
    columns = [(c.name, c.type_code) for c in cursor.description or []]
    rows = cursor.fetchall() if cursor.description else None
    return repr((cursor.statusmessage, columns, rows))


def probe(port, seen):
    with connect(port, autocommit=True) as db:
        for sql in QUERIES:
            for binary in (False, True):
                label = f"{'binary' if binary else 'text'}: {sql}"
                cursor = db.cursor(binary=binary)
                seen.attempt(label, lambda: outcome(cursor.execute(sql)))
                if db.info.transaction_status != pq.TransactionStatus.IDLE:
                    db.rollback()
        parameters(db, seen)
    transactions(port, seen)
    cursors(port, seen)
    copies(port, seen)
    pipelines(port, seen)
    simple(port, seen)


def parameters(db, seen):
    import datetime
    from decimal import Decimal
    from uuid import UUID

    values = [
        1, 2**40, 1.5, "text", True, None, b"\x00\xff", Decimal("12.50"), datetime.date(2024, 2, 29),
        datetime.datetime(2024, 2, 29, 1, 2, 3, 456), datetime.time(1, 2, 3), datetime.timedelta(1, 5),
        datetime.datetime(2024, 2, 29, 1, tzinfo=datetime.timezone.utc), [1, 2], ["a", None],
    ]
    for value in values:
        for binary in (False, True):
            cursor = db.cursor(binary=binary)
            slot = "%b" if binary else "%t"
            if value is None:
                slot = "%s::int"
            seen.attempt(f"parameter {value!r} {binary}", lambda: outcome(cursor.execute(f"SELECT {slot}", (value,))))
    del UUID
    for sql, given in [
        ("SELECT %s + 1", (1,)), ("SELECT %s::text", ("x",)), ("SELECT user_id FROM users WHERE user_id = %s", (3,)),
        ("SELECT count(*) FROM users WHERE user_id = ANY(%s)", ([1, 2, 3],)),
        ("SELECT user_id FROM users ORDER BY 1 LIMIT %s OFFSET %s", (2, 1)),
        ("SELECT date '2024-01-01' + %s * interval '1 day'", (2,)), ("SELECT coalesce(%s, 'x')", (None,)),
        ("SELECT %s", ("x",)), ("SELECT %s IS NULL", (None,)), ("SELECT 'a' LIKE %s", ("a%",)),
        ("SELECT count(*) FROM users WHERE user_id BETWEEN %s AND %s", (1, 10)),
        ("SELECT count(*) FROM users WHERE user_id IN (%s, %s)", (1, 2)),
        ("SELECT upper(%s), length(%s)", ("x", "yy")),
    ]:
        seen.attempt(f"parameters {sql} {given}", lambda: outcome(db.execute(sql, given)))
        seen.attempt(f"prepared {sql} {given}", lambda: outcome(db.execute(sql, given, prepare=True)))


def transactions(port, seen):
    with connect(port) as db:
        seen.attempt("tx: select", lambda: outcome(db.execute("SELECT 1")))
        seen.add("tx: status", db.info.transaction_status.name)
        seen.attempt("tx: fails", lambda: outcome(db.execute("SELECT nothing")))
        seen.attempt("tx: aborted", lambda: outcome(db.execute("SELECT 1")))
        seen.add("tx: status aborted", db.info.transaction_status.name)
        db.rollback()
        with db.transaction():
            db.execute("SELECT 1")
            try:
                with db.transaction():
                    db.execute("SELECT 1 / 0")
            except psycopg.Error as error:
                seen.add("tx: inner", error.sqlstate)
            seen.attempt("tx: outer goes on", lambda: outcome(db.execute("SELECT 2")))
        seen.attempt("tx: set local", lambda: outcome(db.execute("SET LOCAL statement_timeout = '5s'")))
        seen.attempt("tx: shown", lambda: outcome(db.execute("SHOW statement_timeout")))
        db.rollback()
        seen.attempt("tx: put back", lambda: outcome(db.execute("SHOW statement_timeout")))
        db.rollback()
        db.read_only = True
        seen.attempt("tx: read only", lambda: outcome(db.execute("SHOW transaction_read_only")))
        db.rollback()
        db.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        seen.attempt("tx: isolation", lambda: outcome(db.execute("SHOW transaction_isolation")))
        db.rollback()
    with connect(port, autocommit=True) as db:
        notices = []
        db.add_notice_handler(lambda notice: notices.append((notice.severity, notice.sqlstate, notice.message_primary)))
        for sql in ["COMMIT", "BEGIN", "BEGIN", "SAVEPOINT a", "ROLLBACK TO a", "RELEASE a", "RELEASE a", "ROLLBACK",
                    "SET LOCAL timezone = 'UTC'", "START TRANSACTION READ ONLY", "COMMIT AND CHAIN", "ROLLBACK"]:
            seen.attempt(f"tx script {len(seen.outcomes)} {sql}", lambda: outcome(db.execute(sql)))
        seen.add("tx: notices", notices)


def cursors(port, seen):
    with connect(port) as db:
        with db.cursor("c1") as cursor:
            cursor.execute("SELECT user_id, country FROM users ORDER BY user_id")
            seen.add("cursor: description", [(c.name, c.type_code) for c in cursor.description])
            seen.add("cursor: one", cursor.fetchone())
            seen.add("cursor: many", cursor.fetchmany(3))
            seen.attempt("cursor: scroll", lambda: cursor.scroll(2))
            seen.attempt("cursor: after", lambda: cursor.fetchone())
            seen.add("cursor: rest", len(cursor.fetchall()))
        db.rollback()
        with db.cursor("c2", withhold=True) as cursor:
            seen.attempt("cursor: hold", lambda: cursor.execute("SELECT user_id FROM users ORDER BY 1").statusmessage)
            seen.attempt("cursor: hold one", cursor.fetchone)
            db.commit()
            seen.attempt("cursor: held", lambda: cursor.fetchmany(2))
        db.rollback()
        for sql in ["DECLARE c CURSOR FOR SELECT user_id FROM users ORDER BY 1", "FETCH 2 FROM c", "MOVE 3 FROM c",
                    "FETCH NEXT FROM c", "FETCH FORWARD 2 FROM c", "FETCH ALL FROM c", "CLOSE c", "FETCH 1 FROM c"]:
            def told():
                text = outcome(db.execute(sql))
                return text if len(text) < 600 else f"{text[:200]} {len(text)}"
            seen.attempt(f"cursor sql: {sql}", told)
        db.rollback()
        with db.cursor() as cursor:
            seen.attempt("stream", lambda: sum(row[0] for row in cursor.stream("SELECT user_id FROM users")))


def copies(port, seen):
    with connect(port, autocommit=True) as db:
        for sql in ["COPY (SELECT user_id, country FROM users ORDER BY 1 LIMIT 5) TO STDOUT",
                    "COPY (SELECT 1, NULL, 'a,\"b', E'x\\ty') TO STDOUT (FORMAT csv, HEADER)",
                    "COPY (SELECT 1 WHERE false) TO STDOUT (FORMAT csv, HEADER)",
                    "COPY (SELECT 1 WHERE false) TO STDOUT (FORMAT binary)",
                    "COPY (SELECT 1, 2.5::numeric, 'x', NULL, ARRAY[1,2], date '2024-02-29') TO STDOUT (FORMAT binary)",
                    "COPY (SELECT ARRAY[1,NULL], 'a\\b', true, 1.5::float8) TO STDOUT",
                    "COPY users (user_id) TO STDOUT", "COPY (SELECT 1/0) TO STDOUT", "COPY nothing TO STDOUT",
                    "COPY (SELECT 1) TO '/tmp/x'", "COPY users FROM STDIN", "COPY (SELECT 1) TO STDOUT (FORMAT x)",
                    "COPY (SELECT * FROM users ORDER BY user_id LIMIT 3) TO STDOUT WITH CSV HEADER DELIMITER ';'"]:
            def data():
                cursor = db.cursor()
                with cursor.copy(sql) as rows:
                    content = b"".join(rows)
                return repr((cursor.statusmessage, len(content), content[:300]))
            if "FROM STDIN" in sql:
                continue
            seen.attempt(f"copy: {sql}", data)


def pipelines(port, seen):
    with connect(port, autocommit=True) as db:
        def good():
            with db.pipeline():
                cursors = [db.execute("SELECT %s + 1", (n,)) for n in range(5)]
            return [cursor.fetchone() for cursor in cursors]
        seen.attempt("pipeline", good)
        def bad():
            with db.pipeline() as pipe:
                one = db.execute("SELECT 1")
                db.execute("SELECT nothing")
                try:
                    pipe.sync()
                except psycopg.Error as error:
                    seen.add("pipeline: error", error.sqlstate)
                two = db.execute("SELECT 2")
            return one.fetchone(), two.fetchone()
        seen.attempt("pipeline: goes on", bad)


def simple(port, seen):
    with connect(port, autocommit=True, cursor_factory=psycopg.ClientCursor) as db:
        for sql in QUERIES + ["SELECT 1; SELECT 2", "SELECT 1; SELECT nothing; SELECT 3", "", ";", "-- only", "BEGIN; SELECT 1/0; COMMIT"]:
            def sets():
                cursor = db.execute(sql)
                told = [outcome(cursor)]
                while cursor.nextset():
                    told.append(outcome(cursor))
                return repr(told)
            seen.attempt(f"simple: {sql}", sets)
            if db.info.transaction_status != pq.TransactionStatus.IDLE:
                db.rollback()
