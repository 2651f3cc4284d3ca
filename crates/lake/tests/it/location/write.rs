//! Answers as tables of databases: what is written comes back, whole or not at all.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use perennial_lake::{DatabaseUrl, Session};
use sqlx::{Connection, PgConnection};

use super::postgres::Schema;
use super::sqlite::{execute, url};
use super::{database, services};
use crate::data::{rows, session};

/// A place for tables in one of the databases.
enum Place {
    Postgres(Schema),
    Sqlite { _folder: tempfile::TempDir, file: PathBuf },
}

impl Place {
    fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("out.db");
        Self::Sqlite { _folder: folder, file }
    }

    /// Both databases, or SQLite alone where PostgreSQL is left out.
    fn both(schema: &'static str) -> Vec<Self> {
        [Some(Self::sqlite()), Schema::new(schema, "").map(Self::Postgres)].into_iter().flatten().collect()
    }

    fn url(&self) -> DatabaseUrl {
        match self {
            Self::Postgres(schema) => DatabaseUrl::parse(&schema.url).unwrap(),
            Self::Sqlite { file, .. } => DatabaseUrl::parse(&url(file)).unwrap(),
        }
    }

    fn name(&self, table: &str) -> String {
        match self {
            Self::Postgres(schema) => format!("{}.{table}", schema.name),
            Self::Sqlite { .. } => table.to_owned(),
        }
    }

    fn write(&self, session: &Session, sql: &str, table: &str) -> Result<u64, perennial_lake::Error> {
        session.write_table(sql, &self.url(), &self.name(table))
    }

    /// The rows of a query over a table, which it calls `t`.
    fn read(&self, session: &Session, table: &str, sql: &str) -> Vec<String> {
        let address = match self {
            Self::Postgres(schema) => schema.url.clone(),
            Self::Sqlite { file, .. } => url(file),
        };
        session.register_location("t", &database(&address, &self.name(table))).unwrap();
        rows(session, sql)
    }

    fn execute(&self, statements: &str) {
        match self {
            Self::Postgres(schema) => {
                schema.execute(&format!("set search_path to {}; {statements}", schema.name));
            }
            Self::Sqlite { file, .. } => execute(file, statements),
        }
    }
}

/// A table of every type, with what is awkward to write.
fn every_type(session: &Session) {
    let sql = "select id, name, weight, paid, arrow_cast(day, 'Date32') as day,
        arrow_cast(at, 'Timestamp(Microsecond, None)') as at,
        arrow_cast(at || 'Z', 'Timestamp(Microsecond, Some(\"UTC\"))') as moment,
        arrow_cast(price, 'Decimal128(10, 2)') as price
        from (values
            (1, 'Anna', 0.1e0, true, '2025-01-01', '2025-01-01T10:00:00.123456', '11.77'),
            (2, 'tab\there, line\nthere, \r \\ back \\N \\. \\t', -1.5e300, false, '1969-12-31', '1969-12-31T23:59:59.999999', '-0.01'),
            (3, '\\.', 5e-324, true, '9999-12-31', '9999-12-31T23:59:59', '99999999.99'),
            (4, '', 0.30000000000000004e0, null, '0001-01-01', '0001-01-01T00:00:00', '0.00'),
            (5, null, null, null, null, null, null),
            (-9223372036854775808, '😀 quote \" and ''; drop table t; --', 1.7976931348623157e308, false, '2024-02-29',
             '2024-02-29T00:00:00', '0.10')
        ) as v(id, name, weight, paid, day, at, price)";
    session.materialise("every_type", sql).unwrap();
}

