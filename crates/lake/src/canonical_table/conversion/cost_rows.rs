//! A row of `costs` that leaves open what it costs is refused: it would count for nothing, or for something else than was meant.

use datafusion::arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use datafusion::arrow::datatypes::{Decimal128Type, Float64Type};

use crate::canonical_table::CostBasis;
use crate::quality::Refusal;
use crate::quarantine::Refused;

/// Refuses the rows that say too little.
pub(super) fn check(batch: &RecordBatch, refused: &mut [Option<Refused>]) {
    let columns = Columns::of(batch);
    for (row, refused) in refused.iter_mut().enumerate() {
        if refused.is_none() {
            *refused = columns.problem(row).err();
        }
    }
}

/// The columns that say what a row costs; a source need not have all of them.
struct Columns<'a> {
    order: Option<&'a ArrayRef>,
    product: Option<&'a ArrayRef>,
    basis: Option<&'a ArrayRef>,
    amount: Option<&'a ArrayRef>,
    share: Option<&'a ArrayRef>,
}

impl<'a> Columns<'a> {
    fn of(batch: &'a RecordBatch) -> Self {
        Self {
            order: batch.column_by_name("order_id"),
            product: batch.column_by_name("product_id"),
            basis: batch.column_by_name("basis"),
            amount: batch.column_by_name("amount"),
            share: batch.column_by_name("share"),
        }
    }

    fn problem(&self, row: usize) -> Result<(), Refused> {
        let has = |column: Option<&ArrayRef>| column.is_some_and(|column| !column.is_null(row));
        if has(self.order) || has(self.product) {
            return if has(self.amount) { Ok(()) } else { Err(bad_amount("amount is empty")) };
        }
        let basis = match self.basis.filter(|basis| !basis.is_null(row)) {
            None => CostBasis::Order,
            Some(basis) => {
                let text = basis.as_string::<i32>().value(row);
                CostBasis::read(text).ok_or_else(|| {
                    let problem = format!(
                        "basis: {text:?} is none of {}",
                        CostBasis::ALL.map(CostBasis::name).join(", ")
                    );
                    Refused::new(Refusal::BadValue, problem)
                })?
            }
        };
        let share = self.share.filter(|share| !share.is_null(row));
        let share = share.map(|share| share.as_primitive::<Float64Type>().value(row));
        let has_amount = self.amount.is_some_and(|amount| {
            !amount.is_null(row) && amount.as_primitive::<Decimal128Type>().value(row) != 0
        });
        match (basis, share) {
            (CostBasis::Total, None) => Err(bad_amount("share is empty; the basis total needs it")),
            (CostBasis::Total, Some(_)) if has_amount => Err(Refused::new(
                Refusal::BadValue,
                "an amount stands beside the share; the basis total takes the share alone",
            )),
            (CostBasis::Total, Some(_)) => Ok(()),
            (basis, Some(share)) if share != 0.0 => Err(Refused::new(
                Refusal::BadValue,
                format!("share is {share}; it belongs to the basis total, and this is {}", basis.name()),
            )),
            (_, _) if has(self.amount) => Ok(()),
            (basis, _) => Err(bad_amount(format!("amount is empty; the basis {} needs it", basis.name()))),
        }
    }
}

fn bad_amount(problem: impl Into<String>) -> Refused {
    Refused::new(Refusal::BadAmount, problem)
}
