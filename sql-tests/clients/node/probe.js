// node-postgres: statements, parameters, cursors, COPY. Prints one JSON object of outcomes by label.
const { Client, Pool } = require("pg");
const Cursor = require("pg-cursor");
const { to } = require("pg-copy-streams");

const [port, queries] = [Number(process.argv[2]), JSON.parse(process.argv[3])];
const where = { host: "127.0.0.1", port, user: "postgres", database: "lake", options: "-c search_path=rec" };
const seen = {};
const told = (r) => ({ command: r.command, count: r.rowCount, fields: r.fields.map((f) => [f.name, f.dataTypeID, f.dataTypeModifier, f.format]), rows: r.rows });

async function attempt(label, work) {
  try {
    seen[label] = JSON.stringify(await work());
  } catch (error) {
    seen[label] = `fails: ${error.code || error}`;
  }
}

async function main() {
  const db = new Client(where);
  await db.connect();
  for (const sql of queries) {
    await attempt(sql, async () => told(await db.query({ text: sql, rowMode: "array" })));
    await attempt(`prepared: ${sql}`, async () => told(await db.query({ text: sql, values: [], name: `s${sql}`.slice(0, 60), rowMode: "array" })));
    await db.query("ROLLBACK").catch(() => {});
    await db.query("SET search_path = rec");
  }
  await attempt("parameters", async () => (await db.query("SELECT user_id FROM users WHERE user_id = ANY($1) ORDER BY 1", [[1, 2, 3]])).rows);
  await attempt("cursor", async () => {
    const cursor = db.query(new Cursor("SELECT user_id FROM users ORDER BY 1"));
    const rows = [await cursor.read(3), (await cursor.read(1000)).length];
    await cursor.close();
    return rows;
  });
  await attempt("copy", () => new Promise((resolve, reject) => {
    const chunks = [];
    const stream = db.query(to("COPY (SELECT user_id FROM users ORDER BY 1 LIMIT 5) TO STDOUT"));
    stream.on("data", (chunk) => chunks.push(chunk.toString()));
    stream.on("end", () => resolve(chunks.join("")));
    stream.on("error", reject);
  }));
  await db.end();
  const pool = new Pool({ ...where, max: 4 });
  await attempt("pool", async () => (await Promise.all([...Array(20).keys()].map((n) => pool.query("SELECT $1::int AS n", [n])))).map((r) => r.rows[0].n));
  await pool.end();
  console.log(JSON.stringify(seen));
}

main();
