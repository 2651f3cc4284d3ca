//! What was known on a day: later orders and later refunds do not count.

use perennial_lake::arrow::array::AsArray;
use perennial_lake::arrow::datatypes::Float64Type;
use perennial_valuation::{Margin, OtherCosts, Request};

use crate::data::{date, read_text, value};

const ORDERS: &str = "customer,order,date,amount\n\
    anna,1,2024-01-05,100\n\
    anna,2,2024-02-05,50\n\
    anna,1,2024-03-05,-40\n\
    ben,3,2024-01-20,80\n\
    ben,4,2024-04-01,20\n";

fn historic(as_of: &str) -> (f64, f64) {
    let (session, reading) = read_text(ORDERS);
    let request = Request { as_of: Some(date(as_of)), ..Request::new(date("2024-04-02")) };
    let valuation = value(&session, &reading, &request);
    let batches =
        session.query("SELECT historic_clv FROM customer_values ORDER BY customer_id").expect("the values");
    let values: Vec<f64> =
        batches.iter().flat_map(|b| b.column(0).as_primitive::<Float64Type>().values().to_vec()).collect();
    assert!((valuation.totals.historic_clv.expect("money") - values.iter().sum::<f64>()).abs() < 1e-9);
    (values[0], values[1])
}

/// Anna's refund of 40 on 5 March belongs to her order of 5 January.
#[test]
fn a_refund_lowers_its_order_from_the_day_it_was_made() {
    assert_eq!(historic("2024-02-29"), (150.0, 80.0));
    assert_eq!(historic("2024-03-05"), (110.0, 80.0));
    assert_eq!(historic("2024-04-01"), (110.0, 100.0));
}

/// Half of the revenue has a cost, of 40 %; the refund came later.
#[test]
fn the_margin_is_measured_on_what_was_known() {
    let (session, reading) = read_text(
        "customer,order,date,amount,cost\n\
         anna,1,2024-01-05,100,40\n\
         ben,2,2024-01-20,100,0\n\
         anna,1,2024-03-05,-50,0\n",
    );
    let check = |as_of: &str, other_costs: OtherCosts, expected: f64| {
        let request = Request { as_of: Some(date(as_of)), other_costs, ..Request::new(date("2024-04-02")) };
        let margin = value(&session, &reading, &request).definitions.margin;
        assert!(
            matches!(margin, Margin::Measured(rate) if (rate - expected).abs() < 1e-9),
            "{margin:?} is not {expected}"
        );
    };
    let none = OtherCosts::default();
    check("2024-02-29", none, 0.6);
    check("2024-03-05", none, 0.2);
    // Other costs are taken from what was measured, whatever the share of orders with a known cost.
    check("2024-02-29", OtherCosts { share_of_revenue: 0.01, ..none }, 0.59);
    check("2024-02-29", OtherCosts { per_order: 2.0, ..none }, 0.58);
    check("2024-03-05", OtherCosts { per_order: 3.0, share_of_revenue: 0.01 }, 0.15);
}

#[test]
fn values_are_margin_and_the_same_on_any_number_of_threads() {
    let values = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
        pool.install(|| {
            let (session, reading) = crate::data::read(&[crate::data::file("cdnow/cdnow_sample.csv.gz")]);
            let request = Request { margin: Some(0.35), ..Request::new(date("1998-07-01")) };
            let valuation = value(&session, &reading, &request);
            serde_json::to_string(&valuation).expect("it serialises")
        })
    };
    assert_eq!(values(1), values(3));
}
