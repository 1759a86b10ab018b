import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Properties;
import org.postgresql.PGConnection;

/** pgjdbc: statements in every mode, fetch sizes, metadata, cancel, COPY. Prints a label and an outcome a line. */
public class Probe {
    interface Work {
        String run() throws Exception;
    }

    static void attempt(String label, Work work) {
        String outcome;
        try {
            outcome = work.run();
        } catch (SQLException error) {
            outcome = "fails: " + error.getSQLState();
        } catch (Exception error) {
            outcome = "fails: " + error;
        }
        System.out.println(label + "\t" + outcome.replace("\n", "\\n").replace("\t", "\\t"));
    }

    static String rows(ResultSet rows, int limit) throws SQLException {
        ResultSetMetaData meta = rows.getMetaData();
        StringBuilder text = new StringBuilder();
        for (int n = 1; n <= meta.getColumnCount(); n++) {
            text.append(meta.getColumnLabel(n)).append(':').append(meta.getColumnTypeName(n)).append('/')
                .append(meta.getPrecision(n)).append('/').append(meta.getScale(n)).append(' ');
        }
        int count = 0;
        while (rows.next()) {
            if (count++ >= limit) continue;
            text.append('|');
            for (int n = 1; n <= meta.getColumnCount(); n++) text.append(rows.getString(n)).append(',');
        }
        return text.append(" (").append(count).append(')').toString();
    }

    static Connection open(String port, String mode, Boolean autocommit) throws SQLException {
        Properties wanted = new Properties();
        wanted.setProperty("user", "postgres");
        wanted.setProperty("preferQueryMode", mode);
        wanted.setProperty("currentSchema", "rec");
        Connection db = DriverManager.getConnection("jdbc:postgresql://127.0.0.1:" + port + "/lake", wanted);
        db.setAutoCommit(autocommit);
        return db;
    }

    public static void main(String[] arguments) throws Exception {
        String port = arguments[0];
        List<String> queries = Files.readAllLines(Path.of(arguments[1]));
        for (String mode : List.of("simple", "extended")) {
            try (Connection db = open(port, mode, true)) {
                for (String sql : queries) {
                    attempt(mode + ": " + sql, () -> {
                        try (Statement statement = db.createStatement()) {
                            if (!statement.execute(sql)) return "count " + statement.getUpdateCount();
                            return rows(statement.getResultSet(), 20);
                        }
                    });
                    try (Statement statement = db.createStatement()) {
                        statement.execute("ROLLBACK");
                        statement.execute("SET search_path = rec");
                    }
                }
            }
        }
        try (Connection db = open(port, "extended", false)) {
            for (int size : new int[] {7, 1000, Integer.MAX_VALUE}) {
                attempt("fetch size " + size, () -> {
                    try (Statement statement = db.createStatement()) {
                        statement.setFetchSize(size);
                        return rows(statement.executeQuery("SELECT user_id FROM users ORDER BY 1"), 3);
                    }
                });
                attempt("max rows " + size, () -> {
                    try (Statement statement = db.createStatement()) {
                        statement.setMaxRows(size);
                        return rows(statement.executeQuery("SELECT user_id FROM users ORDER BY 1"), 3);
                    }
                });
            }
            attempt("prepared often", () -> {
                StringBuilder text = new StringBuilder();
                try (PreparedStatement statement = db.prepareStatement("SELECT ? + user_id, ?::text FROM users WHERE user_id = ?")) {
                    for (int n = 1; n < 10; n++) {
                        statement.setInt(1, n);
                        statement.setString(2, "x" + n);
                        statement.setLong(3, n);
                        text.append(rows(statement.executeQuery(), 3));
                    }
                    text.append(statement.getParameterMetaData().getParameterTypeName(1));
                }
                return text.toString();
            });
            db.rollback();
            attempt("timeout", () -> {
                try (Statement statement = db.createStatement()) {
                    statement.setQueryTimeout(1);
                    return rows(statement.executeQuery("SELECT count(*) FROM generate_series(1, 10000000) a, generate_series(1, 10000) b WHERE a * b < 0"), 1);
                }
            });
            db.rollback();
            attempt("copy", () -> {
                StringWriter text = new StringWriter();
                long count = db.unwrap(PGConnection.class).getCopyAPI().copyOut("COPY (SELECT user_id FROM users ORDER BY 1 LIMIT 5) TO STDOUT", text);
                return count + " " + text;
            });
            db.rollback();
            metadata(db.getMetaData());
        }
    }

    static void metadata(DatabaseMetaData meta) {
        attempt("meta: product", () -> meta.getDatabaseProductName() + " " + meta.getDatabaseMajorVersion());
        attempt("meta: tables", () -> rows(meta.getTables(null, "rec", "%", new String[] {"TABLE"}), 20));
        attempt("meta: columns", () -> rows(meta.getColumns(null, "rec", "users", "%"), 20));
        attempt("meta: imported keys", () -> rows(meta.getImportedKeys(null, "rec", "users"), 20));
        attempt("meta: exported keys", () -> rows(meta.getExportedKeys(null, "rec", "users"), 20));
        attempt("meta: schemas", () -> rows(meta.getSchemas(null, "rec"), 20));
        attempt("meta: table types", () -> rows(meta.getTableTypes(), 20));
        attempt("meta: procedures", () -> rows(meta.getProcedures(null, "rec", "%"), 20));
        attempt("meta: read only", () -> String.valueOf(meta.getConnection().isReadOnly()));
    }
}
