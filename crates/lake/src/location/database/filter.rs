//! Filters of a query as conditions that the database itself applies. Values are bound, never written into the text.
//!
//! A condition is *exact* when the database keeps the same rows as the engine would; else it keeps more, never fewer, and the
//! engine filters once more. What fits neither is not handed over.

use datafusion::logical_expr::expr::InList;
use datafusion::logical_expr::{Between, BinaryExpr, Expr, Operator};
use datafusion::scalar::ScalarValue;

use super::column::{Column, Comparison, Kind, quoted};

/// Values of an `IN` list that are handed over; databases limit the parameters of a statement.
const MOST_VALUES: usize = 1000;

/// The language of a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    Postgres,
    Sqlite,
}

/// A value to bind.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Boolean(bool),
    Integer(i64),
    Float32(f32),
    Float64(f64),
    Text(String),
}

/// A part of a `where` clause, with `$1`, `$2`, ... for the values.
#[derive(Debug)]
pub(super) struct Conditions<'t> {
    dialect: Dialect,
    columns: &'t [Column],
    pub(super) values: Vec<Value>,
    pub(super) exact: bool,
}

impl<'t> Conditions<'t> {
    pub(super) fn new(dialect: Dialect, columns: &'t [Column]) -> Self {
        Self { dialect, columns, values: Vec::new(), exact: true }
    }

    /// The condition that a filter is, or nothing when it cannot be handed over; then some values may have been taken.
    pub(super) fn add(&mut self, filter: &Expr) -> Option<String> {
        match filter {
            Expr::BinaryExpr(BinaryExpr { left, op, right }) => match op {
                Operator::And => Some(format!("({} AND {})", self.add(left)?, self.add(right)?)),
                Operator::Or => Some(format!("({} OR {})", self.add(left)?, self.add(right)?)),
                _ => self.comparison(left, *op, right),
            },
            Expr::Not(inner) => self.negated(|conditions| conditions.add(inner)),
            Expr::IsNull(inner) => Some(format!("{} IS NULL", quoted(&self.column(inner)?.name))),
            Expr::IsNotNull(inner) => Some(format!("{} IS NOT NULL", quoted(&self.column(inner)?.name))),
            Expr::Between(between) => self.between(between),
            Expr::InList(list) => self.in_list(list),
            Expr::Column(_) => {
                let column = self.column(filter)?;
                (column.kind == Kind::Boolean).then(|| column.expression.clone())
            }
            _ => None,
        }
    }

    /// A condition that keeps more rows than it should would, negated, keep fewer.
    fn negated(&mut self, condition: impl FnOnce(&mut Self) -> Option<String>) -> Option<String> {
        let before = std::mem::replace(&mut self.exact, true);
        let condition = condition(self)?;
        let exact = std::mem::replace(&mut self.exact, before);
        exact.then(|| format!("NOT ({condition})"))
    }

    fn between(&mut self, between: &Between) -> Option<String> {
        let Between { expr, negated, low, high } = between;
        let both = |conditions: &mut Self| {
            let low = conditions.comparison(expr, Operator::GtEq, low)?;
            let high = conditions.comparison(expr, Operator::LtEq, high)?;
            Some(format!("({low} AND {high})"))
        };
        if *negated { self.negated(both) } else { both(self) }
    }

    fn in_list(&mut self, list: &InList) -> Option<String> {
        let InList { expr, list, negated } = list;
        if list.len() > MOST_VALUES {
            return None;
        }
        let any = |conditions: &mut Self| {
            let equal = list.iter().map(|value| conditions.comparison(expr, Operator::Eq, value));
            let equal = equal.collect::<Option<Vec<_>>>()?;
            Some(format!("({})", equal.join(" OR ")))
        };
        if *negated { self.negated(any) } else { any(self) }
    }

