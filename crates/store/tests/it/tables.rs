//! What tables hold, whoever wrote it in whatever order.

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};
use serde_json::Value;

/// Tables that are made from events.
const PROJECTED: &[&str] = &[
    "identifiers",
    "merges",
    "traits",
    "dates_of_life",
    "consents",
    "order_events",
    "orders",
    "order_lines",
    "refunds",
    "activities",
];

/// The rows of a query as JSON, sorted.
pub(crate) async fn rows(connection: &DatabaseConnection, query: &str) -> Vec<String> {
    let backend = connection.get_database_backend();
    let statement = Statement::from_string(backend, query);
    let mut rows: Vec<String> =
        connection.query_all_raw(statement).await.unwrap().iter().map(|row| json(row).to_string()).collect();
    rows.sort();
    rows
}

fn json(row: &sea_orm::QueryResult) -> Value {
    let mut fields = serde_json::Map::new();
    for column in row.column_names() {
        let value = row
            .try_get::<Option<String>>("", &column)
            .map(Value::from)
            .or_else(|_| row.try_get::<Option<i64>>("", &column).map(Value::from))
            .or_else(|_| row.try_get::<Option<bool>>("", &column).map(|flag| flag.map(i64::from).into()))
            .unwrap();
        fields.insert(column, value);
    }
    Value::Object(fields)
}

/// Everything that the projector wrote, with identifiers in place of the numbers of persons, which depend on the order of
/// arrival.
pub(crate) async fn projections(connection: &DatabaseConnection) -> Vec<String> {
    let person = |column: &str| {
        format!(
            "(SELECT MIN(kind || ':' || value) FROM identifiers AS i WHERE i.person = {column}) AS {column}"
        )
    };
    let root =
        "(SELECT MIN(kind || ':' || value) FROM identifiers AS i WHERE i.root = identifiers.root) AS root";
    let mut all = Vec::new();
    for table in PROJECTED {
        let query = match *table {
            "identifiers" => format!(
                "SELECT kind, value, from_at, until_at, first_seen_at, source, {root} FROM identifiers"
            ),
            "merges" => format!(
                "SELECT {}, {}, reason, source, message_id, at, joins, undone_at FROM merges",
                person("claimed"),
                person("owner")
            ),
            "traits" => {
                format!("SELECT {}, name, origin, slot, value, at, source FROM traits", person("person"))
            }
            "dates_of_life" => {
                format!("SELECT {}, name, slot, month, day, year, at FROM dates_of_life", person("person"))
            }
            "consents" => format!(
                "SELECT {}, channel, topic, purpose, granted, slot, at, confirmed_at, source, message_id FROM consents",
                person("person")
            ),
            // Without the event's number, which is that of its arrival.
            "activities" => "SELECT source, message_id, event, at, identifier_kind, identifier_value, product_id, campaign, score, \
                             comment, properties FROM activities"
                .to_owned(),
            table => format!("SELECT * FROM {table}"),
        };
        all.extend(rows(connection, &query).await.into_iter().map(|row| format!("{table}: {row}")));
    }
    all
}

/// Every text in the database, from all tables.
pub(crate) async fn all_texts(connection: &DatabaseConnection) -> String {
    let tables = match connection.get_database_backend() {
        DbBackend::Sqlite => "SELECT name FROM sqlite_master WHERE type = 'table'",
        _ => "SELECT tablename::text AS name FROM pg_tables WHERE schemaname = current_schema()",
    };
    let mut texts = String::new();
    for table in rows(connection, tables).await {
        let name: Value = serde_json::from_str(&table).unwrap();
        let name = name["name"].as_str().unwrap();
        // One text per row, whatever its columns are.
        let text = match connection.get_database_backend() {
            DbBackend::Sqlite => {
                let columns =
                    rows(connection, &format!("SELECT name FROM pragma_table_info('{name}')")).await;
                let cast = |column: &String| {
                    let column: Value = serde_json::from_str(column).unwrap();
                    format!("COALESCE(CAST(\"{}\" AS TEXT), '')", column["name"].as_str().unwrap())
                };
                columns.iter().map(cast).collect::<Vec<_>>().join(" || ' ' || ")
            }
            _ => format!("CAST({name} AS TEXT)"),
        };
        texts.push_str(&rows(connection, &format!("SELECT {text} AS row FROM {name}")).await.join("\n"));
        texts.push('\n');
    }
    texts
}
