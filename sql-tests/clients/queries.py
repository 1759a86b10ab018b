"""Statements that every client runs, and that answer the same on both servers."""

QUERIES = """
SELECT 1
SELECT 1 AS one, 'text' AS two, NULL AS three
SELECT 1 + 1, 2.5 * 2, 'a' || 'b', true, NULL
SELECT count(*) FROM users
SELECT count(*), min(user_id), max(user_id) FROM users
SELECT * FROM users ORDER BY user_id LIMIT 3
SELECT * FROM items ORDER BY item_id LIMIT 3
SELECT * FROM experiments ORDER BY 1, 2 LIMIT 5
SELECT * FROM item_stats ORDER BY item_id LIMIT 3
SELECT * FROM impressions ORDER BY 1, 2, 3, 4 LIMIT 5
SELECT * FROM users WHERE false
SELECT user_id AS "Id", user_id FROM users ORDER BY 1 LIMIT 2
SELECT '1'::int, '2'::bigint, '3'::smallint, '1.5'::float8, '1.5'::float4, '1.50'::numeric
SELECT '2024-02-29'::date, '2024-02-29 12:30:00.123456'::timestamp, '12:30:00'::time
SELECT '2024-02-29 12:30:00+02'::timestamptz
SELECT 'abc'::text, 'abc'::varchar
SELECT ARRAY[1, 2, 3], ARRAY['a', NULL, 'b,c'], ARRAY[1.5, 2.5]::float8[]
SELECT CAST(1 AS bigint), CAST('x' AS text), CAST(1.5 AS double precision)
SELECT upper('x'), length('abc'), coalesce(NULL, 2), nullif(1, 1), greatest(1, 3), abs(-2)
SELECT CASE WHEN true THEN 1 ELSE 2 END
SELECT (SELECT 1), EXISTS (SELECT 1), 1 IN (1, 2), NOT false
SELECT sum(user_id), avg(user_id) FROM users
SELECT sum(x), avg(x) FROM (VALUES (1.5::numeric(10,2)), (2.25)) AS t(x)
SELECT x, count(*) FROM (VALUES (1), (2), (2)) AS t(x) GROUP BY x ORDER BY x
SELECT row_number() OVER (ORDER BY x) FROM (VALUES (3), (1)) AS t(x)
SELECT sum(x) OVER (), rank() OVER (ORDER BY x) FROM (VALUES (3), (1)) AS t(x)
SELECT round(2.567, 2), floor(2.5), ceil(2.5), 7 / 2, 7 % 2, 7.0 / 2, power(2, 3), sqrt(2)
SELECT substring('hello' FROM 2 FOR 3), trim('  x '), position('l' IN 'hello'), replace('aa', 'a', 'b')
SELECT date_trunc('month', timestamp '2024-02-29 10:00:00'), extract(year FROM date '2024-02-29')
SELECT interval '1 day 2 hours', date '2024-02-29' + interval '1 month'
SELECT date '2024-03-01' - date '2024-02-28', timestamp '2024-03-01 00:00:00' - timestamp '2024-02-28 12:00:00'
SELECT string_agg(x, ',' ORDER BY x) FROM (VALUES ('b'), ('a')) AS t(x)
SELECT array_agg(x ORDER BY x) FROM (VALUES (2), (1)) AS t(x)
SELECT bool_and(x), bool_or(x) FROM (VALUES (true), (false)) AS t(x)
SELECT current_user, session_user, current_schema
SELECT current_database()
SELECT * FROM generate_series(1, 3)
SELECT generate_series(1, 3)
SELECT * FROM (VALUES (1, 'a'), (2, 'b')) AS t(n, s)
VALUES (1, 'a'), (2, 'b')
SELECT 1 WHERE 1 = 0
SELECT 'x' LIKE 'x%', 'x' ILIKE 'X', 'abc' ~ 'b', 'a' SIMILAR TO 'a'
SELECT -5, +5, - (3), 1e3, 1e-3, 123456789012, 12345678901234567890
SELECT 'NaN'::float8, 'Infinity'::float8, '-Infinity'::float8, 0.1::float8 + 0.2::float8, 1e20::float8
SELECT '\\x00ff'::bytea
SELECT to_char(timestamp '2024-02-29 10:05:00', 'YYYY-MM-DD HH24:MI'), md5('a')
SELECT 1::numeric(10,2), 'abc'::varchar(5), 'abc'::char(5)
SELECT DISTINCT x FROM (VALUES (1), (1), (2)) AS t(x) ORDER BY x
SELECT * FROM users u JOIN users v USING (user_id) ORDER BY 1 LIMIT 1
WITH w AS (SELECT 1 AS a) SELECT a, a + 1 FROM w
SELECT 1 UNION ALL SELECT 2 ORDER BY 1
SELECT 1 AS a UNION SELECT 1
SELECT count(DISTINCT x), count(*) FILTER (WHERE x > 1) FROM (VALUES (1), (2), (2)) AS t(x)
TABLE users LIMIT 0
SHOW server_version_num
SHOW search_path
SHOW TimeZone
SET extra_float_digits = 3
RESET extra_float_digits
BEGIN
COMMIT
ROLLBACK
SELECT nothing FROM users
SELECT * FROM no_such_table
SELECT * FROM no_such_schema.t
SELECT no_such_function(1)
SELECT 1 / 0
SELECT 'abc'::int
SELECT '2024-13-01'::date
SELECT 99999999999::int
SELECT 2147483647 + 1
SELEC 1
SELECT 1 FROM
SELECT 'abc
SELECT * FROM users WHERE user_id = 'abc'
SELECT user_id FROM users GROUP BY country
SELECT count(*) FROM users WHERE count(*) > 1
SELECT user_id, user_id FROM users u, users v
SELECT (VALUES (1), (2))
SELECT $1
SET no_such_setting = 1
SHOW no_such_setting
EXECUTE no_such_statement
DEALLOCATE no_such_statement
FETCH 1 FROM no_such_cursor
CLOSE no_such_cursor
DEALLOCATE ALL
DISCARD ALL
UNLISTEN *
SAVEPOINT s
RELEASE s
SELECT pg_backend_pid() > 0
SELECT set_config('search_path', 'rec', false)
SELECT current_setting('search_path')
""".strip().splitlines()