    fn column(&self, expression: &Expr) -> Option<&'t Column> {
        let Expr::Column(found) = expression else { return None };
        self.columns.iter().find(|column| column.name == found.name)
    }

    fn comparison(&mut self, left: &Expr, operator: Operator, right: &Expr) -> Option<String> {
        let (column, operator, value) = match (self.column(left), right, left) {
            (Some(column), Expr::Literal(value, _), _) => (column, operator, value),
            (None, _, Expr::Literal(value, _)) => (self.column(right)?, operator.swap()?, value),
            _ => return None,
        };
        let sign = match operator {
            Operator::Eq => "=",
            Operator::NotEq => "<>",
            Operator::Lt => "<",
            Operator::LtEq => "<=",
            Operator::Gt => ">",
            Operator::GtEq => ">=",
            _ => return None,
        };
        let value = bound(column.kind, value)?;
        if column.kind == Kind::Text {
            return self.text_comparison(column, sign, value);
        }
        let parameter = self.parameter(column.kind, value);
        Some(format!("{} {sign} {parameter}", column.expression))
    }

    /// The engine compares texts byte by byte; databases do so when they are told to.
    fn text_comparison(&mut self, column: &Column, sign: &str, value: Value) -> Option<String> {
        let is_equality = matches!(sign, "=" | "<>");
        let expression = &column.expression;
        let expression = match (column.comparison, self.dialect) {
            (Comparison::Unknown, _) => return None,
            (Comparison::EqualityOnly, _) if !is_equality => return None,
            (_, Dialect::Sqlite) => format!("{expression} COLLATE BINARY"),
            // An index of the column's own collation serves its own equality, which is by bytes where it is deterministic.
            (_, Dialect::Postgres) if is_equality && !column.own_equality => expression.clone(),
            (_, Dialect::Postgres) => format!("{expression} COLLATE \"C\""),
        };
        let parameter = self.parameter(Kind::Text, value);
        if column.comparison == Comparison::TextAmongOthers {
            self.exact = false;
            let name = quoted(&column.name);
            return Some(format!(
                "(typeof({name}) <> 'text' OR CAST({name} AS TEXT) COLLATE BINARY {sign} {parameter})"
            ));
        }
        Some(format!("{expression} {sign} {parameter}"))
    }

    fn parameter(&mut self, kind: Kind, value: Value) -> String {
        self.values.push(value);
        let number = self.values.len();
        match (self.dialect, kind) {
            (Dialect::Postgres, Kind::Decimal(..)) => format!("CAST(${number} AS numeric)"),
            (Dialect::Postgres, Kind::Date) => format!("CAST(${number} AS date)"),
            (Dialect::Postgres, Kind::Clock) => format!("CAST(${number} AS timestamp)"),
            (Dialect::Postgres, Kind::Instant) => format!("CAST(${number} AS timestamptz)"),
            _ => format!("${number}"),
        }
    }
}

/// The value that a literal is to a column, where databases and engine agree on what it means.
fn bound(kind: Kind, value: &ScalarValue) -> Option<Value> {
    Some(match (kind, value) {
        (Kind::Boolean, ScalarValue::Boolean(Some(value))) => Value::Boolean(*value),
        (Kind::Int16, ScalarValue::Int16(Some(value))) => Value::Integer(i64::from(*value)),
        (Kind::Int32, ScalarValue::Int32(Some(value))) => Value::Integer(i64::from(*value)),
        (Kind::Int64, ScalarValue::Int64(Some(value))) => Value::Integer(*value),
        (Kind::Float32, ScalarValue::Float32(Some(value))) if is_plain(f64::from(*value)) => {
            Value::Float32(*value)
        }
        (Kind::Float64, ScalarValue::Float64(Some(value))) if is_plain(*value) => Value::Float64(*value),
        (Kind::Decimal(_, own), ScalarValue::Decimal128(Some(value), _, scale)) if own == *scale => {
            Value::Text(decimal(*value, own)?)
        }
        (Kind::Text, value) => Value::Text(value.try_as_str()??.to_owned()).without_nul()?,
        (Kind::Date, ScalarValue::Date32(Some(days))) => {
            let day =
                jiff::civil::date(1970, 1, 1).checked_add(jiff::Span::new().try_days(*days).ok()?).ok()?;
            Value::Text(in_common_years(day)?.to_string())
        }
        (Kind::Clock | Kind::Instant, ScalarValue::TimestampMicrosecond(Some(time), _)) => {
            let instant = jiff::Timestamp::from_microsecond(*time).ok()?;
            let clock = jiff::tz::TimeZone::UTC.to_datetime(instant);
            in_common_years(clock.date())?;
            Value::Text(if kind == Kind::Instant { instant.to_string() } else { clock.to_string() })
        }
        _ => return None,
    })
}

