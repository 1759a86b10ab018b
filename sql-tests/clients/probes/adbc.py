"""ADBC: Arrow tables by COPY in binary, parameters, what it asks of the catalog."""

import adbc_driver_postgresql.dbapi as adbc

QUERIES = [
    "SELECT * FROM rec.users ORDER BY user_id LIMIT 10", "SELECT count(*) FROM rec.impressions",
    "SELECT * FROM rec.items ORDER BY item_id LIMIT 5", "SELECT * FROM rec.users WHERE false",
    "SELECT 'a'::text AS a, 1::int AS b, 2::bigint AS c, 1.5::float8 AS d, true AS e, date '2024-02-29' AS f",
    "SELECT timestamp '2024-02-29 01:02:03' AS t, timestamptz '2024-02-29 01:02:03Z' AS z, NULL::int AS n",
    "SELECT 12.50::numeric(10,2) AS d, interval '1 day 2 hours' AS i, time '10:00:00' AS t",
    "SELECT ARRAY[1::int, 2] AS a, ARRAY['x', NULL] AS t", "SELECT nothing", "SELECT 1/0", "SELECT 1;",
]


def state(error):
    return getattr(error, "sqlstate", None)


def probe(port, seen):
    with adbc.connect(f"postgresql://postgres@127.0.0.1:{port}/lake") as db:
        for sql in QUERIES:
            def table():
                with db.cursor() as cursor:
                    cursor.execute(sql)
                    found = cursor.fetch_arrow_table()
                    return str(found.schema), found.to_pylist()

            seen.attempt(sql, table, state)
            db.rollback()

        def bound():
            with db.cursor() as cursor:
                cursor.execute("SELECT user_id, country FROM rec.users WHERE user_id = $1", (7,))
                return cursor.fetch_arrow_table().to_pylist()

        seen.attempt("parameters", bound, state)
        db.rollback()
        seen.attempt("info", lambda: db.adbc_get_info()["vendor_name"], state)
        seen.attempt("table schema", lambda: str(db.adbc_get_table_schema("users", db_schema_filter="rec")), state)

        def objects():
            found = db.adbc_get_objects(depth="tables", catalog_filter="lake", db_schema_filter="rec").read_all().to_pylist()
            return [(s["db_schema_name"], sorted((t["table_name"], t["table_type"]) for t in s["db_schema_tables"]))
                    for c in found for s in c["catalog_db_schemas"]]

        seen.attempt("objects", objects, state)