#[test]
fn values_of_each_type_come_back() {
    for place in Place::both("lake_write_types") {
        let session = session();
        every_type(&session);
        assert_eq!(place.write(&session, "select * from every_type", "values_of_each_type").unwrap(), 6);
        let same = |columns: &str| {
            let written = rows(&session, &format!("select {columns} from every_type order by id"));
            let read =
                place.read(&session, "values_of_each_type", &format!("select {columns} from t order by id"));
            assert_eq!(read, written, "{columns}");
        };
        same("id, name, weight, paid");
        match place {
            Place::Postgres(_) => {
                same("day, at, moment, price");
                assert_eq!(
                    rows(&session, "select data_type from information_schema.columns where table_name = 't'")
                        .join(", "),
                    "Int64, Utf8View, Float64, Boolean, Date32, Timestamp(µs), Timestamp(µs, \"UTC\"), Decimal128(10, 2)"
                );
            }
            // It has no types for these: days and times are texts in ISO 8601, exact numbers are numbers.
            Place::Sqlite { .. } => {
                same(
                    "arrow_cast(day, 'Date32'), arrow_cast(at, 'Timestamp(Microsecond, None)'), \
                     arrow_cast(moment, 'Timestamp(Microsecond, Some(\"UTC\"))'), arrow_cast(price, 'Decimal128(10, 2)')",
                );
                assert_eq!(
                    rows(&session, "select day, at, moment, price from t where id = 1"),
                    ["2025-01-01 2025-01-01T10:00:00.123456 2025-01-01T10:00:00.123456Z 11.77"]
                );
            }
        }
    }
}

#[test]
fn numbers_that_are_none_are_null_and_nul_characters_are_left_out() {
    for place in Place::both("lake_write_odd") {
        let session = session();
        let sql =
            "select 1 as id, cast('NaN' as double) as a, cast('inf' as double) as b, 'x\0y' as c, null as d
                   union all select 2, 1.0, cast('-inf' as double), '\0', null";
        assert_eq!(place.write(&session, sql, "odd").unwrap(), 2);
        assert_eq!(place.read(&session, "odd", "select a, b, c, d from t order by id"), ["  xy ", "1.0   "]);
    }
}

#[test]
fn rows_are_replaced_and_nothing_else() {
    for place in Place::both("lake_write_replace") {
        let session = session();
        place.execute("create table beside (n integer); insert into beside values (7);");
        place.write(&session, "select 1 as \"Id\", 'a' as \"select\"", "out").unwrap();
        // A right, an index or a default that somebody gave the table stays with it.
        place.execute("create unique index own on out (\"Id\");");
        assert_eq!(
            place
                .write(&session, "select 'b' as \"select\", 1 as \"Id\" union all select 'c', 2", "out")
                .unwrap(),
            2
        );
        assert_eq!(
            place.read(&session, "out", "select \"Id\", \"select\" from t order by 1"),
            ["1 b", "2 c"]
        );
        let error = place
            .write(&session, "select 1 as \"Id\", 'd' as \"select\" union all select 1, 'e'", "out")
            .unwrap_err();
        assert!(error.to_string().contains("its old rows stay"), "{error}");
        assert_eq!(
            place.write(&session, "select 1 as \"Id\", 'a' as \"select\" where false", "out").unwrap(),
            0
        );
        assert_eq!(place.read(&session, "out", "select count(*) from t"), ["0"]);
        assert_eq!(place.read(&session, "beside", "select n from t"), ["7"]);
    }
}

#[test]
fn a_table_with_other_columns_is_not_touched() {
    for place in Place::both("lake_write_foreign") {
        let session = session();
        place.execute(
            "create table customers (id integer, email text); insert into customers values (1, 'a@example.org');
             create view seen as select id from customers;",
        );
        let sql = "select 1 as id, 2.5 as total_clv";
        let written = place.write(&session, sql, "customers").unwrap_err().to_string();
        let checked =
            session.check_table(&["id", "total_clv"], &place.url(), &place.name("customers")).unwrap_err();
        for error in [written, checked.to_string()] {
            for part in
                ["it lacks \"total_clv\" and also has \"email\"", "is not touched", "name another table"]
            {
                assert!(error.contains(part), "{error}");
            }
        }
        assert_eq!(place.read(&session, "customers", "select id, email from t"), ["1 a@example.org"]);
        let error = place.write(&session, "select 1 as id", "seen").unwrap_err().to_string();
        assert!(error.contains("is no table"), "{error}");
        session.check_table(&["id", "email"], &place.url(), &place.name("customers")).unwrap();
        session.check_table(&["id"], &place.url(), &place.name("missing")).unwrap();
        let error = place.write(&session, "select struct(1, 2) as list", "lists").unwrap_err().to_string();
        assert!(error.contains("\"list\"") && error.contains("cast it to text"), "{error}");
    }
}

