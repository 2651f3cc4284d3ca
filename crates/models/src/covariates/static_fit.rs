//! Fits with covariates that do not change with time.

use super::{
    Column, CovariateBase, CovariateFit, CovariateFitError, CovariateModel, CovariateTerms, MovedBy,
    Penalised, Process, WholeBase,
    likelihood::{Group, GroupedLikelihood},
};
use crate::{
    BgNbd, CustomerBase, FitError, MbgNbd, Parameters, ParetoNbd, Sbg, TenureBase, TransactionModel,
    estimation::{Estimable, Problem, require_repeat_customers},
};

/// A fit with covariates that do not change with time, beside the fit without them.
pub type StaticCovariateFit<M> = CovariateFit<CovariateModel<M>, M>;

/// A model whose parameters covariates can move.
pub(crate) trait Moved: Parameters {
    /// What the model is fitted on.
    type Base: WholeBase + Sync;

    /// Which parameters each process moves.
    const PROCESSES: &'static [MovedBy];

    /// What is to be estimated of all customers, without covariates.
    fn whole_problem(customers: &Self::Base) -> Result<Problem, FitError>;

    /// The same of however few customers.
    fn group_problem(customers: &Self::Base) -> Result<Problem, FitError>;
}

/// Fits a model with covariates by maximum likelihood.
pub(crate) fn fit<M: Moved>(
    customers: &CovariateBase<M::Base>,
    terms: &CovariateTerms,
) -> Result<StaticCovariateFit<M>, CovariateFitError> {
    let mut everybody = M::Base::default();
    for group in customers.groups() {
        everybody.absorb(&group.customers);
    }
    let whole = M::whole_problem(&everybody)?;
    let columns: Vec<Column> = (0..customers.names().len())
        .map(|covariate| {
            Column::new(customers.groups().iter().map(|g| (g.covariates[covariate], g.customers.size())))
        })
        .collect();
    let design = terms.design(customers.names(), &columns, whole.model, M::PROCESSES)?;
    let without = whole.maximise(M::from_values)?;
    let mut log_density_unit = 0.0;
    let mut groups = Vec::with_capacity(customers.groups().len());
    for group in customers.groups().iter().filter(|group| group.customers.size() > 0.0) {
        let problem = M::group_problem(&group.customers)?;
        log_density_unit += problem.log_density_unit;
        groups.push(Group::new(design.standardised(&group.covariates).collect(), problem, &whole));
    }
    let likelihood = GroupedLikelihood { groups, effects: design.effects.clone() };
    let likelihood = Penalised { likelihood, weights: design.search_penalties() };
    let problem = design.problem(&whole, &without, Box::new(likelihood), log_density_unit);
    let fit = design.fit(problem, M::from_values)?;
    Ok(CovariateFit::new(fit, without, design))
}

/// What is to be estimated of all customers of a model without contract.
fn whole_problem<M: Estimable>(customers: &CustomerBase) -> Result<Problem, FitError> {
    require_repeat_customers(customers.repeat_customers(), customers.customers())?;
    M::problem(customers)
}

impl Moved for ParetoNbd {
    type Base = CustomerBase;

    // r, alpha, s, beta.
    const PROCESSES: &'static [MovedBy] =
        &[(Process::Purchase, &[(1, -1.0)]), (Process::Dropout, &[(3, -1.0)])];

    fn whole_problem(customers: &CustomerBase) -> Result<Problem, FitError> {
        whole_problem::<Self>(customers)
    }

    fn group_problem(customers: &CustomerBase) -> Result<Problem, FitError> {
        <Self as Estimable>::problem(customers)
    }
}

/// The processes of the models with parameters r, alpha, a and b.
const GEOMETRIC_DROPOUT: &[MovedBy] =
    &[(Process::Purchase, &[(1, -1.0)]), (Process::Dropout, &[(2, 1.0), (3, 1.0)])];

impl Moved for BgNbd {
    type Base = CustomerBase;

    const PROCESSES: &'static [MovedBy] = GEOMETRIC_DROPOUT;

    fn whole_problem(customers: &CustomerBase) -> Result<Problem, FitError> {
        whole_problem::<Self>(customers)
    }

    fn group_problem(customers: &CustomerBase) -> Result<Problem, FitError> {
        <Self as Estimable>::problem(customers)
    }
}

impl Moved for MbgNbd {
    type Base = CustomerBase;

    const PROCESSES: &'static [MovedBy] = GEOMETRIC_DROPOUT;

    fn whole_problem(customers: &CustomerBase) -> Result<Problem, FitError> {
        whole_problem::<Self>(customers)
    }

    fn group_problem(customers: &CustomerBase) -> Result<Problem, FitError> {
        <Self as Estimable>::problem(customers)
    }
}

impl Moved for Sbg {
    type Base = TenureBase;

    // alpha, beta.
    const PROCESSES: &'static [MovedBy] = &[(Process::Alpha, &[(0, 1.0)]), (Process::Beta, &[(1, 1.0)])];

    fn whole_problem(customers: &TenureBase) -> Result<Problem, FitError> {
        Self::problem(customers)
    }

    fn group_problem(customers: &TenureBase) -> Result<Problem, FitError> {
        Ok(Self::problem_of(customers))
    }
}

impl<M: TransactionModel + 'static> StaticCovariateFit<M> {
    /// The same fit with the kind of model known only at run time.
    #[must_use]
    pub fn into_dyn(self) -> StaticCovariateFit<Box<dyn TransactionModel>> {
        self.map(
            |model| model.map(|base| Box::new(base) as Box<dyn TransactionModel>),
            |model| Box::new(model) as Box<dyn TransactionModel>,
        )
    }
}
