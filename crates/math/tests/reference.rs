//! The special functions against values computed with 60 digits (`reference/generate.py`, mpmath).

#![allow(clippy::unwrap_used, reason = "a table that does not parse fails the test")]

use perennial_math::{hypergeometric, incomplete, special};

/// One line of a reference table: a function, its arguments and its value.
struct Row {
    function: String,
    arguments: Vec<f64>,
    value: f64,
}

fn rows(table: &str) -> Vec<Row> {
    table
        .lines()
        .skip(1)
        .map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            assert_eq!(cells.len(), 6, "{line}");
            let arguments = cells[1..5].iter().filter(|cell| !cell.is_empty());
            Row {
                function: cells[0].to_owned(),
                arguments: arguments.map(|cell| cell.parse().unwrap()).collect(),
                value: cells[5].parse().unwrap(),
            }
        })
        .collect()
}

/// Checks every row of `function` and names the worst: `error` says how far off a value may be.
fn check(
    table: &str,
    function: &str,
    at_least: usize,
    error: impl Fn(f64, f64) -> f64,
    limit: f64,
    ours: impl Fn(&[f64]) -> f64,
) {
    let rows: Vec<Row> = rows(table).into_iter().filter(|row| row.function == function).collect();
    assert!(rows.len() >= at_least, "{function}: {} rows only", rows.len());
    let mut failures = Vec::new();
    let mut worst = (0.0, String::new());
    for row in &rows {
        let value = ours(&row.arguments);
        let distance = error(value, row.value);
        let line = format!(
            "{function}{:?} = {value:e}, expected {:e}, error {distance:.2e}",
            row.arguments, row.value
        );
        if distance > worst.0 {
            worst = (distance, line.clone());
        }
        if distance.is_nan() || distance > limit {
            failures.push(line);
        }
    }
    println!("{} rows, worst: {}", rows.len(), worst.1);
    assert!(failures.is_empty(), "{} of {}:\n{}", failures.len(), rows.len(), failures.join("\n"));
}

fn relative(value: f64, expected: f64) -> f64 {
    ((value - expected) / expected).abs()
}

/// For logarithms: the error of their exponential; beyond 700, where that overflows, relative to their size.
fn logarithmic(value: f64, expected: f64) -> f64 {
    (value - expected).abs() / (expected.abs() / 700.0).max(1.0)
}

/// Relative, but absolute around the zeros of the function.
fn mixed(value: f64, expected: f64) -> f64 {
    (value - expected).abs() / expected.abs().max(1.0)
}

const SPECIAL: &str = include_str!("../reference/special.csv");
const HYPERGEOMETRIC: &str = include_str!("../reference/hypergeometric.csv");

#[test]
fn gamma_family() {
    check(SPECIAL, "ln_gamma", 20, mixed, 1e-15, |x| special::ln_gamma(x[0]));
    check(SPECIAL, "digamma", 20, mixed, 1e-15, |x| special::digamma(x[0]));
    check(SPECIAL, "trigamma", 20, relative, 2e-15, |x| special::trigamma(x[0]));
    check(SPECIAL, "ln_beta", 70, logarithmic, 2e-13, |x| special::ln_beta(x[0], x[1]));
    check(SPECIAL, "ln_beta", 70, logarithmic, 2e-13, |x| special::ln_beta(x[1], x[0]));
    check(SPECIAL, "ln_rising", 40, logarithmic, 2e-13, |x| special::ln_rising(x[0], x[1]));
}

#[test]
fn normal_distribution() {
    check(SPECIAL, "normal_cdf", 15, relative, 2e-13, |x| special::normal_cdf(x[0]));
    check(SPECIAL, "normal_quantile", 15, relative, 1e-14, |x| special::normal_quantile(x[0]));
}

#[test]
fn sums_in_logarithms() {
    check(SPECIAL, "ln_1m_exp", 8, relative, 1e-15, |x| special::ln_1m_exp(x[0]));
    check(SPECIAL, "ln_add_exp", 6, mixed, 1e-15, |x| special::ln_add_exp(x[0], x[1]));
    check(SPECIAL, "ln_sub_exp", 5, mixed, 1e-15, |x| special::ln_sub_exp(x[0], x[1]));
}

#[test]
fn incomplete_gamma() {
    check(SPECIAL, "gamma_lower", 50, relative, 1e-12, |x| incomplete::gamma_lower(x[0], x[1]));
    check(SPECIAL, "gamma_upper", 50, relative, 1e-12, |x| incomplete::gamma_upper(x[0], x[1]));
}

#[test]
fn incomplete_beta() {
    check(SPECIAL, "beta_regularized", 150, relative, 1e-11, |x| {
        incomplete::beta_regularized(x[0], x[1], x[2])
    });
}

/// The rows whose parameters are all at most `largest`.
fn rows_up_to(table: &str, largest: f64) -> String {
    let kept = |line: &&str| {
        let parameters = line.split(',').skip(1).take(3);
        parameters.filter_map(|cell| cell.parse::<f64>().ok()).all(|parameter| parameter <= largest)
    };
    let (header, lines) = table.split_once('\n').unwrap();
    format!("{header}\n{}", lines.lines().filter(kept).collect::<Vec<_>>().join("\n"))
}

#[test]
fn hypergeometric_logarithm() {
    for (largest, at_least, limit) in [(100.0, 200, 5e-13), (1e5, 600, 1e-11)] {
        let table = rows_up_to(HYPERGEOMETRIC, largest);
        check(&table, "ln_hyp2f1", at_least, logarithmic, limit, |x| {
            hypergeometric::ln_hyp2f1(x[0], x[1], x[2], x[3])
        });
    }
}

#[test]
fn hypergeometric_deficit() {
    for (largest, at_least, limit) in [(100.0, 150, 1e-13), (1e5, 460, 1e-11)] {
        let table = rows_up_to(HYPERGEOMETRIC, largest);
        check(&table, "hyp2f1_deficit", at_least, relative, limit, |x| {
            hypergeometric::hyp2f1_deficit(x[0], x[1], x[2], x[3])
        });
    }
}
