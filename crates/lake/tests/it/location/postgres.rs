//! Tables of a PostgreSQL server.

use perennial_lake::{DatabaseUrl, Location};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use super::database::{Comparable, same_rows_as_the_engine};
use super::{database, failure, plan, refusal, rows_until_error, services};
use crate::data::{rows, session};

/// A schema of its own for each test.
pub(super) struct Schema {
    pub(super) name: &'static str,
    pub(super) url: String,
}

impl Schema {
    /// Nothing where the test is to be skipped.
    pub(super) fn new(name: &'static str, statements: &str) -> Option<Self> {
        let url = services::postgres()?;
        let schema = Self { name, url };
        schema.execute(&format!(
            "set client_min_messages = warning; drop schema if exists {name} cascade; create schema {name}; \
             set search_path to {name}; {statements}"
        ));
        Some(schema)
    }

    pub(super) fn execute(&self, statements: &str) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut connection = PgConnection::connect(&self.url).await.unwrap();
            sqlx::raw_sql(AssertSqlSafe(statements.to_owned())).execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
        });
    }

    pub(super) fn table(&self, table: &str) -> Location {
        database(&self.url, &format!("{}.{table}", self.name))
    }
}

const EDGES: &str = r#"
    create type mood as enum ('sad', 'happy');
    create domain euros as numeric(12, 2);
    create collation loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
    create table "Edges" (id bigint primary key, small smallint, whole integer, name text, code char(5), nick text collate loose,
        weight double precision, light real, price numeric(10, 2), cost euros, free numeric, paid boolean, day date,
        at timestamp, moment timestamptz, mood mood, key uuid, extra jsonb, tags text[]);
    insert into "Edges" values
        (1, 1, 1, 'Anna', 'ab', 'Lea', 1.5, 1.5, 11.77, 1.10, 3.14159265358979323846, true, '2025-01-01',
         '2025-01-01 10:00:00.123456', '2025-01-01 10:00:00+02', 'happy', '7b1a2a8e-6f3f-4d6e-9b1e-0a0b0c0d0e0f', '{"a": [1, null]}', '{x,"y z"}'),
        (2, -32768, -2147483648, 'anna', '', 'lea', '-0', '-0', -0.01, -99999.99, 1e30, false, '0044-03-15 BC',
         '0044-03-15 12:00 BC', '1969-12-31 23:59:59.999999Z', 'sad', null, 'null', '{}'),
        (3, 32767, 2147483647, 'Ärmel', 'Ärmel', '', 'NaN', 'NaN', 99999999.99, 0, 0, null, '9999-12-31',
         '9999-12-31 23:59:59', '9999-12-31 23:59:59Z', 'happy', null, '7', null),
        (4, 0, 0, '', 'b', 'LEA', 'infinity', '-infinity', 0, null, null, true, '1970-01-01', '1970-01-01', '1970-01-01Z', null,
         null, null, null),
        (5, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null),
        (6, 5, 5, '😀 quote " and ''', '😀', 'z''; --', 0, 0.1, 0.10, 5, -7.50, false, '2025-02-01', '2025-02-01', '2025-02-01Z', 'sad',
         '00000000-0000-0000-0000-000000000000', '"x"', '{null}'),
        (9223372036854775807, 1, 1, 'max', 'max', 'b', 1e300, 1e30, 1, 1, 1, true, '2025-01-01', '2025-01-01', '2025-01-01Z', null,
         null, null, null);
    create view happy as select id, name, price * 2 as doubled from "Edges" where mood = 'happy';
    create materialized view kept as select id from "Edges";
    create table nothing (id integer, name text);
"#;

#[test]
fn types_of_the_catalogue_become_types() {
    let Some(schema) = Schema::new("lake_types", EDGES) else { return };
    let session = session();
    session.register_location("t", &schema.table("\"Edges\"")).unwrap();
    assert_eq!(
        rows(
            &session,
            "select column_name, data_type from information_schema.columns where table_name = 't'"
        ),
        [
            "id Int64",
            "small Int16",
            "whole Int32",
            "name Utf8View",
            "code Utf8View",
            "nick Utf8View",
            "weight Float64",
            "light Float32",
            "price Decimal128(10, 2)",
            "cost Decimal128(12, 2)",
            "free Utf8View",
            "paid Boolean",
            "day Date32",
            "at Timestamp(µs)",
            "moment Timestamp(µs, \"UTC\")",
            "mood Utf8View",
            "key Utf8View",
            "extra Utf8View",
            "tags Utf8View"
        ]
    );
    assert_eq!(
        rows(&session, "select * from t where id in (1, 2) order by id"),
        [
            "1 1 1 Anna ab Lea 1.5 1.5 11.77 1.10 3.14159265358979323846 true 2025-01-01 2025-01-01T10:00:00.123456 \
             2025-01-01T08:00:00Z happy 7b1a2a8e-6f3f-4d6e-9b1e-0a0b0c0d0e0f {\"a\": [1, null]} {x,\"y z\"}",
            "2 -32768 -2147483648 anna  lea 0.0 0.0 -0.01 -99999.99 1000000000000000000000000000000 false -0043-03-15 \
             -0043-03-15T12:00:00 1969-12-31T23:59:59.999999Z sad  null {}"
        ]
    );
    assert_eq!(rows(&session, "select count(*), count(name), sum(price) from t"), ["7 6 100000012.85"]);
    session.register_location("v", &schema.table("happy")).unwrap();
    assert_eq!(rows(&session, "select id, doubled from v order by id"), ["1 23.54", "3 199999999.98"]);
    session.register_location("m", &schema.table("kept")).unwrap();
    assert_eq!(rows(&session, "select count(*) from m"), ["7"]);
    session.register_location("n", &schema.table("nothing")).unwrap();
    assert_eq!(rows(&session, "select count(*), max(name) from n"), ["0 "]);
}

