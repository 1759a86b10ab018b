"""asyncpg: everything in binary, its pool with the statements that reset connections, cursors, COPY."""

import asyncio
import io

import asyncpg

from queries import QUERIES


def probe(port, seen):
    asyncio.run(talk(port, seen))


def attributes(statement):
    return [(a.name, a.type.oid, a.type.name) for a in statement.get_attributes()]


async def attempt(seen, label, work):
    try:
        seen.add(label, await work)
    except asyncpg.PostgresError as error:
        seen.add(label, f"fails: {error.sqlstate}")
    except Exception as error:  # noqa: BLE001
        seen.add(label, f"fails: {type(error).__name__}: {error}")


async def talk(port, seen):
    settings = {"search_path": "rec"}
    where = {"host": "127.0.0.1", "port": port, "user": "postgres", "database": "lake"}
    db = await asyncpg.connect(**where, server_settings=settings)
    for sql in QUERIES:
        async def run():
            statement = await db.prepare(sql)
            rows = await statement.fetch()
            return statement.get_statusmsg(), attributes(statement), [tuple(row) for row in rows]

        await attempt(seen, sql, run())
        if db.is_in_transaction():
            await db.execute("ROLLBACK")
    await attempt(seen, "parameters", db.fetch("SELECT user_id FROM users WHERE user_id = ANY($1) ORDER BY 1", [1, 2]))
    await attempt(seen, "typed", db.fetchrow("SELECT $1::int, $2::text, $3::numeric, $4::timestamptz IS NULL", 1, "x", 2, None))

    async def walk():
        total = 0
        async with db.transaction():
            async for row in db.cursor("SELECT user_id FROM users", prefetch=77):
                total += row[0]
        return total

    await attempt(seen, "cursor", walk())

    async def nested():
        async with db.transaction():
            try:
                async with db.transaction():
                    await db.fetchval("SELECT 1/0")
            except asyncpg.DivisionByZeroError:
                pass
            return await db.fetchval("SELECT 5")

    await attempt(seen, "nested", nested())
    for style in ("text", "csv", "binary"):
        async def copy():
            target = io.BytesIO()
            told = await db.copy_from_query(
                "SELECT user_id, country FROM users WHERE user_id < $1 ORDER BY 1", 5, output=target, format=style)
            return told, target.getvalue()

        await attempt(seen, f"copy {style}", copy())

    async def copy_table():
        target = io.BytesIO()
        told = await db.copy_from_table("users", schema_name="rec", output=target, format="binary")
        return told, len(target.getvalue())

    await attempt(seen, "copy table", copy_table())
    await db.close()

    async def pooled():
        pool = await asyncpg.create_pool(**where, server_settings=settings, min_size=2, max_size=4)

        async def one(n):
            async with pool.acquire() as held:
                await held.execute("SET statement_timeout = '10s'")
                return await held.fetchval("SELECT $1::int + 1", n)

        values = await asyncio.gather(*(one(n) for n in range(20)))
        async with pool.acquire() as held:
            shown = await held.fetchval("SHOW statement_timeout")
        await pool.close()
        return values, shown

    await attempt(seen, "pool", pooled())

    async def cancelled():
        held = await asyncpg.connect(**where)
        try:
            await asyncio.wait_for(held.fetchval("SELECT count(*) FROM generate_series(1, 100000000) a, generate_series(1, 1000) b"), 0.5)
        except asyncio.TimeoutError:
            return "timed out", await held.fetchval("SELECT 1")
        finally:
            await held.close()

    await attempt(seen, "cancelled", cancelled())
