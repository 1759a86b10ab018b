"""pandas over SQLAlchemy: frames with their types."""

from __future__ import annotations

import pandas as pd
import sqlalchemy as sa


def probe(port, seen):
    engine = sa.create_engine(f"postgresql+psycopg2://postgres@127.0.0.1:{port}/lake")
    for sql in ["SELECT * FROM rec.users ORDER BY user_id LIMIT 20", "SELECT count(*) AS n FROM rec.impressions",
                "SELECT * FROM rec.items ORDER BY item_id LIMIT 5"]:
        def frame():
            found = pd.read_sql(sql, engine)
            return list(found.dtypes.astype(str).items()), found.to_csv()

        seen.attempt(sql, frame)
    seen.attempt("read_sql_table", lambda: pd.read_sql_table("users", engine, schema="rec").shape)
    seen.attempt("chunks", lambda: [len(c) for c in pd.read_sql("SELECT * FROM rec.users", engine, chunksize=1000)])
    engine.dispose()