#[test]
fn filters_keep_the_rows_that_the_engine_would_keep() {
    let Some(schema) = Schema::new("lake_filters", EDGES) else { return };
    same_rows_as_the_engine(
        &session(),
        &schema.table("\"Edges\""),
        &[
            Comparable { column: "id", literals: &["2", "5", "9223372036854775807"] },
            Comparable { column: "small", literals: &["-32768", "0", "5"] },
            Comparable { column: "whole", literals: &["-2147483648", "0", "5"] },
            Comparable {
                column: "name",
                literals: &["''", "'Anna'", "'anna'", "'Ä'", "'😀 quote \" and '''"],
            },
            Comparable { column: "code", literals: &["''", "'ab'", "'ab '", "'b'"] },
            Comparable { column: "nick", literals: &["''", "'LEA'", "'lea'", "'z''; --'"] },
            Comparable {
                column: "weight",
                literals: &["cast(0 as double)", "1.5e0", "cast('NaN' as double)"],
            },
            Comparable {
                column: "light",
                literals: &["cast(0 as float)", "cast(0.1 as float)", "cast(1.5 as float)"],
            },
            Comparable { column: "price", literals: &["-0.01", "0.1", "0.10", "11.77", "11.775"] },
            Comparable { column: "cost", literals: &["0", "1.1", "5"] },
            Comparable { column: "free", literals: &["'0'", "'-7.50'"] },
            Comparable { column: "paid", literals: &["false", "true"] },
            Comparable {
                column: "day",
                literals: &["date '1970-01-01'", "date '2025-01-01'", "date '9999-12-31'"],
            },
            Comparable {
                column: "at",
                literals: &["timestamp '1970-01-01T00:00:00'", "timestamp '2025-01-01T10:00:00.123456'"],
            },
            Comparable {
                column: "moment",
                literals: &["timestamp '1970-01-01T00:00:00Z'", "timestamp '2025-01-01T10:00:00+02:00'"],
            },
            Comparable { column: "mood", literals: &["'happy'", "'sad'"] },
            Comparable { column: "key", literals: &["'00000000-0000-0000-0000-000000000000'", "'8'"] },
        ],
    );
}

/// A value that cannot be taken tells whether it was read at all.
#[test]
fn filters_columns_and_limits_reach_the_database() {
    let Some(schema) = Schema::new(
        "lake_reach",
        "create table t (id integer primary key, day date, at timestamptz, price numeric(10, 2));
         insert into t values (1, '2025-01-01', '2025-01-01Z', 1), (2, '2025-01-02', 'infinity', 2),
                              (3, '-infinity', '2025-01-03Z', 3), (4, '2025-01-04', '2025-01-04Z', 'NaN');",
    ) else {
        return;
    };
    let session = session();
    session.register_location("t", &schema.table("t")).unwrap();
    assert_eq!(
        rows(&session, "select day from t where id in (1, 2) order by id"),
        ["2025-01-01", "2025-01-02"]
    );
    assert_eq!(rows(&session, "select id from t where day >= date '2025-01-02' order by id"), ["2", "4"]);
    assert_eq!(rows(&session, "select day from t limit 1"), ["2025-01-01"]);
    for (column, value) in
        [("day", "the date \"infinity\""), ("at", "the time \"infinity\""), ("price", "NaN")]
    {
        let error = failure(&session, &format!("select {column} from t"));
        assert!(error.contains(&format!("table \"t\", column \"{column}\", row ")), "{error}");
        assert!(error.contains(value), "{error}");
    }
    let exact = plan(
        &session,
        "select id from t where at < timestamp '2025-01-02T00:00:00Z' and price between 1 and 2",
    );
    assert!(!exact.contains("FilterExec"), "{exact}");
    let left_over = plan(&session, "select id from t where id < 3 and id % 7 = 3");
    assert!(left_over.contains("FilterExec: CAST(id@0 AS Int64) % 7 = 3"), "{left_over}");
}

