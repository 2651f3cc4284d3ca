//! Purchases and refunds of several parts become those of the session.

use crate::canonical::tables::TABLES;
use crate::error::Error;
use crate::session::Session;
use crate::sources::Source;
use crate::sources::orders::Part;
use crate::sources::stream::integers;
use crate::sources::views::Identities;

/// Makes the session's tables of the parts. A part that is alone and needs no change is taken as it is.
pub(super) fn unite(
    session: &Session,
    sources: &[Source],
    identities: Identities,
    parts: &[Part],
    scale: u32,
    has_costs: bool,
) -> Result<(), Error> {
    let kind = |part: &Part| identities.kind(sources.get(part.source?)?);
    let mut full = Vec::with_capacity(parts.len());
    for part in parts {
        let empty =
            TABLES.iter().map(|table| rows(session, &part.table(table))).sum::<Result<u64, Error>>()? == 0;
        if !empty {
            full.push(part);
        }
    }
    let alone = match full.as_slice() {
        [only] if kind(only).is_none() && only.scale == scale && only.has_costs == has_costs => Some(*only),
        [] => parts.last(),
        _ => None,
    };
    match alone {
        Some(part) => part.put_back(session)?,
        None => add_up(session, &full, scale, has_costs, kind)?,
    }
    parts.iter().try_for_each(|part| part.drop_tables(session))
}

fn rows(session: &Session, table: &str) -> Result<u64, Error> {
    let batches = session.query(&format!("SELECT count(*) FROM {table}"))?;
    let counts = batches.first().map(|batch| integers(batch, 0)).transpose()?;
    Ok(counts.map_or(0, |counts| counts.iter().flatten().sum::<i64>().unsigned_abs()))
}

fn add_up(
    session: &Session,
    parts: &[&Part],
    scale: u32,
    has_costs: bool,
    kind: impl Fn(&Part) -> Option<String>,
) -> Result<(), Error> {
    let select = |table: &str, part: &Part, keys: &[&str], amounts: &[(&str, bool)]| {
        let kind = kind(part);
        let (customer, join) = Identities::customer(kind.as_deref(), "own", "customer");
        let keys = keys.iter().fold(String::new(), |sql, key| format!("{sql}, own.{key}"));
        let factor = 10_i64.pow(scale.saturating_sub(part.scale));
        let amounts = amounts.iter().fold(String::new(), |sql, (amount, known)| {
            let value =
                if *known { format!("own.{amount} * {factor}") } else { "cast(0 as bigint)".to_owned() };
            format!("{sql}, {value} AS {amount}")
        });
        format!("SELECT {customer} AS customer{keys}{amounts} FROM {} AS own{join}", part.table(table))
    };
    let all = |table: &str, keys: &[&str], amounts: &dyn Fn(&Part) -> Vec<(&'static str, bool)>| {
        let selects: Vec<String> =
            parts.iter().map(|part| select(table, part, keys, &amounts(part))).collect();
        selects.join(" UNION ALL ")
    };
    let cost = if has_costs { ", sum(cost) AS cost" } else { "" };
    let purchase_amounts = |part: &Part| {
        let mut amounts = vec![("spend", true), ("refunded", true)];
        amounts.extend(has_costs.then_some(("cost", part.has_costs)));
        amounts
    };
    let amount = |_: &Part| vec![("amount", true)];
    check_sums(session, parts, scale)?;
    session.materialise(
        "purchases",
        &format!(
            "SELECT customer, day, sum(spend) AS spend, sum(refunded) AS refunded{cost} FROM ({}) AS parts GROUP BY customer, day",
            all("purchases", &["day"], &purchase_amounts)
        ),
    )?;
    session.materialise(
        "refunds",
        &format!(
            "SELECT customer, day, sum(amount) AS amount FROM ({}) AS parts GROUP BY customer, day",
            all("refunds", &["day"], &amount)
        ),
    )?;
    session.materialise("linked_refunds", &all("linked_refunds", &["order_day", "day"], &amount)).map(drop)
}

/// No sum of the engine may leave 64 bits: it would wrap around.
fn check_sums(session: &Session, parts: &[&Part], scale: u32) -> Result<(), Error> {
    let mut sum = 0.0;
    for part in parts {
        let sql = format!(
            "SELECT cast(coalesce(sum(cast(abs(spend) as double) + cast(abs(refunded) as double)), 0) / 1000000 as bigint) FROM {}",
            part.table("purchases")
        );
        let batches = session.query(&sql)?;
        let millions = batches.first().map(|batch| integers(batch, 0)).transpose()?;
        let millions: i64 = millions.map_or(0, |millions| millions.iter().flatten().sum());
        sum += millions as f64 * 1e6 * f64::from(10_u32.pow(scale.saturating_sub(part.scale)));
    }
    if sum < i64::MAX as f64 / 2.0 {
        Ok(())
    } else {
        Err(Error::AmountsOverflow { column: "amount".to_owned(), scale })
    }
}