impl Value {
    /// PostgreSQL's texts have no NUL character.
    fn without_nul(self) -> Option<Self> {
        match &self {
            Self::Text(text) if text.contains('\0') => None,
            _ => Some(self),
        }
    }
}

/// Neither NaN nor infinite nor -0, on which databases and engine differ.
fn is_plain(number: f64) -> bool {
    number.is_finite() && !(number == 0.0 && number.is_sign_negative())
}

/// Years that are written the same way everywhere.
fn in_common_years(day: jiff::civil::Date) -> Option<jiff::civil::Date> {
    (1..=9999).contains(&day.year()).then_some(day)
}

fn decimal(units: i128, scale: i8) -> Option<String> {
    let scale = usize::try_from(scale).ok()?;
    let digits = format!("{:0>width$}", units.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at_checked(digits.len() - scale)?;
    let sign = if units < 0 { "-" } else { "" };
    Some(if scale == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") })
}

#[cfg(test)]
mod tests {
    use datafusion::prelude::{col, lit};

    use super::*;

    fn columns() -> Vec<Column> {
        let loose = Column { comparison: Comparison::TextAmongOthers, ..Column::new("day", Kind::Text) };
        vec![
            Column::new("id", Kind::Int64),
            Column::new("e\"mail", Kind::Text),
            Column::new("amount", Kind::Decimal(10, 2)),
            Column::new("weight", Kind::Float64),
            Column::new("paid", Kind::Boolean),
            loose,
        ]
    }

    fn translated(dialect: Dialect, filter: &Expr) -> Option<(String, Vec<Value>, bool)> {
        let columns = columns();
        let mut conditions = Conditions::new(dialect, &columns);
        let sql = conditions.add(filter)?;
        Some((sql, conditions.values, conditions.exact))
    }

    #[test]
    fn values_are_bound_and_names_quoted() {
        let column = Expr::Column(datafusion::common::Column::new_unqualified("e\"mail"));
        let filter = column.clone().eq(lit("x' or 1=1 --")).and(col("id").gt(lit(7_i64)));
        let (sql, values, exact) = translated(Dialect::Postgres, &filter).unwrap();
        assert_eq!(sql, r#"("e""mail" = $1 AND "id" > $2)"#);
        assert_eq!(values, [Value::Text("x' or 1=1 --".to_owned()), Value::Integer(7)]);
        assert!(exact);
        let (sql, ..) = translated(Dialect::Postgres, &column.clone().lt(lit("b"))).unwrap();
        assert_eq!(sql, r#""e""mail" COLLATE "C" < $1"#);
        let (sql, ..) = translated(Dialect::Sqlite, &column.eq(lit("b"))).unwrap();
        assert_eq!(sql, r#""e""mail" COLLATE BINARY = $1"#);
    }

    #[test]
    fn decimals_keep_their_digits() {
        let (sql, values, _) =
            translated(Dialect::Postgres, &lit(ScalarValue::Decimal128(Some(-5), 10, 2)).lt(col("amount")))
                .unwrap();
        assert_eq!(
            (sql.as_str(), &values[0]),
            ("\"amount\" > CAST($1 AS numeric)", &Value::Text("-0.05".to_owned()))
        );
    }

    #[test]
    fn what_databases_see_differently_is_not_handed_over() {
        for number in [f64::NAN, f64::INFINITY, -0.0] {
            assert!(translated(Dialect::Postgres, &col("weight").gt(lit(number))).is_none());
        }
        assert!(translated(Dialect::Postgres, &col("id").eq(lit(1_i32))).is_none());
        assert!(
            translated(Dialect::Postgres, &col("id").eq(lit(1_i64)).or(col("other").eq(lit(1_i64))))
                .is_none()
        );
    }

    #[test]
    fn a_condition_that_keeps_more_is_never_negated() {
        let filter = col("day").gt(lit("2026-01-01"));
        let (_, _, exact) = translated(Dialect::Sqlite, &filter).unwrap();
        assert!(!exact);
        assert!(translated(Dialect::Sqlite, &Expr::Not(Box::new(filter))).is_none());
        let (sql, ..) = translated(Dialect::Sqlite, &Expr::Not(Box::new(col("paid")))).unwrap();
        assert_eq!(sql, "NOT (\"paid\")");
    }
}