#[test]
fn errors_name_the_database_and_the_nearest_table() {
    let Some(schema) =
        Schema::new("lake_errors", "create table orders (id integer); create table customers (id integer);")
    else {
        return;
    };
    let session = session();
    let error = refusal(&session, &schema.table("order"));
    assert!(
        error.contains(
            "there is no table or view \"lake_errors.order\" (did you mean \"lake_errors.orders\"?)"
        ),
        "{error}"
    );
    // Not in the search path: the schema is missing.
    let error = refusal(&session, &database(&schema.url, "orders"));
    assert!(error.contains("lake_errors.orders"), "{error}");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let error =
        refusal(&session, &database(&format!("postgres://shop:secret@127.0.0.1:{port}/sales"), "orders"));
    assert!(error.contains(&format!("postgres://shop@127.0.0.1:{port}/sales: no connection")), "{error}");
    assert!(!error.contains("secret"), "{error}");
    let (server, _) = schema.url.rsplit_once('/').unwrap();
    let error = refusal(&session, &database(&format!("{server}/no_such_database"), "orders"));
    assert!(
        error.contains("no_such_database") && error.contains("check user, password and database"),
        "{error}"
    );
    session.register_location("gone", &schema.table("orders")).unwrap();
    schema.execute("drop table lake_errors.orders");
    let error = failure(&session, "select id from gone");
    assert!(error.contains("reading the table \"orders\" failed"), "{error}");
}

const MANY: &str =
    "create table many as select n, repeat('x', 500) as text from generate_series(1, 200000) as n;";

#[test]
fn a_large_table_arrives_whole_in_one_state() {
    let Some(schema) = Schema::new("lake_many", MANY) else { return };
    let session = session();
    session.register_location("t", &schema.table("many")).unwrap();
    let mut changed = false;
    let seen = rows_until_error(&session, "select n, text from t", |_| {
        if !changed {
            schema.execute("delete from lake_many.many where n > 100000");
            // What would take the table away waits for its readers; it gives up here.
            schema.execute(
                "do $$ begin set local lock_timeout = '50ms'; drop table lake_many.many;
                 exception when lock_not_available then null; end $$",
            );
            changed = true;
        }
    });
    assert_eq!(seen.unwrap(), 200_000);
    assert_eq!(
        rows(&session, "select count(*), sum(n) from t"),
        [format!("100000 {}", 100_000_u64 * 100_001 / 2)]
    );
}

#[test]
fn a_lost_connection_is_an_error_and_no_short_answer() {
    let Some(schema) = Schema::new("lake_lost", MANY) else { return };
    let session = session();
    session.register_location("t", &schema.table("many")).unwrap();
    let mut ended = false;
    let seen = rows_until_error(&session, "select n, text from t", |_| {
        if !ended {
            schema.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity
                 where application_name = 'perennial' and query like '%lake_lost%'",
            );
            ended = true;
        }
    });
    let error = seen.unwrap_err().to_string();
    assert!(error.contains("reading the table \"many\" failed"), "{error}");
}

#[test]
fn nothing_can_be_written() {
    let Some(schema) = Schema::new(
        "lake_writes",
        "create table log (n integer);
         create function tempting() returns integer language sql as 'insert into lake_writes.log values (1) returning n';
         create view trap as select lake_writes.tempting() as n;",
    ) else {
        return;
    };
    let session = session();
    session.register_location("trap", &schema.table("trap")).unwrap();
    let error = failure(&session, "select n from trap");
    assert!(error.contains("read-only transaction"), "{error}");
}

#[test]
fn a_server_that_asks_for_encryption_is_read_and_written() {
    let Some((server, certificate)) = services::encrypted_postgres() else { return };
    let session = session();
    let url = |settings: &str| DatabaseUrl::parse(&format!("{server}?{settings}")).unwrap();
    let verified = format!("sslmode=verify-full&sslrootcert={certificate}");
    for (number, settings) in ["sslmode=require", &verified].into_iter().enumerate() {
        let (url, table) = (url(settings), format!("lake_encrypted_{number}"));
        session.write_table("select 7 as n", &url, &table).unwrap();
        session.register_location("t", &Location::Database { url, table }).unwrap();
        assert_eq!(rows(&session, "select n from t"), ["7"]);
    }
    for (settings, said) in [("sslmode=disable", "no encryption"), ("sslmode=verify-full", "certificate")] {
        let error = session.write_table("select 7 as n", &url(settings), "t").unwrap_err().to_string();
        assert!(error.contains(said), "{settings}: {error}");
    }
}
