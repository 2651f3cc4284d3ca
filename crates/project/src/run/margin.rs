//! The share of revenue that is value, under the project's rule and costs.

use jiff::civil::Date;
use perennial_lake::arrow::array::{Array, AsArray};
use perennial_lake::arrow::compute::cast;
use perennial_lake::arrow::datatypes::{DataType, Float64Type};
use perennial_lake::{Reading, Session};

use crate::Error;
use crate::file::{Margin, Sections};

/// The margin to value with; `None` leaves it to the valuation, which measures it where the data have costs.
pub(crate) fn margin(
    session: &Session,
    reading: &Reading,
    sections: &Sections,
    as_of: Date,
) -> Result<Option<f64>, Error> {
    let costs = &sections.costs;
    let Some(rule) = sections.value.margin else { return Ok(None) };
    if rule == Margin::Measured && !reading.has_costs {
        return Err(Error::NoCosts);
    }
    if costs.per_order == 0.0 && costs.share_of_revenue == 0.0 {
        return Ok(match rule {
            Margin::Given(rate) => Some(rate),
            Margin::Measured => None,
        });
    }
    let known = Known::up_to(session, reading, as_of)?;
    let before = match rule {
        Margin::Given(rate) => rate,
        Margin::Measured => 1.0 - known.share(known.cost),
    };
    let per_order = known.share(costs.per_order * known.orders);
    Ok(Some((before - costs.share_of_revenue - per_order).clamp(-1.0, 1.0)))
}

/// Sums over the purchases up to a date, in units of the currency.
struct Known {
    orders: f64,
    revenue: f64,
    cost: f64,
}

impl Known {
    fn up_to(session: &Session, reading: &Reading, as_of: Date) -> Result<Self, Error> {
        let cost = if reading.has_costs { "sum(cost)" } else { "0" };
        let batches = session.query(&format!(
            "SELECT CAST(count(*) AS DOUBLE) AS orders, CAST(sum(spend) AS DOUBLE) AS revenue, CAST({cost} AS DOUBLE) AS cost \
             FROM purchases WHERE day <= DATE '{as_of}'"
        ))?;
        let number = |name: &str| {
            let column = batches.first()?.column_by_name(name)?;
            let column = cast(column, &DataType::Float64).ok()?;
            let column = column.as_primitive_opt::<Float64Type>()?;
            (!column.is_empty() && column.is_valid(0)).then(|| column.value(0))
        };
        let scale = 10_f64.powi(i32::try_from(reading.scale).unwrap_or(0));
        Ok(Self {
            orders: number("orders").unwrap_or(0.0),
            revenue: number("revenue").unwrap_or(0.0) / scale,
            cost: number("cost").unwrap_or(0.0) / scale,
        })
    }

    /// An amount as a share of revenue; without revenue there is none to share.
    fn share(&self, amount: f64) -> f64 {
        if self.revenue > 0.0 { amount / self.revenue } else { 0.0 }
    }
}
