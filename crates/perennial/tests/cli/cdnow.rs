//! The published and the measured figures of CDNOW, to the digits in which they are known.
//!
//! BG/NBD and its standard errors: Fader, Hardie and Lee (2005); the others and all errors of prediction were measured with
//! lifetimes 0.11.3, BTYD 2.4.3 and CLVTools 0.12.1, which agree. Near the maximum of the Pareto/NBD the likelihood is so flat
//! that the three stop at slightly different places of the same log-likelihood; there their range is what has to be met.

use serde_json::Value;

use crate::workbench::{Workbench, data};

fn cdnow() -> Workbench {
    let bench = Workbench::new();
    bench.write("cdnow.csv", data("cdnow/cdnow_sample.csv.gz"));
    bench
}

/// Checks that a number is `expected` when it is rounded to as many decimals.
fn assert_rounds_to(value: &Value, expected: &str, what: &str) {
    let number = value.as_f64().unwrap_or_else(|| panic!("{what} is {value}, no number"));
    let decimals = expected.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    assert_eq!(format!("{number:.decimals$}"), expected, "{what} is {number}");
}

/// Checks that a number lies where the peers' lie.
fn assert_within(value: &Value, lowest: f64, highest: f64, what: &str) {
    let number = value.as_f64().unwrap_or_else(|| panic!("{what} is {value}, no number"));
    assert!((lowest..=highest).contains(&number), "{what} is {number}, not between {lowest} and {highest}");
}

fn assert_all(object: &Value, expected: &[(&str, &str)], what: &str) {
    for (name, figure) in expected {
        assert_rounds_to(&object[name], figure, &format!("{what}: {name}"));
    }
}

#[test]
fn fits_give_the_published_figures() {
    let bench = cdnow();
    let run = bench.run("fit cdnow.csv --until 1997-09-30 --unit week --format json --model all").good();
    let fits = run.json_lines();
    let names: Vec<_> = fits.iter().map(|fit| fit["model"].as_str().unwrap()).collect();
    assert!(names.ends_with(&["gamma-gamma", "log-normal"]), "{names:?}");
    let published = ["bg-nbd", "mbg-nbd", "pareto-nbd", "gamma-gamma"];
    let fits = published.map(|name| fits.iter().find(|fit| fit["model"] == name).unwrap());
    let expected: [(&[(&str, &str)], &str); 4] = [
        (&[("r", "0.2426"), ("alpha", "4.4136"), ("a", "0.7929"), ("b", "2.4259")], "-9582.429"),
        (&[("r", "0.5248"), ("alpha", "6.1831"), ("a", "0.8914"), ("b", "1.6140")], "-9582.136"),
        (&[("r", "0.5533")], "-9594.976"),
        (&[("p", "6.2496"), ("q", "3.7442"), ("gamma", "15.4435")], "-4055.918"),
    ];
    for (fit, (parameters, log_likelihood)) in fits.iter().zip(expected) {
        let model = fit["model"].as_str().unwrap();
        assert_all(&fit["parameters"], parameters, model);
        assert_rounds_to(&fit["log_likelihood"], log_likelihood, model);
        assert_eq!(fit["until"], "1997-09-30");
        assert_eq!(fit["unit"], "week");
        assert_eq!(fit["converged"], true);
    }
    let pareto = &fits[2]["parameters"];
    assert_within(&pareto["alpha"], 10.577, 10.5802, "alpha of pareto-nbd");
    assert_within(&pareto["s"], 0.606, 0.6063, "s of pareto-nbd");
    assert_within(&pareto["beta"], 11.656, 11.671, "beta of pareto-nbd");
    assert_eq!(fits[0]["customers"], 2357);
    let errors = [("r", "0.0126"), ("alpha", "0.378"), ("a", "0.186"), ("b", "0.705")];
    assert_all(&fits[0]["standard_errors"], &errors, "standard errors of bg-nbd");
}

