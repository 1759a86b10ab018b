"""SQLAlchemy: connecting, reflection, and a query built of reflected tables."""

from __future__ import annotations

import sqlalchemy as sa


def probe(port, seen):
    for driver in ("psycopg", "psycopg2"):
        engine = sa.create_engine(f"postgresql+{driver}://postgres@127.0.0.1:{port}/lake")
        with engine.connect() as db:
            seen.attempt(f"{driver}: version", lambda: db.dialect.server_version_info[:1])
            seen.attempt(f"{driver}: isolation", db.get_isolation_level)
            seen.attempt(f"{driver}: schema", lambda: db.dialect.default_schema_name)
            seen.attempt(f"{driver}: scalar", lambda: db.execute(sa.text("SELECT count(*) FROM rec.users")).scalar())
            seen.attempt(f"{driver}: bound", lambda: db.execute(sa.text("SELECT :x + 1"), {"x": 4}).scalar())
        inspector = sa.inspect(engine)
        seen.attempt(f"{driver}: schemas", lambda: [s for s in inspector.get_schema_names() if s == "rec"])
        seen.attempt(f"{driver}: tables", lambda: sorted(inspector.get_table_names("rec")))
        seen.attempt(f"{driver}: views", lambda: inspector.get_view_names("rec"))
        seen.attempt(f"{driver}: has table", lambda: (inspector.has_table("users", "rec"), inspector.has_table("no", "rec")))
        for table in ("users", "items", "experiments"):
            seen.attempt(f"{driver}: columns {table}", lambda: [
                (c["name"], str(c["type"])) for c in inspector.get_columns(table, "rec")])
            seen.attempt(f"{driver}: foreign keys {table}", lambda: inspector.get_foreign_keys(table, "rec"))
            seen.attempt(f"{driver}: checks {table}", lambda: inspector.get_check_constraints(table, "rec"))
        seen.attempt(f"{driver}: reflected query", lambda: reflected(engine))
        engine.dispose()


def reflected(engine):
    users = sa.Table("users", sa.MetaData(), autoload_with=engine, schema="rec")
    query = sa.select(users.c.country, sa.func.count()).group_by(users.c.country).order_by(users.c.country).limit(3)
    with engine.connect() as db:
        return db.execute(query).fetchall()
