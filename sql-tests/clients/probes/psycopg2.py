"""psycopg 2: the simple protocol with values put in by the client, named cursors, copy_expert."""

import io

import psycopg2

from queries import QUERIES


def connect(port):
    return psycopg2.connect(
        host="127.0.0.1", port=port, user="postgres", dbname="lake", options="-c search_path=rec"
    )


def state(error):
    return getattr(error, "pgcode", None)


def outcome(cursor):
    columns = [(c.name, c.type_code, c.precision, c.scale) for c in cursor.description or []]
    plain = lambda value: bytes(value) if isinstance(value, memoryview) else value
    rows = [tuple(map(plain, row)) for row in cursor.fetchall()] if cursor.description else None
    return repr((cursor.statusmessage, columns, rows))


def probe(port, seen):
    db = connect(port)
    db.autocommit = True
    for sql in QUERIES:
        cursor = db.cursor()

        def run():
            cursor.execute(sql)
            return outcome(cursor)

        seen.attempt(sql, run, state)
        if db.info.transaction_status != 0:
            db.rollback()
    db.close()
    db = connect(port)
    with db.cursor() as cursor:
        cursor.execute("SELECT user_id FROM users WHERE country = %s AND user_id < %s ORDER BY 1", ("US", 50))
        seen.add("parameters", outcome(cursor))
    with db.cursor("named") as cursor:
        cursor.itersize = 100
        cursor.execute("SELECT user_id, country FROM users ORDER BY 1")
        seen.add("named cursor", [len(list(cursor)), cursor.description[0].type_code])
    db.rollback()
    with db.cursor() as cursor:
        for sql in ["COPY (SELECT user_id, country FROM users ORDER BY 1 LIMIT 3) TO STDOUT WITH CSV HEADER",
                    "COPY (SELECT 1/0) TO STDOUT"]:
            target = io.StringIO()
            seen.attempt(f"copy {sql}", lambda: (cursor.copy_expert(sql, target), target.getvalue()), state)
    db.rollback()
    db.set_session(isolation_level="REPEATABLE READ", readonly=True)
    with db.cursor() as cursor:
        cursor.execute("SHOW transaction_isolation")
        seen.add("isolation", outcome(cursor))
        seen.attempt("broken", lambda: cursor.execute("SELECT nothing"), state)
        seen.attempt("aborted", lambda: cursor.execute("SELECT 1"), state)
    db.rollback()
    seen.add("notices", db.notices)
    seen.add("parameters of the server", [db.get_parameter_status(name) for name in (
        "server_encoding", "client_encoding", "DateStyle", "IntervalStyle", "TimeZone", "integer_datetimes",
        "standard_conforming_strings", "is_superuser", "session_authorization", "in_hot_standby",
        "default_transaction_read_only")])
    db.close()