#[test]
fn one_model_is_one_object() {
    let run =
        cdnow().run("fit cdnow.csv --model pareto-nbd --until 1997-09-30 --unit week --format json").good();
    let fit = run.json();
    assert_eq!(fit["model"], "pareto-nbd");
    let keys: Vec<_> = fit.as_object().unwrap().keys().map(String::as_str).collect();
    for key in ["model", "unit", "until", "customers", "parameters", "standard_errors", "log_likelihood"] {
        assert!(keys.contains(&key), "{key} is missing in {keys:?}");
    }
}

#[test]
fn hold_outs_give_the_measured_errors() {
    let bench = cdnow();
    let run = bench.run("validate cdnow.csv --until 1997-09-30 --unit week --model all --format json").good();
    let expected = [
        ("bg-nbd", ["0.7855", "1.6080"], 1653.35..1653.45),
        ("mbg-nbd", ["0.7648", "1.6072"], 1576.65..1576.75),
        ("pareto-nbd", ["0.7545", "1.6028"], 1665.4..1665.7),
        // At k = 1 the regular models are those without k; the hazard of Gamma-Gompertz/NBD levels off to that of Pareto/NBD.
        ("nbd", ["1.0410", "1.8595"], 2929.75..2929.85),
        ("bg-cnbd-k", ["0.7855", "1.6080"], 1653.35..1653.45),
        ("mbg-cnbd-k", ["0.7648", "1.6072"], 1576.65..1576.75),
        ("gamma-gompertz-nbd", ["0.7545", "1.6028"], 1665.4..1665.7),
    ];
    let judged = run.json_lines();
    assert_eq!(judged.len(), expected.len());
    for (model, [mae, rmse], total) in expected {
        let hold_out = judged.iter().find(|hold_out| hold_out["model"] == model).unwrap();
        assert_all(hold_out, &[("mae", mae), ("rmse", rmse)], model);
        assert_within(&hold_out["predicted_total"], total.start, total.end, model);
        assert_eq!(hold_out["actual_total"], 1882.0);
        assert_eq!(hold_out["hold_out_days"], 273.0);
    }
}

#[test]
fn a_shorter_hold_out_can_be_asked_for() {
    let bench = cdnow();
    let run =
        bench.run("validate cdnow.csv --until 1997-09-30 --hold-out 4w --model bg-nbd --format json").good();
    let hold_out = run.json();
    assert_eq!(hold_out["hold_out_days"], 28.0);
    assert!(hold_out["actual_total"].as_f64().unwrap() < 1882.0);
}

#[test]
fn the_terminal_says_what_was_read_and_which_other_column_could_be_meant() {
    let run = cdnow().run("fit cdnow.csv --model bg-nbd --until 1997-09-30").good();
    for part in ["CDNOW", "customer_id", "master_customer_id", "--columns customer=", "4.4136", "-9,582.429"]
    {
        let plain = run.stdout.replace('\u{2212}', "-");
        assert!(plain.contains(part), "{part:?} is missing in:\n{plain}");
    }
    assert!(run.stdout.lines().all(|line| line.chars().count() <= 80), "{}", run.stdout);
}

#[test]
fn values_carry_intervals_and_say_what_they_are() {
    let bench = cdnow();
    let run = bench
        .run("value cdnow.csv --as-of 1998-06-30 --model bg-nbd --margin 30% --currency USD --format json --seed 7")
        .good();
    let output = run.json();
    let valuation = &output["valuation"];
    assert_eq!(valuation["definitions"]["as_of"], "1998-06-30");
    assert_eq!(valuation["definitions"]["currency"], "USD");
    assert_eq!(valuation["totals"]["customers"], 2357);
    let predicted = &valuation["totals"]["predicted_clv"];
    let number = |name: &str| predicted[name].as_f64().unwrap();
    assert!(0.0 < number("lower") && number("lower") < number("point") && number("point") < number("upper"));
    assert_eq!(output["reading"]["quality"]["rows_read"], 6919);
}

#[test]
fn equal_seeds_give_equal_values() {
    let bench = cdnow();
    let value = |seed: u32, file: &str| {
        bench
            .run(&format!("value cdnow.csv --model pareto-nbd --margin 30% --seed {seed} --out {file}"))
            .good();
        bench.read(file)
    };
    let first = value(7, "first.csv");
    assert_eq!(first, value(7, "again.csv"));
    assert_ne!(first, value(8, "other.csv"));
}
