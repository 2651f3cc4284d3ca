//! A fit is the same, bit for bit, on any number of threads.

use perennial_math::random::{standard_normal, stream};
use perennial_models::{
    BgBb, BgNbd, Estimation, GammaGamma, MeanSpend, ModelKind, OpportunityBase, Resampling, Sampling,
};

use crate::recovery::simulate;

/// A fit in words, which tell two different finite numbers apart.
pub(crate) fn on_threads<T: Send>(threads: usize, fit: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool").install(fit)
}

#[test]
fn transaction_fits_do_not_depend_on_threads() {
    let model = perennial_models::ParetoNbd::new(0.6, 10.0, 0.6, 12.0).expect("parameters");
    let base = simulate(&model, 20_000, 40.0, 3);
    let few = simulate(&model, 100, 40.0, 3);
    for kind in ModelKind::ALL {
        // Pareto/GGG takes some ten microseconds per customer and step.
        let base = if kind == ModelKind::ParetoGgg { &few } else { &base };
        let one = on_threads(1, || format!("{:?}", kind.fit(base)));
        let four = on_threads(4, || format!("{:?}", kind.fit(base)));
        assert_eq!(one, four);
        assert!(one.starts_with("Ok"), "{kind}: {one}");
    }
}

#[test]
fn spend_fits_do_not_depend_on_threads() {
    let mut rng = stream(5, 0);
    let spends: Vec<MeanSpend> = (0..20_000)
        .map(|i| MeanSpend { transactions: 1 + i % 7, mean: (3.0 + 0.5 * standard_normal(&mut rng)).exp() })
        .collect();
    let counts = vec![1.0; spends.len()];
    let one = on_threads(1, || format!("{:?}", GammaGamma::fit(&spends, &counts)));
    let four = on_threads(4, || format!("{:?}", GammaGamma::fit(&spends, &counts)));
    assert_eq!(one, four);
}

#[test]
fn fits_over_opportunities_do_not_depend_on_threads() {
    let model = BgBb::new(1.2, 0.75, 0.66, 2.8).expect("parameters");
    let base: OpportunityBase = (0..20_000_u64)
        .map(|customer| {
            let n = 1 + u32::try_from(customer % 30).expect("small");
            model.simulate_new(n, &mut stream(6, customer))
        })
        .collect();
    let one = on_threads(1, || format!("{:?}", BgBb::fit(&base)));
    let four = on_threads(4, || format!("{:?}", BgBb::fit(&base)));
    assert_eq!(one, four);
}

#[test]
fn samples_do_not_depend_on_threads() {
    let base = simulate(&BgNbd::new(0.6, 20.0, 0.4, 1.0).expect("parameters"), 400, 100.0, 3);
    for estimation in [
        Estimation::Bayes(Sampling { draws: 50, warm_up: 50, ..Sampling::default() }),
        Estimation::Bootstrap(Resampling { replicates: 20, ..Resampling::default() }),
    ] {
        let one = on_threads(1, || format!("{:?}", ModelKind::BgNbd.estimate(&base, &estimation)));
        let four = on_threads(4, || format!("{:?}", ModelKind::BgNbd.estimate(&base, &estimation)));
        assert_eq!(one, four);
        assert!(one.starts_with("Ok"), "{one}");
    }
}