#[test]
fn a_place_that_cannot_be_is_named() {
    let session = session();
    let folder = tempfile::tempdir().unwrap();
    let missing = DatabaseUrl::parse(&format!("sqlite:{}/no/out.db", folder.path().display())).unwrap();
    let file = DatabaseUrl::parse(&format!("sqlite:{}/out.db", folder.path().display())).unwrap();
    std::fs::write(
        folder.path().join("text.db"),
        "no database, and longer than a header of one is ".repeat(50),
    )
    .unwrap();
    let text = DatabaseUrl::parse(&format!("sqlite:{}/text.db", folder.path().display())).unwrap();
    let failures = [
        (&missing, "t", "there is no folder"),
        (&file, "shop.t", "an SQLite file has no schemas: write \"t\" instead of \"shop.t\""),
        (&text, "t", "this is no SQLite file"),
    ];
    for (url, table, said) in failures {
        let written = session.write_table("select 1 as n", url, table).unwrap_err().to_string();
        let checked = session.check_table(&["n"], url, table).unwrap_err().to_string();
        assert!(written.contains(said) && checked.contains(said), "{written}\n{checked}");
    }
    let Some(address) = services::postgres() else { return };
    let url = DatabaseUrl::parse(&address).unwrap();
    for error in [
        session.write_table("select 1 as n", &url, "no_such_schema.t").unwrap_err(),
        session.check_table(&["n"], &url, "no_such_schema.t").unwrap_err(),
    ] {
        assert!(error.to_string().contains("there is no schema \"no_such_schema\""), "{error}");
    }
}

/// A table of so many rows.
fn numbers(session: &Session, name: &str, count: u32, text: &str) {
    let sql = format!("select value as n, '{text}' as text from generate_series(0, {})", count - 1);
    session.materialise(name, &sql).unwrap();
}

#[test]
fn what_fails_in_the_middle_leaves_the_old_rows() {
    for place in Place::both("lake_write_atomic") {
        let session = session();
        numbers(&session, "old", 1_000, "old");
        numbers(&session, "new", 60_000, "new");
        place.write(&session, "select * from old", "out").unwrap();
        let unchanged = || {
            assert_eq!(
                place.read(&session, "out", "select count(*), min(text), max(text) from t"),
                ["1000 old old"]
            );
        };
        // The query itself fails, late.
        let sql =
            "select n, case when 1 / (59999 - n) > 5 then 'x' else text end as text from new order by n";
        let error = place.write(&session, sql, "out").unwrap_err().to_string();
        assert!(error.to_lowercase().contains("divide by zero"), "{error}");
        unchanged();
        // The database refuses a row, late.
        place.execute(match place {
            Place::Postgres(_) => "alter table out add constraint own check (n < 50000)",
            Place::Sqlite { .. } => {
                "create trigger own before insert on out when new.n = 50000 begin select raise(abort, 'own'); end"
            }
        });
        let error = place.write(&session, "select * from new order by n", "out").unwrap_err().to_string();
        assert!(error.contains("own") && error.contains("its old rows stay"), "{error}");
        unchanged();
    }
}

/// A connection that holds the gate of `a_lost_connection_leaves_the_old_rows` shut.
struct Gate {
    runtime: tokio::runtime::Runtime,
    connection: PgConnection,
}

impl Gate {
    fn shut(url: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let connection = runtime.block_on(async {
            let mut connection = PgConnection::connect(url).await.unwrap();
            sqlx::raw_sql("select pg_advisory_lock(52017)").execute(&mut connection).await.unwrap();
            connection
        });
        Self { runtime, connection }
    }

