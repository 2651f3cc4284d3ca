//! Erased persons in data that the store does not hold: files of the shop, and snapshots.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use perennial_lake::arrow::array::{ArrayRef, StringArray};
use perennial_lake::arrow::record_batch::RecordBatch;
use perennial_lake::{Reading, Session};
use perennial_store::{Erasures, Identifier, IdentifierKind};

use crate::rows::{Cell, columns};
use crate::state::State;
use crate::{Error, Project};

/// The table of customers and the tokens that stand for them.
const TOKENS: &str = "erased_customers";

/// Tells the customers of sources and snapshots who were erased.
pub(crate) struct Erased {
    erasures: Erasures,
    /// What a customer's id may be: it says so nowhere.
    kinds: Vec<IdentifierKind>,
}

impl Erased {
    /// Those of a project's store.
    pub(crate) fn new(project: &Project, state: &State) -> Result<Self, Error> {
        let named = project.sections.sources.values().filter_map(|source| source.customers_are.as_deref());
        let kinds: BTreeSet<IdentifierKind> = named
            .chain(["user_id", "email", "phone", "anonymous_id"])
            .filter_map(|kind| kind.parse().ok())
            .collect();
        Ok(Self { erasures: state.wait(state.store().erasures())?, kinds: kinds.into_iter().collect() })
    }

    /// Whether nobody was erased.
    pub(crate) fn is_empty(&self) -> bool {
        self.erasures.is_empty()
    }

    /// What the store knows of erasures, for publications.
    pub(crate) fn erasures(&self) -> &Erasures {
        &self.erasures
    }

    /// A text that is another one after the next erasure.
    pub(crate) fn mark(&self) -> &str {
        self.erasures.mark()
    }

    /// The token that stands for a customer who was erased.
    pub(crate) fn token(&self, customer: &str) -> Option<String> {
        if self.erasures.is_empty() {
            return None;
        }
        self.kinds.iter().find_map(|kind| {
            let identifier = Identifier::new(kind.clone(), customer).ok()?;
            self.erasures.token(&identifier).map(str::to_owned)
        })
    }

    /// The customers of a query's only column who were erased, with their tokens.
    pub(crate) fn among(&self, session: &Session, sql: &str) -> Result<BTreeMap<String, String>, Error> {
        let mut found = BTreeMap::new();
        if self.erasures.is_empty() {
            return Ok(found);
        }
        session.for_each(sql, |batch| {
            let columns = columns(&batch)?;
            for row in 0..batch.num_rows() {
                if let Some(Cell::Text(customer)) = columns.first().and_then(|column| column.cell(row))
                    && let Some(token) = self.token(customer)
                {
                    found.insert(customer.to_owned(), token);
                }
            }
            Ok::<(), Error>(())
        })?;
        Ok(found)
    }

    /// Takes whoever was erased out of a table of values: a person who was erased after the sources were read. The next run
    /// values them under the token.
    pub(crate) fn leave_out_of(&self, session: &Session, values: &str) -> Result<(), Error> {
        let tokens = self.among(session, &format!("SELECT customer_id FROM {values}"))?;
        if tokens.is_empty() {
            return Ok(());
        }
        session.register(TOKENS, vec![table(&tokens)?])?;
        let others = format!(
            "SELECT v.* FROM {values} AS v LEFT ANTI JOIN {TOKENS} AS e ON e.customer = v.customer_id"
        );
        session.materialise(values, &others)?;
        Ok(session.drop_table(TOKENS)?)
    }

    /// Puts what was read of erased persons under their tokens.
    pub(crate) fn put_under_tokens(&self, session: &Session, reading: &Reading) -> Result<(), Error> {
        // Whoever had all orders paid back later has purchases before that day only.
        let customers = "SELECT DISTINCT CAST(customer AS VARCHAR) AS customer FROM \
                         (SELECT customer FROM purchases UNION ALL SELECT customer FROM refunds \
                          UNION ALL SELECT customer FROM linked_refunds) AS known";
        let tokens = self.among(session, customers)?;
        if tokens.is_empty() {
            return Ok(());
        }
        session.register(TOKENS, vec![table(&tokens)?])?;
        let cost = if reading.has_costs { ", sum(cost) AS cost" } else { "" };
        for (name, days, sums) in [
            ("purchases", "day", format!("sum(spend) AS spend, sum(refunded) AS refunded{cost}")),
            ("refunds", "day", "sum(amount) AS amount".to_owned()),
            ("linked_refunds", "order_day, day", "sum(amount) AS amount".to_owned()),
        ] {
            // Two ids of one person may have bought on one day.
            let sql = format!(
                "SELECT customer, {days}, {sums} FROM \
                 (SELECT coalesce(e.token, CAST(t.customer AS VARCHAR)) AS customer, t.* EXCLUDE (customer) \
                  FROM {name} AS t LEFT JOIN {TOKENS} AS e ON e.customer = CAST(t.customer AS VARCHAR)) AS named \
                 GROUP BY customer, {days}"
            );
            session.materialise(name, &sql)?;
        }
        Ok(session.drop_table(TOKENS)?)
    }
}

fn table(tokens: &BTreeMap<String, String>) -> Result<RecordBatch, Error> {
    let column = |texts: Vec<&String>| -> ArrayRef { Arc::new(StringArray::from_iter_values(texts)) };
    let columns =
        [("customer", column(tokens.keys().collect())), ("token", column(tokens.values().collect()))];
    RecordBatch::try_from_iter(columns).map_err(|_| Error::Column { column: "customer".to_owned() })
}
