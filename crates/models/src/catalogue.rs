//! All models of the library: what each is for, needs and gives.

/// What kind of business a model is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// Customers buy when they like and leave unseen.
    NonContractual,
    /// Customers can buy once in every period and leave unseen.
    Discrete,
    /// Customers renew until they cancel, which is seen.
    Contractual,
    /// What is spent on a purchase.
    Spend,
}

impl Family {
    /// The name in text and on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NonContractual => "non-contractual",
            Self::Discrete => "discrete",
            Self::Contractual => "contractual",
            Self::Spend => "spend",
        }
    }
}

/// What a model gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Gives {
    /// P(alive) now and at a later date.
    ProbabilityAlive,
    /// Expected purchases to any horizon, of a known and of a new customer.
    ExpectedPurchases,
    /// P(X(t) = n), the distribution of the number of purchases.
    Distribution,
    /// Discounted expected purchases or renewals, to a horizon and over all the future.
    DiscountedValue,
    /// When the next purchase is due.
    NextPurchase,
    /// Survival curve and retention rates.
    Survival,
    /// Expected residual lifetime.
    ResidualLifetime,
    /// How covariates move the hazard of leaving.
    HazardRatios,
    /// Expected spend per purchase, and draws of it.
    ExpectedSpend,
    /// Simulated histories.
    Simulation,
}

impl Gives {
    /// The name in text.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ProbabilityAlive => "P(alive)",
            Self::ExpectedPurchases => "expected purchases",
            Self::Distribution => "P(X = n)",
            Self::DiscountedValue => "discounted value",
            Self::NextPurchase => "next purchase",
            Self::Survival => "survival",
            Self::ResidualLifetime => "residual lifetime",
            Self::HazardRatios => "hazard ratios",
            Self::ExpectedSpend => "expected spend",
            Self::Simulation => "simulation",
        }
    }
}

/// A model of the library.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The name on the command line.
    pub name: &'static str,
    /// The name in text.
    pub title: &'static str,
    /// What kind of business it is for.
    pub family: Family,
    /// In one sentence, what it assumes.
    pub assumes: &'static str,
    /// The names of its parameters, as in the literature.
    pub parameters: &'static [&'static str],
    /// What it is fitted on.
    pub needs: &'static str,
    /// What it gives.
    pub gives: &'static [Gives],
    /// The [processes](crate::Process) that covariates can move, and `time-varying` where they may change with time; empty where it takes none.
    pub covariates: &'static [&'static str],
    /// Authors and year.
    pub source: &'static str,
}

const TRANSACTIONS: &[Gives] = &[
    Gives::ProbabilityAlive,
    Gives::ExpectedPurchases,
    Gives::Distribution,
    Gives::DiscountedValue,
    Gives::NextPurchase,
    Gives::Simulation,
];
const RETENTION: &[Gives] =
    &[Gives::Survival, Gives::ResidualLifetime, Gives::DiscountedValue, Gives::Simulation];
const ORDERS: &str = "orders";

