//! What can be typed about how models are estimated: uncertainty, covariates and groups, subscriptions.

use clap::{Args, ValueEnum};

use perennial_project::quantities;

use super::names;

/// What is known of the customers beside their orders.
#[derive(Debug, Args)]
#[command(next_help_heading = "Covariates")]
pub(crate) struct CovariateArguments {
    /// A file with one row for each customer: the customer's id and what is known of the customer, numbers or words. A file with a
    /// column of dates has a row for each customer and date from which its numbers hold: such covariates vary over time (fit and
    /// validate of pareto-nbd); one file of each kind can be given.
    #[arg(long, value_name = "FILE")]
    pub(crate) covariates: Vec<String>,

    /// The columns to take [default: all].
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    pub(crate) covariate_columns: Vec<String>,

    /// What the covariates move: how often customers buy, how soon they leave, or both.
    #[arg(long, value_name = "PROCESS,...", value_delimiter = ',', default_values = ["purchase", "dropout"],
          requires = "covariates", value_parser = names(["purchase", "dropout"]))]
    pub(crate) on: Vec<String>,

    /// Instead of covariates that move a process: the column whose words are groups of customers (channels, cohorts). Each group gets
    /// parameters of its own, estimated together from the posterior distribution, so that a small group leans on the others.
    #[arg(long, value_name = "NAME", requires = "covariates", conflicts_with = "covariate_columns")]
    pub(crate) pool: Option<String>,

    /// How strongly coefficients are drawn to zero (the weight of their squares); 0 leaves them free.
    #[arg(long, value_name = "WEIGHT", default_value_t = 0.0, allow_hyphen_values = true, requires = "covariates",
          value_parser = quantities::weight)]
    pub(crate) penalty: f64,
}

/// A calendar period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Period {
    Week,
    Month,
    Quarter,
    Year,
}

/// Where a table of subscriptions has what; for sbg, bdw, kaplan-meier and cox.
#[derive(Debug, Args)]
#[command(next_help_heading = "Subscriptions (sbg, bdw, kaplan-meier, cox)")]
pub(crate) struct SubscriptionArguments {
    /// The column with the duration of a contract, in periods [default: by usual names].
    #[arg(long, value_name = "NAME")]
    pub(crate) duration: Option<String>,

    /// The column that says whether a contract has ended [default: by usual names].
    #[arg(long, value_name = "NAME")]
    pub(crate) ended: Option<String>,

    /// The column with the day on which a contract began [default: by usual names].
    #[arg(long, value_name = "NAME")]
    pub(crate) start: Option<String>,

    /// The column with the day on which it ended, empty while it goes on [default: by usual names].
    #[arg(long, value_name = "NAME")]
    pub(crate) end: Option<String>,

    /// The column of a cohort's table with the customers left at each period [default: by usual names].
    #[arg(long, value_name = "NAME")]
    pub(crate) alive: Option<String>,

    /// Fit on the first periods only, and hold the projection against the rest.
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) periods: Option<u32>,
}

/// Where the uncertainty of the parameters, and of all that is predicted with them, comes from.
#[derive(Debug, Args)]
pub(crate) struct UncertaintyArgument {
    /// How the parameters' uncertainty is found: `fast` is maximum likelihood with the curvature at the maximum, `bayes` samples the
    /// posterior distribution, `bootstrap` refits on resampled customers.
    #[arg(long, value_enum, default_value_t = Uncertainty::Fast)]
    pub(crate) uncertainty: Uncertainty,

    /// A prior distribution in place of the default one, for `bayes`: such as `r=lognormal(0.5,1)` (median and spread of the logarithm);
    /// also halfnormal(sigma), gamma(shape,rate), normal(mean,sd) and flat; can be repeated.
    #[arg(long = "prior", value_name = "PARAMETER=PRIOR")]
    pub(crate) priors: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Uncertainty {
    Fast,
    Bayes,
    Bootstrap,
}
