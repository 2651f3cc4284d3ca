//! The online grocer of the package BTYDplus. On the first four months of its customers Pareto/NBD has no maximum: s and beta grow
//! without bound while the likelihood levels off.

use perennial_models::{CustomerBase, ModelKind, Outcome, ParetoNbd};

use crate::data::grocery;

#[test]
fn a_fit_at_the_edge_says_so_and_predicts() {
    let Some(customers) = grocery() else { return };
    assert_eq!(customers.len(), 1525);
    let base: CustomerBase = customers.iter().map(|customer| customer.history).collect();
    let fit = ModelKind::ParetoNbd.fit(&base).expect("a fit at the edge is no error");
    assert_eq!(fit.outcome, Outcome::Edge { parameters: vec!["s".into(), "beta".into()] }, "{fit:?}");
    let estimates = &fit.parameters;
    assert!(estimates[0].standard_error.is_some() && estimates[1].standard_error.is_some());
    assert!(estimates[2].standard_error.is_none() && estimates[3].standard_error.is_none());
    // The likelihood has levelled off: a hundred times further out, at the same mean lifetime, it is the same.
    let [r, alpha, s, beta]: [f64; 4] = std::array::from_fn(|i| estimates[i].value);
    let further =
        ParetoNbd::new(r, alpha, 100.0 * s, 100.0 * beta).expect("parameters").log_likelihood(&base);
    assert!((further - fit.log_likelihood).abs() < 0.01, "{further} {}", fit.log_likelihood);
    for model in
        std::iter::once(&fit.model).chain(&fit.draw_models(20, &mut perennial_math::random::stream(1, 0)))
    {
        for customer in &customers {
            let expected = model.expected_purchases(&customer.history, 52.0);
            let value = model.discounted_expected_residual_transactions(&customer.history, 0.002);
            assert!(expected.is_finite() && expected >= 0.0 && value.is_finite() && value >= 0.0);
        }
    }
}

#[test]
fn the_other_models_have_a_maximum() {
    let Some(customers) = grocery() else { return };
    let base: CustomerBase = customers.iter().map(|customer| customer.history).collect();
    for kind in [ModelKind::BgNbd, ModelKind::MbgNbd] {
        let fit = kind.fit(&base).expect("a fit");
        assert_eq!(fit.outcome, Outcome::Converged, "{fit:?}");
        assert!(fit.parameters.iter().all(|parameter| parameter.standard_error.is_some()));
    }
}