/// All models, by family.
pub const CATALOGUE: &[Entry] = &[
    Entry {
        name: "nbd",
        title: "NBD",
        family: Family::NonContractual,
        assumes: "customers buy at random, each at a rate of their own, and never leave",
        parameters: &["r", "alpha"],
        needs: ORDERS,
        gives: TRANSACTIONS,
        covariates: &[],
        source: "Ehrenberg 1959",
    },
    Entry {
        name: "bg-nbd",
        title: "BG/NBD",
        family: Family::NonContractual,
        assumes: "random purchases; a customer may leave after each repeat purchase",
        parameters: &["r", "alpha", "a", "b"],
        needs: ORDERS,
        gives: TRANSACTIONS,
        covariates: &["purchase", "dropout"],
        source: "Fader, Hardie and Lee 2005",
    },
    Entry {
        name: "mbg-nbd",
        title: "MBG/NBD",
        family: Family::NonContractual,
        assumes: "random purchases; a customer may leave after each purchase, the first included",
        parameters: &["r", "alpha", "a", "b"],
        needs: ORDERS,
        gives: TRANSACTIONS,
        covariates: &["purchase", "dropout"],
        source: "Batislam, Denizel and Filiztekin 2007; Hoppe and Wagner 2007",
    },
    Entry {
        name: "bg-cnbd-k",
        title: "BG/CNBD-k",
        family: Family::NonContractual,
        assumes: "as BG/NBD, with purchases more regular than chance (Erlang-k)",
        parameters: &["k", "r", "alpha", "a", "b"],
        needs: ORDERS,
        gives: TRANSACTIONS,
        covariates: &[],
        source: "Platzer and Reutterer 2016",
    },
    Entry {
        name: "mbg-cnbd-k",
        title: "MBG/CNBD-k",
        family: Family::NonContractual,
        assumes: "as MBG/NBD, with purchases more regular than chance (Erlang-k)",
        parameters: &["k", "r", "alpha", "a", "b"],
        needs: ORDERS,
        gives: TRANSACTIONS,
        covariates: &[],
        source: "Platzer and Reutterer 2016",
    },
    Entry {
        name: "pareto-nbd",
        title: "Pareto/NBD",
        family: Family::NonContractual,
        assumes: "random purchases; a customer may leave at any time, each at a rate of their own",
        parameters: &["r", "alpha", "s", "beta"],
        needs: ORDERS,
        gives: TRANSACTIONS,
        covariates: &["purchase", "dropout", "time-varying"],
        source: "Schmittlein, Morrison and Colombo 1987",
    },
    Entry {
        name: "gamma-gompertz-nbd",
        title: "Gamma-Gompertz/NBD",
        family: Family::NonContractual,
        assumes: "as Pareto/NBD, with a hazard of leaving that rises with age",
        parameters: &["r", "alpha", "b", "s", "beta"],
        needs: ORDERS,
        gives: TRANSACTIONS,
        covariates: &[],
        source: "Bemmaor and Glady 2012",
    },
    Entry {
        name: "pareto-ggg",
        title: "Pareto/GGG",
        family: Family::NonContractual,
        assumes: "as Pareto/NBD, each customer with a regularity of their own",
        parameters: &["r", "alpha", "s", "beta", "t", "gamma"],
        needs: ORDERS,
        gives: TRANSACTIONS,
        covariates: &[],
        source: "Platzer and Reutterer 2016",
    },
    Entry {
        name: "bg-bb",
        title: "BG/BB",
        family: Family::Discrete,
        assumes: "in each period a customer buys or not, and may leave after it",
        parameters: &["alpha", "beta", "gamma", "delta"],
        needs: "orders, and the period (--period)",
        gives: TRANSACTIONS,
        covariates: &[],
        source: "Fader, Hardie and Shang 2010",
    },
    Entry {
        name: "sbg",
        title: "sBG",
        family: Family::Contractual,
        assumes: "each customer has a constant probability of not renewing",
        parameters: &["alpha", "beta"],
        needs: "lifetimes of subscriptions",
        gives: RETENTION,
        covariates: &["alpha", "beta"],
        source: "Fader and Hardie 2007",
    },
    Entry {
        name: "bdw",
        title: "BdW",
        family: Family::Contractual,
        assumes: "as sBG, with a probability that changes with the length of the relationship",
        parameters: &["alpha", "beta", "c"],
        needs: "lifetimes of subscriptions",
        gives: RETENTION,
        covariates: &[],
        source: "Fader, Hardie, Liu, Davin and Steenburgh 2018",
    },
    Entry {
        name: "kaplan-meier",
        title: "Kaplan-Meier",
        family: Family::Contractual,
        assumes: "nothing; says nothing beyond the longest lifetime observed",
        parameters: &[],
        needs: "lifetimes of subscriptions",
        gives: &[Gives::Survival],
        covariates: &[],
        source: "Kaplan and Meier 1958",
    },
    Entry {
        name: "cox",
        title: "Cox",
        family: Family::Contractual,
        assumes: "covariates multiply a hazard that is common to all",
        parameters: &["coefficients"],
        needs: "lifetimes of subscriptions with covariates",
        gives: &[Gives::Survival, Gives::HazardRatios],
        covariates: &["dropout"],
        source: "Cox 1972",
    },
    Entry {
        name: "gamma-gamma",
        title: "Gamma-Gamma",
        family: Family::Spend,
        assumes: "each customer's purchases vary around a mean of their own, independent of how often they buy",
        parameters: &["p", "q", "gamma"],
        needs: "orders with amounts",
        gives: &[Gives::ExpectedSpend, Gives::Simulation],
        covariates: &["spend"],
        source: "Fader, Hardie and Lee 2005",
    },
    Entry {
        name: "log-normal",
        title: "Log-normal",
        family: Family::Spend,
        assumes: "as Gamma-Gamma, with the logarithms of the amounts normal",
        parameters: &["mu", "sigma", "tau"],
        needs: "orders with amounts",
        gives: &[Gives::ExpectedSpend, Gives::Simulation],
        covariates: &[],
        source: "Borle, Singh and Jain 2008",
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        BetaDiscreteWeibull, BgBb, BgNbd, GammaGamma, MbgNbd, ModelKind, Parameters, ParetoNbd, Sbg,
        SpendKind, covariates::Moved,
    };

    fn entry(name: &str) -> &'static Entry {
        CATALOGUE.iter().find(|entry| entry.name == name).expect("an entry")
    }

    #[test]
    fn every_transaction_model_is_in_the_catalogue_with_its_parameters() {
        for kind in ModelKind::ALL {
            let entry = entry(kind.name());
            assert_eq!((entry.title, entry.parameters), (kind.title(), kind.parameter_names()));
            assert_eq!(entry.family, Family::NonContractual);
            assert_eq!(entry.covariates.is_empty(), !kind.takes_covariates(), "{}", entry.name);
        }
        let family = CATALOGUE.iter().filter(|entry| entry.family == Family::NonContractual);
        assert_eq!(family.count(), ModelKind::ALL.len());
    }

    #[test]
    fn every_spend_model_is_in_the_catalogue_with_its_parameters() {
        for kind in SpendKind::ALL {
            let entry = entry(kind.name());
            assert_eq!((entry.title, entry.parameters), (kind.title(), kind.parameter_names()));
            assert_eq!(entry.family, Family::Spend);
        }
        let family = CATALOGUE.iter().filter(|entry| entry.family == Family::Spend);
        assert_eq!(family.count(), SpendKind::ALL.len());
    }

    #[test]
    fn the_other_models_are_in_the_catalogue_with_their_parameters() {
        let others = [
            ("bg-bb", BgBb::NAMES, Family::Discrete),
            ("sbg", Sbg::NAMES, Family::Contractual),
            ("bdw", BetaDiscreteWeibull::NAMES, Family::Contractual),
        ];
        for (name, parameters, family) in others {
            assert_eq!((entry(name).parameters, entry(name).family), (parameters, family));
        }
    }

    #[test]
    fn covariates_move_the_processes_that_the_catalogue_says() {
        fn processes<M: Moved>() -> Vec<&'static str> {
            M::PROCESSES.iter().map(|(process, _)| process.name()).collect()
        }
        let of = |name: &str| -> Vec<&str> {
            entry(name).covariates.iter().copied().filter(|process| *process != "time-varying").collect()
        };
        assert_eq!(of("bg-nbd"), processes::<BgNbd>());
        assert_eq!(of("mbg-nbd"), processes::<MbgNbd>());
        assert_eq!(of("pareto-nbd"), processes::<ParetoNbd>());
        assert_eq!(of("sbg"), processes::<Sbg>());
        assert_eq!(of("gamma-gamma"), processes::<GammaGamma>());
    }
}
