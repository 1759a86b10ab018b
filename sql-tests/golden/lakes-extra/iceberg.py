import os, sys  # LAKES_RECIPE: the folder of the recipe whose functions this uses
src = open(os.environ['LAKES_RECIPE'] + '/iceberg.py').read()
sys.path.insert(0, os.environ['LAKES_RECIPE'])
head = src[:src.index("names = 'v1_append")]
exec(compile(head, 'iceberg', 'exec'))
def x_nested_evol(n):
    c = [('id', 'bigint'), ('st', 'struct<x: int, y: string>'), ('ar', 'array<struct<k: int, v: float>>'), ('mp', 'map<string,struct<a: int>>'), ('one', 'struct<z: int>')]
    g = Gen(n); create(n, c, 2, MOR); app(n, c, g.rows(c, 12))
    for d in ["rename column st.x to xx", "alter column st.xx type bigint", "add column st.n string", "drop column st.y", "alter column ar.element.v type double", "add column ar.element.w int first", "alter column mp.value.a type bigint", "add column one.y int", "drop column one.z"]:
        q("alter table %s %s" % (T(n), d))
    c2 = [('id', 'bigint'), ('st', 'struct<xx: bigint, n: string>'), ('ar', 'array<struct<w: int, k: int, v: double>>'), ('mp', 'map<string,struct<a: bigint>>'), ('one', 'struct<y: int>')]
    app(n, c2, g.rows(c2, 10)); q("delete from %s where id %% 5 = 1" % T(n)); dump(n)
def x_rename(n, fmt):
    c = [('id', 'bigint'), ('a', 'int'), ('s', 'string'), ('st', 'struct<x: int, y: date>'), ('d', 'decimal(9,2)'), ('f', 'float')]
    g = Gen(n); create(n, c, 2, dict(MOR, **{'write.format.default': fmt})); app(n, c, g.rows(c, 12))
    for d in ["rename column a to aa", "alter column aa type bigint", "drop column s", "add column s int", "rename column st.x to z", "add column st.x string", "alter column d type decimal(18,2)", "alter column f type double"]:
        q("alter table %s %s" % (T(n), d))
    c2 = [('id', 'bigint'), ('aa', 'bigint'), ('st', 'struct<z: int, y: date, x: string>'), ('d', 'decimal(18,2)'), ('f', 'double'), ('s', 'int')]
    app(n, c2, g.rows(c2, 8)); q("delete from %s where id %% 4 = 2" % T(n)); dump(n)
def x_orc(n): x_rename(n, 'orc')
def x_avro(n): x_rename(n, 'avro')
def x_addfiles(n):
    c = [('id', 'bigint'), ('a', 'int'), ('st', 'struct<x: int, y: string>'), ('p', 'int', lambda g, i: i % 3)]; g = Gen(n); raw = WH + '/iceberg/zraw'
    shutil.rmtree(raw, ignore_errors=True); frame(s, c, g.rows(c, 15)).write.partitionBy('p').parquet(raw)
    create(n, c, 2, MOR, 'p'); q("call ice.system.add_files(table => 'iceberg.%s', source_table => '`parquet`.`%s`')" % (n, raw))
    app(n, c, g.rows(c, 6)); q("alter table %s rename column a to b" % T(n)); q("alter table %s rename column st.x to z" % T(n)); q("alter table %s add column e string" % T(n))
    dump(n)
def x_void(n):
    c = [('id', 'bigint'), ('a', 'int'), ('s', 'string'), ('t', 'timestamp')]; g = Gen(n); create(n, c, 1, {}, 'a, bucket(3, s)'); app(n, c, g.rows(c, 12))
    q("alter table %s drop partition field a" % T(n)); app(n, c, g.rows(c, 8)); q("alter table %s add partition field truncate(5, a)" % T(n)); q("alter table %s replace partition field s_bucket with truncate(2, s)" % T(n)) if False else None
    q("alter table %s add partition field months(t)" % T(n)); app(n, c, g.rows(c, 12)); q("alter table %s drop partition field truncate(5, a)" % T(n)); app(n, c, g.rows(c, 5)); q("delete from %s where id %% 7 = 3" % T(n)); dump(n)
def x_eqfloat(n):
    c = [('k', 'int', lambda g, i: i), ('f', 'double', lambda g, i: [0.0, -0.0, float('nan'), 1.5, None, float('inf')][i % 6]), ('b', 'boolean'), ('d', 'date'), ('dc', 'decimal(10,2)', lambda g, i: D(i).scaleb(-1).quantize(D('0.01'))), ('s', 'string')]
    g = Gen(n); create(n, c, 2, MOR); app(n, c, g.rows(c, 30))
    W(n, ['f']).deletes([{'f': float('nan')}]).commit(); W(n, ['f', 'k']).deletes([{'f': 0.0, 'k': 1}, {'f': -0.0, 'k': 7}, {'f': -0.0, 'k': 6}]).commit(); W(n, ['dc']).deletes([{'dc': J.java.math.BigDecimal('0.30')}, {'dc': J.java.math.BigDecimal('1.00')}]).commit()
    W(n, ['b', 's']).deletes([{'b': None, 's': None}, {'b': True, 's': None}]).commit(); app(n, c, g.rows(c, 6)); dump(n)
def x_cherry(n):
    c = order(SM, n); g = Gen(n); create(n, c, 2, {'write.wap.enabled': 'true'}); app(n, c, g.rows(c, 6)); s.conf.set('spark.wap.id', 'w1'); app(n, c, g.rows(c, 4)); s.conf.unset('spark.wap.id'); app(n, c, g.rows(c, 3))
    st = [r.id for r in snaps(n)] ; q("call ice.system.publish_changes('iceberg.%s', 'w1')" % n); dump(n)
for n in 'x_nested_evol x_orc x_avro x_addfiles x_void x_eqfloat x_cherry'.split(): o.table(n, globals()[n])
o.done(); s.stop()
