//! A fitted model of retention: parameters, hazard ratios, and the curve of survival.

use perennial_report::Texts;
use perennial_valuation::{Ratio, Retention, RetentionPoint};

use super::Page;
use super::fits::estimate;
use super::page::Align::{Left, Right};

/// All that the fit says.
pub(crate) fn show(page: &mut Page, texts: &Texts, fitted: &Retention) {
    page.heading(&texts.model(fitted.model));
    page.paragraph(&format!(
        "{} customers, {} of them gone; {} rows could not be used.",
        texts.decimal(fitted.customers, 0),
        texts.decimal(fitted.ended, 0),
        texts.count(fitted.refused)
    ));
    if let Some(periods) = fitted.fitted_periods {
        page.paragraph(&format!("Fitted on the first {periods} periods; what comes after is a projection beside what was observed."));
    }
    if let Some(fit) = &fitted.fit {
        let rows = fit.parameters.iter().map(|(name, value, error)| {
            vec![name.clone(), estimate(texts, Some(*value)), estimate(texts, *error)]
        });
        page.table(&[("Parameter", Left), ("Estimate", Right), ("Std. error", Right)], rows.collect());
        page.paragraph(&format!("Log-likelihood {}.", texts.decimal(fit.log_likelihood, 3)));
        if !fit.edge.is_empty() {
            page.paragraph(&format!(
                "Ran to the edge of its range: {}. The data say nothing more about it; hold the model's curve against what was observed before you use it.",
                fit.edge.join(", ")
            ));
        }
        if !fit.converged {
            page.paragraph("The search stopped before a maximum.");
        }
    }
    if !fitted.hazard_ratios.is_empty() {
        ratios(page, texts, fitted);
    }
    if let Some(lifetime) = fitted.expected_residual_lifetime {
        let words = if lifetime.is_finite() {
            format!("A new customer is expected to renew {} times.", texts.decimal(lifetime, 2))
        } else {
            "The expected number of renewals of a new customer is infinite: a few stay for ever. Value a customer with a horizon or a discount rate.".to_owned()
        };
        page.paragraph(&words);
    }
    curve(page, texts, &fitted.curve);
}

fn ratios(page: &mut Page, texts: &Texts, fitted: &Retention) {
    let row = |ratio: &Ratio| {
        let missing = || texts.text("number-missing");
        vec![
            ratio.name.clone(),
            texts.decimal(ratio.ratio, 4),
            ratio.interval.map_or_else(missing, |[from, to]| {
                format!("{} to {}", texts.decimal(from, 4), texts.decimal(to, 4))
            }),
            ratio
                .p_value
                .map_or_else(missing, |p| if p < 1e-4 { "< 0.0001".to_owned() } else { texts.decimal(p, 4) }),
        ]
    };
    page.heading("Hazard of leaving, multiplied per unit of the covariate");
    let columns = [("Covariate", Left), ("Ratio", Right), ("Interval", Right), ("p", Right)];
    page.table(&columns, fitted.hazard_ratios.iter().map(row).collect());
    if let Some(concordance) = fitted.concordance {
        page.paragraph(&format!(
            "Concordance {}: 0.5 orders lifetimes by chance, 1 perfectly.",
            texts.decimal(concordance, 3)
        ));
    }
}

fn curve(page: &mut Page, texts: &Texts, points: &[RetentionPoint]) {
    let modelled = points.iter().any(|point| point.survival.is_some());
    let percent = |value: Option<f64>| {
        value.map_or_else(String::new, |value| format!("{} %", texts.decimal(100.0 * value, 1)))
    };
    let interval = |point: &RetentionPoint| match (point.lower, point.upper) {
        (Some(lower), Some(upper)) => format!("{} to {}", percent(Some(lower)), percent(Some(upper))),
        _ => String::new(),
    };
    let row = |point: &RetentionPoint| {
        let mut row = vec![texts.count(u64::from(point.period)), percent(point.observed), interval(point)];
        if modelled {
            row.extend([percent(point.survival), percent(point.retention_rate)]);
        }
        row
    };
    page.heading("Customers left after so many periods");
    let mut columns = vec![("Period", Right), ("Observed", Right), ("Interval", Right)];
    if modelled {
        columns.extend([("Model", Right), ("Retention rate", Right)]);
    }
    // A long curve is shown at as many periods as can be read; JSON has all.
    let every = points.len().div_ceil(40).max(1);
    page.table(&columns, points.iter().step_by(every).map(row).collect());
}
