"""pg8000: a client in plain Python with a protocol of its own making."""

from __future__ import annotations

import pg8000.dbapi

from queries import QUERIES


def state(error):
    return error.args[0].get("C") if error.args and isinstance(error.args[0], dict) else None


def probe(port, seen):
    db = pg8000.dbapi.connect(user="postgres", host="127.0.0.1", port=port, database="lake")
    db.autocommit = True
    cursor = db.cursor()
    cursor.execute("SET search_path = rec")
    for sql in QUERIES:
        def run():
            cursor.execute(sql.replace("%", "%%"))
            columns = [(c[0], c[1]) for c in cursor.description or []]
            return columns, list(cursor.fetchall()) if cursor.description else None, cursor.rowcount

        seen.attempt(sql, run, state)
        try:
            cursor.execute("ROLLBACK")
        except pg8000.dbapi.DatabaseError:
            pass
    cursor.execute("SELECT user_id FROM users WHERE user_id < %s ORDER BY 1", (5,))
    seen.add("parameters", cursor.fetchall())
    db.close()
