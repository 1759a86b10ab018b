#!/usr/bin/env bash
# Makes the .tsv files beside it from what PostgreSQL 15 creates a database with (postgres.bki,
# information_schema.sql, system_views.sql of Debian's postgresql-15, under the PostgreSQL Licence): a scratch
# cluster is made in a temporary folder and asked. Run it as a user other than root, or root with a user postgres.
set -eu
bin=/usr/lib/postgresql/15/bin
here=$(cd "$(dirname "$0")" && pwd)
scratch=$(mktemp -d)
as() { if [ "$(id -u)" = 0 ]; then su postgres -c "$*"; else bash -c "$*"; fi; }
[ "$(id -u)" != 0 ] || chown postgres "$scratch"
as "$bin/initdb -D $scratch/data -U postgres -A trust -E UTF8 --locale=C" >/dev/null
as "$bin/pg_ctl -w -D $scratch/data -o '-k $scratch -c listen_addresses=' -l $scratch/log start" >/dev/null
trap 'as "$bin/pg_ctl -D $scratch/data -m fast stop" >/dev/null; rm -rf "$scratch"' EXIT
ask() { psql -X -q -h "$scratch" -U postgres -d template1 -c "COPY ($1) TO STDOUT"; }

heading() {
  echo "# $1"
  echo "# Made by make.sh from PostgreSQL 15. Portions Copyright (c) 1996-2022, PostgreSQL Global Development Group;"
  echo "# Portions Copyright (c) 1994, The Regents of the University of California. PostgreSQL Licence."
}

{
  heading "schema, relation, its oid, kind, number, name, type and oid of a column, typmod, not null"
  ask "SELECT n.nspname, c.relname, c.oid, c.relkind, a.attnum, a.attname,
         coalesce(b.typname, t.typname), a.atttypid, a.atttypmod, a.attnotnull
       FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
         JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_type b ON b.oid = t.typbasetype
       WHERE n.nspname IN ('pg_catalog', 'information_schema') AND c.relkind IN ('r', 'v') AND a.attnum > 0
       ORDER BY 1, 2, a.attnum"
} > "$here/columns.tsv"

# Rows of a catalog, with procedures by their oid and without parse trees and bodies.
rows() {
  table=$1; condition=$2
  list=$(psql -X -q -A -t -h "$scratch" -U postgres -d template1 -c "
    SELECT string_agg(CASE WHEN attname IN ('prosrc', 'probin') THEN 'NULL::text'
      WHEN atttypid = 'regproc'::regtype THEN attname || '::oid'
      WHEN atttypid IN ('pg_node_tree'::regtype, 'anyarray'::regtype, 'aclitem[]'::regtype) THEN 'NULL::text'
      ELSE attname END, ', ' ORDER BY attnum)
    FROM pg_attribute WHERE attrelid = 'pg_catalog.$table'::regclass AND attnum > 0")
  { heading "pg_catalog.$table"; ask "SELECT $list FROM pg_catalog.$table WHERE $condition ORDER BY 1, 2"; } > "$here/$table.tsv"
}
# Row types of catalogs are left out, and so are their arrays.
rows pg_type "typrelid = 0 AND NOT EXISTS (SELECT 1 FROM pg_type e WHERE e.oid = pg_type.typelem AND e.typrelid <> 0)"
rows pg_proc true
rows pg_am true
rows pg_opclass true
rows pg_opfamily true
rows pg_operator true
rows pg_cast true
rows pg_aggregate true
rows pg_collation "collprovider <> 'i' AND oid < 12341"
rows pg_language "lanname <> 'plpgsql'"
rows pg_range true
rows pg_tablespace true
rows pg_description "classoid IN ('pg_type'::regclass, 'pg_am'::regclass, 'pg_collation'::regclass, 'pg_language'::regclass)
  AND objoid < 12000"

{ heading "word, category, whether it can be a bare label, both spelled out"; ask "SELECT * FROM pg_get_keywords() ORDER BY 1"; } > "$here/keywords.tsv"
{ heading "schema and its oid"; ask "SELECT nspname, oid FROM pg_namespace WHERE nspname IN ('pg_catalog', 'information_schema')"; } > "$here/schemas.tsv"
for table in sql_features sql_implementation_info sql_parts sql_sizing; do
  { heading "information_schema.$table"; ask "SELECT * FROM information_schema.$table ORDER BY 1"; } > "$here/$table.tsv"
done