    fn asks<T>(&mut self, sql: &'static str) -> T
    where
        T: for<'r> sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres> + Send + Unpin,
    {
        self.runtime.block_on(sqlx::query_scalar(sql).fetch_one(&mut self.connection)).unwrap()
    }
}

#[test]
fn a_lost_connection_leaves_the_old_rows_and_readers_never_wait() {
    let gated = "create table numbers as select n from generate_series(1, 60000) as n;
        create function gate(n integer) returns integer language plpgsql as
            $$ begin if n = 50000 then perform pg_advisory_xact_lock_shared(52017); end if; return n; end $$;
        create view gated as select lake_write_lost.gate(n) as n from numbers;";
    let Some(schema) = Schema::new("lake_write_lost", gated) else { return };
    let place = Place::Postgres(schema);
    let session = session();
    place.write(&session, "select 1 as n", "out").unwrap();
    let mut gate = Gate::shut(&services::postgres().unwrap());
    std::thread::scope(|threads| {
        let writing = threads.spawn(|| {
            let own = crate::data::session();
            let Place::Postgres(schema) = &place else { unreachable!("it was made so") };
            own.register_location("gated", &schema.table("gated")).unwrap();
            place
                .write(&own, "select cast(n as bigint) as n from gated", "out")
                .map_err(|error| error.to_string())
        });
        // The rows before the gate are on their way.
        let copying = "select count(*) from pg_stat_progress_copy where relid = to_regclass('lake_write_lost.out') and tuples_processed > 0";
        let deadline = Instant::now() + Duration::from_mins(1);
        while gate.asks::<i64>(copying) == 0 {
            assert!(Instant::now() < deadline && !writing.is_finished(), "no row came to the table");
            std::thread::sleep(Duration::from_millis(5));
        }
        assert_eq!(
            place.read(&session, "out", "select n from t"),
            ["1"],
            "readers see the old rows meanwhile"
        );
        let ended: bool = gate.asks(
            "select pg_terminate_backend(pid) from pg_stat_progress_copy where relid = to_regclass('lake_write_lost.out')",
        );
        assert!(ended);
        let _: bool = gate.asks("select pg_advisory_unlock(52017)");
        let error = writing.join().unwrap().unwrap_err();
        assert!(error.contains("its old rows stay"), "{error}");
    });
    assert_eq!(place.read(&session, "out", "select n from t"), ["1"]);
    assert_eq!(place.write(&session, "select 2 as n", "out").unwrap(), 1);
    assert_eq!(place.read(&session, "out", "select n from t"), ["2"]);
}

#[test]
fn exports_at_once_leave_the_rows_of_one() {
    for place in Place::both("lake_write_at_once") {
        std::thread::scope(|threads| {
            for text in ["a", "b", "c"] {
                let place = &place;
                threads.spawn(move || {
                    let session = session();
                    numbers(&session, "own", 20_000, text);
                    for _ in 0..3 {
                        assert_eq!(place.write(&session, "select * from own", "out").unwrap(), 20_000);
                    }
                });
            }
            let reading = session();
            for _ in 0..20 {
                // Before the first is done there is no table.
                let address = match &place {
                    Place::Postgres(schema) => schema.url.clone(),
                    Place::Sqlite { file, .. } => url(file),
                };
                if reading.register_location("t", &database(&address, &place.name("out"))).is_ok() {
                    assert_eq!(rows(&reading, "select count(*), count(distinct text) from t"), ["20000 1"]);
                }
            }
        });
        assert_eq!(
            place.read(&session(), "out", "select count(*), count(distinct text) from t"),
            ["20000 1"]
        );
    }
}

#[test]
fn a_file_keeps_its_journal() {
    let place = Place::sqlite();
    // `execute` opens the file with a write-ahead log, which the file remembers.
    place.execute("create table beside (n integer);");
    place.write(&session(), "select 1 as n", "out").unwrap();
    let Place::Sqlite { file, .. } = &place else { unreachable!("it was made so") };
    assert_eq!(std::fs::read(file).unwrap()[18..20], [2, 2], "the header says: write-ahead log");
    let fresh = Place::sqlite();
    fresh.write(&session(), "select 1 as n", "out").unwrap();
    let Place::Sqlite { file, .. } = &fresh else { unreachable!("it was made so") };
    assert_eq!(std::fs::read(file).unwrap()[18..20], [1, 1], "SQLite's default");
}
