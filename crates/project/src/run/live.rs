//! What came as live events, as sources beside those of the file.

use perennial_lake::{CanonicalTable, Mapping, Session, Source, WrittenBy};

use super::reading::stored;
use crate::{Error, Project};

/// Live events as rows of a canonical table.
struct LiveSource {
    name: &'static str,
    table: CanonicalTable,
    /// The table of the store that tells whether there are any.
    rows: &'static str,
    /// Which of these rows.
    which: &'static str,
    /// What is read of the store, which names customers already.
    view: &'static str,
    /// The columns of the canonical table; `@` stands before columns of microseconds since 1970 UTC. No currency has more than
    /// three decimals, and an amount with more would take digits from all others.
    columns: &'static str,
    /// Whether it is about orders.
    of_orders: bool,
}

const LIVE: [LiveSource; 6] = [
    LiveSource {
        name: "live_orders",
        table: CanonicalTable::Orders,
        rows: "orders",
        which: "true",
        view: "customer_orders",
        columns: "customer AS customer_id, order_id, @placed_at AS placed_at, round(CAST(net AS DECIMAL(24, 6)), 3) AS net, currency, status, \
                  @cancelled_at AS cancelled_at, coupon",
        of_orders: true,
    },
    LiveSource {
        name: "live_refunds",
        table: CanonicalTable::Refunds,
        // Also of orders that other sources hold.
        rows: "refunds",
        which: "true",
        view: "customer_refunds",
        columns: "customer AS customer_id, id AS refund_id, order_id, @at AS refunded_at, round(CAST(amount AS DECIMAL(24, 6)), 3) AS amount, \
                  currency, reason",
        of_orders: true,
    },
    LiveSource {
        name: "live_order_lines",
        table: CanonicalTable::OrderLines,
        rows: "order_lines",
        which: "true",
        view: "order_lines_with_currency",
        columns: "order_id, line, product_id, sku, name, category, CAST(quantity AS DOUBLE) AS quantity, \
                  round(CAST(price AS DECIMAL(24, 6)), 3) AS unit_price, round(CAST(discount AS DECIMAL(24, 6)), 3) AS discount, currency",
        of_orders: true,
    },
    LiveSource {
        name: "live_touchpoints",
        table: CanonicalTable::Touchpoints,
        rows: "activities",
        which: "event IN ('Promotion Viewed', 'Promotion Clicked')",
        view: "customer_activities",
        columns: "customer AS customer_id, @at AS touched_at, 'onsite' AS channel, campaign, \
                  CASE event WHEN 'Promotion Clicked' THEN 'click' ELSE 'view' END AS kind",
        of_orders: false,
    },
    LiveSource {
        name: "live_responses",
        table: CanonicalTable::Responses,
        rows: "activities",
        which: "event = 'Product Reviewed'",
        view: "customer_activities",
        columns: "customer AS customer_id, @at AS answered_at, 'review' AS survey, product_id AS question, \
                  CAST(score AS DOUBLE) AS score, comment",
        of_orders: false,
    },
    LiveSource {
        name: "live_events",
        table: CanonicalTable::Events,
        rows: "activities",
        which: "event NOT IN ('Promotion Viewed', 'Promotion Clicked', 'Product Reviewed')",
        view: "customer_activities",
        columns: "customer AS customer_id, @at AS occurred_at, event, message_id, properties",
        of_orders: false,
    },
];

/// The names of the sources of live events; no source of the file may have them.
pub(crate) fn live_names() -> [&'static str; LIVE.len()] {
    LIVE.map(|live| live.name)
}

/// The sources of live events that have rows.
pub(super) fn live_sources(project: &Project, session: &Session) -> Result<Vec<Source>, Error> {
    let events = &project.sections.events;
    let wanted = |live: &&LiveSource| if live.of_orders { events.orders } else { events.activities };
    let mut sources = Vec::new();
    for live in LIVE.iter().filter(wanted) {
        if holds_rows(project, session, live)? {
            sources.push(live.source(project)?);
        }
    }
    Ok(sources)
}

/// Whether an order has come as a live event.
pub(crate) fn has_live_orders(project: &Project, session: &Session) -> Result<bool, Error> {
    LIVE.iter()
        .filter(|live| live.table == CanonicalTable::Orders)
        .try_fold(false, |found, live| Ok(found || holds_rows(project, session, live)?))
}

fn holds_rows(project: &Project, session: &Session, live: &LiveSource) -> Result<bool, Error> {
    session.register_location("looked_at", &stored(project, live.rows)?)?;
    let sql = format!("SELECT 1 FROM looked_at WHERE {} LIMIT 1", live.which);
    let any = session.query(&sql)?.iter().any(|batch| batch.num_rows() > 0);
    session.drop_table("looked_at")?;
    Ok(any)
}

impl LiveSource {
    fn source(&self, project: &Project) -> Result<Source, Error> {
        Ok(Source {
            name: self.name.to_owned(),
            table: self.table,
            location: stored(project, self.view)?,
            mapping: Mapping::Select(self.select()),
            customers_are: None,
            date_order: None,
            // Write keys may stand in web pages.
            written_by: WrittenBy::Anybody,
        })
    }

    /// The select, with instants that have their zone: without one they would be taken for times on the shop's own clock.
    /// `AT TIME ZONE` would go by way of nanoseconds, which end an answer with an error in the year 1 that some senders
    /// write for "no time".
    fn select(&self) -> String {
        let mut parts = self.columns.split('@');
        let mut columns = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (column, rest) = part.split_once(' ').unwrap_or((part, ""));
            let instant = format!(
                "arrow_cast(to_timestamp_micros({column}), 'Timestamp(Microsecond, Some(\"UTC\"))') {rest}"
            );
            columns.push_str(&instant);
        }
        format!("SELECT {columns} FROM source WHERE {}", self.which)
    }
}
