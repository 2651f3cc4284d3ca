//! Classes of customers by their total value.

use perennial_lake::Session;
use perennial_lake::arrow::array::{Array, AsArray};
use perennial_lake::arrow::compute::cast;
use perennial_lake::arrow::datatypes::{DataType, Float64Type};

use crate::Error;
use crate::file::{TIER, Tier};
use crate::snapshot::TierTotal;
use crate::sql::literal;

/// What customers are ranked by: the total where value is predicted, else what was earned.
const VALUE: &str = "coalesce(total_clv, historic_clv)";

/// The column that says which tier a customer of a table is in, as SQL, and the tiers with the bounds that it has.
pub(crate) fn column(
    session: &Session,
    table: &str,
    tiers: &[Tier],
) -> Result<(String, Vec<TierTotal>), Error> {
    if tiers.is_empty() {
        return Ok((format!("CAST(NULL AS VARCHAR) AS {TIER}"), Vec::new()));
    }
    let values =
        if tiers.iter().any(|tier| tier.share.is_some()) { descending(session, table)? } else { Vec::new() };
    let bounded: Vec<TierTotal> = tiers
        .iter()
        .map(|tier| TierTotal {
            name: tier.name.clone(),
            at_least: tier.at_least.or_else(|| tier.share.and_then(|share| least_of_best(&values, share))),
            customers: 0,
            total_clv: 0.0,
        })
        .collect();
    let cases: String = bounded
        .iter()
        .map(|tier| match tier.at_least {
            Some(bound) => format!(" WHEN {VALUE} >= {bound:e} THEN {}", literal(&tier.name)),
            None => format!(" WHEN {VALUE} IS NOT NULL THEN {}", literal(&tier.name)),
        })
        .collect();
    Ok((format!("CASE{cases} END AS {TIER}"), bounded))
}

/// Fills in what the tiers of a table hold.
pub(crate) fn totals(session: &Session, table: &str, tiers: Vec<TierTotal>) -> Result<Vec<TierTotal>, Error> {
    tiers
        .into_iter()
        .map(|tier| {
            let sql = format!(
                "SELECT CAST(count(*) AS DOUBLE) AS customers, sum({VALUE}) AS total FROM {table} WHERE {TIER} = {}",
                literal(&tier.name)
            );
            let batches = session.query(&sql)?;
            let number = |place: usize| {
                let column = batches.first()?.column(place).as_primitive_opt::<Float64Type>()?;
                (!column.is_empty() && column.is_valid(0)).then(|| column.value(0))
            };
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count that passed through f64")]
            Ok(TierTotal { customers: number(0).unwrap_or(0.0) as u64, total_clv: number(1).unwrap_or(0.0), ..tier })
        })
        .collect()
}

/// The customers' values from the best down.
fn descending(session: &Session, table: &str) -> Result<Vec<f64>, Error> {
    let mut values = Vec::new();
    session.for_each(&format!("SELECT {VALUE} AS value FROM {table}"), |batch| {
        let column = cast(batch.column(0), &DataType::Float64)
            .map_err(|_| Error::Column { column: "total_clv".to_owned() })?;
        let column = column.as_primitive::<Float64Type>();
        values.extend(column.iter().flatten());
        Ok::<(), Error>(())
    })?;
    values.sort_unstable_by(|a, b| b.total_cmp(a));
    Ok(values)
}

/// The least value within the best `share`; customers of equal value are in the same tier. `None` where the share is nobody's.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a count is a count")]
fn least_of_best(descending: &[f64], share: f64) -> Option<f64> {
    let count = (descending.len() as f64 * share).round() as usize;
    // A share so small that nobody is in it still has a bound: above everyone.
    count.checked_sub(1).map_or(Some(f64::MAX), |last| descending.get(last).copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_share_ends_with_its_last_customer() {
        let values = [90.0, 80.0, 80.0, 50.0, 10.0, 9.0, 8.0, 7.0, 6.0, 5.0];
        assert_eq!(least_of_best(&values, 0.1), Some(90.0));
        assert_eq!(least_of_best(&values, 0.2), Some(80.0));
        assert_eq!(least_of_best(&values, 1.0), Some(5.0));
        assert_eq!(least_of_best(&values, 0.01), Some(f64::MAX));
        assert_eq!(least_of_best(&[], 0.5), Some(f64::MAX));
    }
}
