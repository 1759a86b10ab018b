import os, sys  # LAKES_RECIPE: the folder of the recipe whose functions this uses
sys.path.insert(0, os.environ['LAKES_RECIPE'])
src = open(os.environ['LAKES_RECIPE'] + '/delta.py').read()
exec(compile(src[:src.index("names = 'plain")], 'delta', 'exec'))
MAP = {'delta.columnMapping.mode': 'name', 'delta.minReaderVersion': '2', 'delta.minWriterVersion': '5'}
def alt(n, d): q("alter table %s %s" % (T(n), d))
def x_nested_map(n):
    c = [('id', 'bigint'), ('st', 'struct<x: int, y: string>'), ('ar', 'array<struct<k: int, v: float>>'), ('mp', 'map<string,struct<a: int>>'), ('one', 'struct<z: int>'), ('a b,c', 'int'), ('p', 'string', lambda g, i: ['x', '', None, 'a/b'][i % 4])]
    g = Gen(n); create(n, c, MAP, ['p']); app(n, c, g.rows(c, 12))
    for d in ["rename column st.x to xx", "add column (st.n string)", "drop column st.y", "add column (one.y int)", "drop column one.z", "rename column p to q", "rename column `a b,c` to a", "add column (p int)"]: alt(n, d)
    c2 = [('id', 'bigint'), ('st', 'struct<xx: int, n: string>'), ('ar', 'array<struct<k: int, v: float>>'), ('mp', 'map<string,struct<a: int>>'), ('one', 'struct<y: int>'), ('a', 'int'), ('q', 'string', lambda g, i: ['x', 'y', None][i % 3]), ('p', 'int')]
    app(n, c2, g.rows(c2, 9)); q("delete from %s where id %% 5 = 1" % T(n)); dump(n)
def x_part(n):
    c = [('id', 'bigint'), ('b', 'boolean'), ('f', 'float', lambda g, i: [0.0, -0.0, float('nan'), float('inf'), None, 1e-40, 3.4e38][i % 7]), ('d', 'double', lambda g, i: [1e20, -1e-7, float('nan'), None, -0.0][i % 5]), ('dc', 'decimal(20,5)', lambda g, i: [D('1e3').quantize(D('0.00001')), D('-0.00001'), None][i % 3]), ('dt', 'date'), ('ts', 'timestamp'), ('nt', 'timestamp_ntz'), ('bn', 'binary', lambda g, i: [bytearray(b'ab'), bytearray(b''), None][i % 3]), ('ti', 'tinyint'), ('x', 'int')]
    g = Gen(n); create(n, c, {'delta.enableDeletionVectors': 'true'}, ['b', 'f', 'd', 'dc', 'dt', 'ts', 'nt', 'ti']); app(n, c, g.rows(c, 14)); q("delete from %s where id %% 4 = 1" % T(n)); dump(n)
def x_only_ckpt(n):
    c = SM; g = Gen(n); create(n, c, {'delta.checkpointInterval': '4'}); [app(n, c, g.rows(c, 5)) for _ in range(4)]
    for f in glob.glob(P(n) + '/_delta_log/*.json') + glob.glob(P(n) + '/_delta_log/*.crc') + glob.glob(P(n) + '/_delta_log/.*.crc'): os.remove(f)
    clear(); o.q(n, 'batch', {}, lambda: rd(n)); [o.q(n, 'batch', {'version': v}, lambda: rd(n, versionAsOf=v)) for v in (3, 4, 5)]
def x_stats_struct(n):
    c = ALL; g = Gen(n); create(n, c, {'delta.checkpointInterval': '2', 'delta.checkpoint.writeStatsAsStruct': 'true', 'delta.checkpoint.writeStatsAsJson': 'false'}); [app(n, c, g.rows(c, 9)) for _ in range(5)]; dump(n)
def x_v2_sidecars(n):
    s.conf.set('spark.databricks.delta.checkpoint.partSize', '3'); c = SM + [('p', 'int', lambda g, i: i % 5)]; g = Gen(n); create(n, c, {'delta.checkpointPolicy': 'v2', 'delta.checkpointInterval': '3', 'delta.enableDeletionVectors': 'true'}, ['p'])
    [app(n, c, g.rows(c, 10)) for _ in range(4)]; q("delete from %s where id %% 6 = 1" % T(n)); app(n, c, g.rows(c, 4)); q("update %s set a = 5 where id %% 9 = 2" % T(n)); s.conf.unset('spark.databricks.delta.checkpoint.partSize'); dump(n)
def x_replace(n):
    c = SM; g = Gen(n); create(n, c, None, None); app(n, c, g.rows(c, 6)); q("create or replace table %s(p int, z string) using delta partitioned by (p)" % T(n)); c2 = [('p', 'int', lambda g, i: i % 2), ('z', 'string')]; app(n, c2, g.rows(c2, 5)); q("restore table %s to version as of 1" % T(n)); app(n, c, g.rows(c, 3)); dump(n)
def x_void(n):
    shutil.rmtree(P(n), ignore_errors=True); q("create table %s using delta as select cast(id as int) id, null v, 'x' s from range(5)" % T(n)); q("insert into %s values (9, null, 'y')" % T(n)); dump(n)
def x_drop_feature(n):
    c = SM; g = Gen(n); create(n, c, {'delta.enableDeletionVectors': 'true'}); app(n, c, g.rows(c, 12)); q("delete from %s where id = 3" % T(n)); q("alter table %s set tblproperties('delta.enableDeletionVectors'='false')" % T(n)); q("reorg table %s apply (purge)" % T(n)); app(n, c, g.rows(c, 2)); dump(n)
def x_overwrite(n):
    c = SM + [('p', 'string', lambda g, i: 'abc'[i % 3])]; g = Gen(n); create(n, c, {'delta.enableChangeDataFeed': 'true'}, ['p']); app(n, c, g.rows(c, 9)); app(n, c, [(100, 1, 's', 1.0, 'a')], mode='overwrite', replaceWhere="p = 'a'")
    s.conf.set('spark.sql.sources.partitionOverwriteMode', 'dynamic'); app(n, c, [(200, 2, 't', 2.0, 'b')], mode='overwrite', partitionOverwriteMode='dynamic'); s.conf.unset('spark.sql.sources.partitionOverwriteMode'); q("update %s set p = 'c' where p = 'b'" % T(n)); dump(n, cdf=True)
def x_char(n):
    shutil.rmtree(P(n), ignore_errors=True); q("create table %s(id int, c char(5), v varchar(4), p char(3)) using delta partitioned by (p)" % T(n)); q("insert into %s values (1,'ab','x','q'),(2,'','','r'),(3,null,null,null)" % T(n)); dump(n)
def x_cdf_evolve(n):
    c = SM; g = Gen(n); create(n, c, {'delta.enableChangeDataFeed': 'true'}); app(n, c, g.rows(c, 6)); q("update %s set a = 1 where id < 3" % T(n)); alt(n, "add column z int"); c2 = c + [('z', 'int')]; app(n, c2, g.rows(c2, 4)); q("delete from %s where id in (2, 7)" % T(n)); dump(n, cdf=True)
for n in 'x_nested_map x_part x_only_ckpt x_stats_struct x_v2_sidecars x_replace x_void x_drop_feature x_overwrite x_char x_cdf_evolve'.split(): o.table(n, globals()[n])
o.done(); s.stop()
