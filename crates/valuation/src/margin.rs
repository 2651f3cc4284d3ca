//! Which part of the revenue is value: given, or measured from the costs in the data, less what orders cost beside their goods.
//!
//! margin = given, or 1 - costs / revenue of the transactions whose costs are known; less `share_of_revenue`, and less
//! `per_order` x transactions / revenue. What was refunded after the as-of date counts as bought, here as everywhere.

use jiff::civil::Date;
use perennial_lake::{Reading, Session};

use crate::columns::{f64s, optional};
use crate::request::{OtherCosts, Request, in_range};
use crate::{Error, Margin, summary};

/// The margin of a valuation as of a date; `name` is that of its summary.
pub(crate) fn margin(
    session: &Session,
    reading: &Reading,
    name: &str,
    request: &Request,
    as_of: Date,
) -> Result<Margin, Error> {
    let known = Known { session, reading, name, as_of };
    let before = match request.margin {
        Some(rate) => {
            Margin::Given(in_range("margin", rate, (-1.0..=1.0).contains(&rate), "between -100 % and 100 %")?)
        }
        None if reading.has_costs => known.measured()?.map_or(Margin::Revenue, Margin::Measured),
        None => Margin::Revenue,
    };
    let other = known.share(request.other_costs)?;
    Ok(match before {
        Margin::Revenue => Margin::Revenue,
        Margin::Given(rate) => Margin::Given(rate - other),
        Margin::Measured(rate) => Margin::Measured(rate - other),
    })
}

/// The purchases as they were known on a day.
struct Known<'a> {
    session: &'a Session,
    reading: &'a Reading,
    name: &'a str,
    as_of: Date,
}

impl Known<'_> {
    /// The margin that costs leave, as a share of the value, over the transactions that have a cost; `None` where none has. A cost
    /// of zero is taken as not known.
    fn measured(&self) -> Result<Option<f64>, Error> {
        let (cost, revenue) = self.sums("sum(cost)", "AND cost <> 0")?;
        Ok((revenue > 0.0).then(|| 1.0 - cost / revenue))
    }

    /// What orders cost beside their goods, as a share of revenue; nothing without revenue.
    fn share(&self, costs: OtherCosts) -> Result<f64, Error> {
        let OtherCosts { per_order, share_of_revenue } = costs;
        in_range("per_order", per_order, per_order.is_finite() && per_order >= 0.0, "at least 0")?;
        let in_whole = (0.0..=1.0).contains(&share_of_revenue);
        in_range("share_of_revenue", share_of_revenue, in_whole, "between 0 % and 100 %")?;
        if per_order == 0.0 {
            return Ok(share_of_revenue);
        }
        let (orders, revenue) = self.sums("count(*)", "")?;
        let revenue = revenue / summary::scale(self.reading);
        Ok(share_of_revenue + if revenue > 0.0 { per_order * orders / revenue } else { 0.0 })
    }

    /// A figure and the revenue of purchases, the latter in integer units; zero where there are none.
    fn sums(&self, figure: &str, condition: &str) -> Result<(f64, f64), Error> {
        let Self { session, reading, name, as_of } = self;
        let purchases = summary::purchases_as_of(session, reading, name, *as_of)?;
        let batches = session.query(&format!(
            "SELECT CAST({figure} AS DOUBLE) AS figure, CAST(sum(spend) AS DOUBLE) AS revenue FROM {purchases} \
             WHERE day <= DATE '{as_of}' {condition}"
        ))?;
        let number = |column: &str| {
            let column = batches.first().map(|batch| f64s(batch, column)).transpose()?;
            Ok::<_, Error>(column.and_then(|column| optional(&column, 0)).unwrap_or(0.0))
        };
        Ok((number("figure")?, number("revenue")?))
    }
}
