//! What there is to say of a fit beside its numbers: how it ended, where its uncertainty comes from, what its covariates are worth.

use perennial_valuation::hold_out::{CovariateSummary, FitSummary, SampleSummary, WeakSummary};
use serde_json::json;

use crate::Texts;

/// A posterior sample is trusted below this R-hat, and with as many effective draws for each chain (Vehtari et al. 2021).
const TRUSTED_R_HAT: f64 = 1.01;
const TRUSTED_DRAWS: f64 = 100.0;

/// Sentences about a fit, in the order of their weight.
#[must_use]
pub fn fit_notes(texts: &Texts, fit: &FitSummary) -> Vec<String> {
    let mut notes = Vec::new();
    if !fit.edge.is_empty() {
        notes.push(texts.code("models", &json!({ "code": "edge", "parameters": fit.edge })));
    }
    if !fit.converged {
        notes.push(texts.text("models-stalled"));
    }
    notes.extend(fit.sample.as_ref().map(|sample| sample_note(texts, sample)));
    if let Some(covariates) = &fit.covariates {
        notes.push(test_note(texts, covariates));
        notes.extend(covariates.weak.iter().map(|weak| weak_note(texts, weak)));
    }
    notes
}

fn sample_note(texts: &Texts, sample: &SampleSummary) -> String {
    let fields = match *sample {
        SampleSummary::Posterior { draws, chains, r_hat, ess, divergences } => json!({
            "code": "posterior",
            "draws": draws,
            "chains": chains,
            "r_hat": r_hat,
            "ess": ess.floor(),
            "divergences": divergences,
            "trusted": r_hat < TRUSTED_R_HAT && ess >= TRUSTED_DRAWS * chains as f64 && divergences == 0,
        }),
        SampleSummary::Bootstrap { replicates, failed } => {
            json!({ "code": "bootstrap", "replicates": replicates, "failed": failed })
        }
    };
    texts.code("models", &fields)
}

fn test_note(texts: &Texts, covariates: &CovariateSummary) -> String {
    let without = covariates.log_likelihood_without;
    let fields = match covariates.likelihood_ratio {
        Some((statistic, degrees, p)) => json!({
            "code": "likelihood_ratio",
            "without": without,
            "statistic": statistic,
            "degrees": degrees,
            "p": if p < 1e-4 { format!("< {}", texts.decimal(1e-4, 4)) } else { format!("= {}", texts.decimal(p, 4)) },
        }),
        None => json!({ "code": "penalised", "without": without }),
    };
    texts.code("models", &fields)
}

fn weak_note(texts: &Texts, weak: &WeakSummary) -> String {
    let fields = json!({ "code": weak.code, "name": weak.name, "value": weak.value, "size": weak.size });
    texts.code("models", &fields)
}
