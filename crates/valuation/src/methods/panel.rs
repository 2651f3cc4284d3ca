//! The four methods computed on one base.

use jiff::civil::Date;

use super::formula::{self, Churn, FormulaError, PerPeriod, Period};
use super::{Activity, Input, InputName, Method, MethodPanel, MethodValue, Reason, advice, bridge};
use crate::figures::{Base, Totals};
use crate::{Definitions, Margin};

/// One percentage point.
const POINT: f64 = 0.01;

impl MethodPanel {
    /// The four methods on the customers of `base`, all as margin per customer.
    ///
    /// `activity` and `predictive` must be of the same customers; `predictive` is `None` when no model could be fitted.
    /// A value that its formula cannot give is `None` with the reason; nothing is divided by a churn of zero.
    #[must_use]
    pub fn new(
        base: &Base,
        activity: &Activity,
        margin: Margin,
        definitions: &Definitions,
        predictive: Option<&Totals>,
    ) -> Self {
        let population = Population { base, activity, margin, definitions, predictive };
        let methods = vec![
            population.lifetime_value(),
            population.revenue_over_churn(),
            population.retention_time(),
            population.predictive(),
        ];
        let bridge = bridge::steps(&population, &methods);
        let advised = advice::advised(&methods);
        Self { methods, bridge, advised }
    }
}

impl Base {
    /// The days observed, from the first with a transaction to the as-of date, both counted.
    #[must_use]
    pub fn history_days(&self, as_of: Date) -> f64 {
        (as_of.duration_since(self.first_day).as_hours() / 24 + 1) as f64
    }

    /// The mean interval between two transactions of a customer, in days: all spans over all repeat transactions, so
    /// that each interval counts once. `None` when nobody came back.
    #[must_use]
    pub fn mean_interval_days(&self) -> Option<f64> {
        let interval = self.span_days / self.repeat_transactions as f64;
        (interval > 0.0 && interval.is_finite()).then_some(interval)
    }
}

/// The one population that all methods are computed on.
pub(super) struct Population<'a> {
    pub(super) base: &'a Base,
    pub(super) activity: &'a Activity,
    pub(super) margin: Margin,
    pub(super) definitions: &'a Definitions,
    pub(super) predictive: Option<&'a Totals>,
}

impl Population<'_> {
    /// Method 1. The lifetime has one interval more than the span from first to last transaction, since each transaction
    /// opens one: lifetime x frequency is then the number of transactions, not of repeats.
    fn lifetime_value(&self) -> MethodValue {
        let mut draft = self.draft(Method::LifetimeValue);
        let Some(interval) = self.base.mean_interval_days() else {
            if self.base.customers > 0 {
                draft.reasons.push(Reason::OnlyOneTimeBuyers { customers: self.base.customers });
            }
            return draft.finish(None);
        };
        let order_value = self.average_order_value();
        let parts = || {
            let lifetime = Period::from_days(self.base.span_days / self.base.customers as f64 + interval)?;
            let frequency = PerPeriod::new(1.0, Period::from_days(interval)?)?;
            Ok::<_, FormulaError>((lifetime, frequency))
        };
        let Ok((lifetime, frequency)) = parts() else {
            return draft.out_of_range(InputName::AverageLifetime);
        };
        draft.input(InputName::AverageLifetime, lifetime.years());
        draft.money_input(InputName::AverageOrderValue, order_value);
        draft.input(InputName::OrderFrequency, frequency.per(Period::YEAR));
        draft.money_input(InputName::Margin, self.margin.rate());
        let revenue = formula::customer_value(order_value, frequency)
            .and_then(|customer_value| formula::lifetime_value(lifetime, customer_value));
        let Ok(revenue) = revenue else { return draft.out_of_range(InputName::AverageOrderValue) };
        if draft.has_money {
            let transactions_per_customer = self.base.transactions as f64 / self.base.customers as f64;
            draft.reasons.push(Reason::LooksBack { transactions_per_customer });
            if self.margin != Margin::Revenue {
                draft.reasons.push(Reason::WithoutMargin { value: revenue });
            }
        }
        draft.finish(Some(revenue * self.margin.rate()))
    }

    /// Method 2, on the customers of the period before the last.
    fn revenue_over_churn(&self) -> MethodValue {
        let mut draft = self.draft(Method::RevenueOverChurn);
        let (revenue, churn) = match self.churn().and_then(|churn| Ok((self.retained_revenue(churn)?, churn)))
        {
            Ok(inputs) => inputs,
            Err(reason) => {
                draft.reasons.push(reason);
                return draft.finish(None);
            }
        };
        draft.money_input(InputName::RevenuePerPeriod, revenue.per(churn.period()));
        draft.input(InputName::Period, churn.period().days());
        draft.money_input(InputName::Margin, self.margin.rate());
        draft.input(InputName::Churn, churn.share());
        let value = formula::revenue_over_churn(revenue, self.margin.rate(), churn);
        self.finish_with_churn(draft, churn, value, InputName::RevenuePerPeriod)
    }

    /// Method 3, on the customers of the last period.
    fn retention_time(&self) -> MethodValue {
        let mut draft = self.draft(Method::RetentionTime);
        let (transactions, churn) =
            match self.churn().and_then(|churn| Ok((self.transactions_now(churn)?, churn))) {
                Ok(inputs) => inputs,
                Err(reason) => {
                    draft.reasons.push(reason);
                    return draft.finish(None);
                }
            };
        let Ok(stays) = churn.retention_time() else { return draft.out_of_range(InputName::Churn) };
        let order_value = self.average_order_value();
        draft.money_input(InputName::AverageOrderValue, order_value);
        draft.input(InputName::RetentionTime, stays.years());
        draft.input(InputName::TransactionsPerYear, transactions.per(Period::YEAR));
        draft.money_input(InputName::Margin, self.margin.rate());
        let value = formula::retention_time_value(order_value, stays, transactions, self.margin.rate());
        self.finish_with_churn(draft, churn, value, InputName::AverageOrderValue)
    }

    /// Method 4, from the totals of the fitted model.
    fn predictive(&self) -> MethodValue {
        let mut draft = self.draft(Method::Predictive);
        let Some((historic, predicted)) = self.predicted_totals() else {
            // Without amounts there may well be a model, but no value.
            if draft.has_money {
                draft.reasons.push(Reason::NotFitted);
            }
            return draft.finish(None);
        };
        let customers = self.base.customers;
        draft.money_input(InputName::HistoricClv, historic / customers as f64);
        draft.money_input(InputName::PredictedClv, predicted / customers as f64);
        draft.input(InputName::Horizon, self.definitions.horizon_days);
        draft.input(InputName::Discount, self.definitions.discount);
        if customers < advice::RECOMMENDED_CUSTOMERS {
            draft
                .reasons
                .push(Reason::FewCustomers { customers, recommended: advice::RECOMMENDED_CUSTOMERS });
        }
        draft.reasons.push(Reason::WithinHorizon { horizon_days: self.definitions.horizon_days });
        match formula::predictive_value(historic, predicted, customers) {
            Ok(value) => draft.finish(Some(value)),
            Err(_) => draft.out_of_range(InputName::PredictedClv),
        }
    }

    /// Adds what methods 2 and 3 have in common.
    fn finish_with_churn(
        &self,
        mut draft: Draft,
        churn: Churn,
        value: Result<f64, FormulaError>,
        amount: InputName,
    ) -> MethodValue {
        let Ok(value) = value else { return draft.out_of_range(amount) };
        let history_days = self.base.history_days(self.definitions.as_of);
        draft.reasons.extend(advice::churn_obstacles(self.base, self.activity, history_days));
        let share = churn.share();
        if draft.has_money {
            draft.reasons.extend([
                Reason::SameChurnForAll { retention_years: churn.period().years() / share },
                Reason::ActiveCustomersOnly {
                    active_now: self.activity.active_now,
                    customers: self.base.customers,
                },
                Reason::PauseCountsAsChurn { period_days: churn.period().days() },
                Reason::OnePointOfChurn {
                    lower_churn: (share > POINT).then(|| value * share / (share - POINT)),
                    higher_churn: (share + POINT <= 1.0).then(|| value * share / (share + POINT)),
                },
            ]);
        }
        draft.finish(Some(value))
    }

    /// Order value per transaction, paid or not: frequency counts the same transactions, so that the product is revenue.
    pub(super) fn average_order_value(&self) -> f64 {
        self.base.order_value / self.base.transactions as f64
    }

    /// What the customers of the period before spent in the last one, per customer of the period before.
    pub(super) fn retained_revenue(&self, churn: Churn) -> Result<PerPeriod, Reason> {
        PerPeriod::new(self.activity.revenue / self.activity.active as f64, churn.period())
            .map_err(|_| Reason::InputOutOfRange { input: InputName::RevenuePerPeriod })
    }

    /// Transactions per customer who bought in the last period.
    pub(super) fn transactions_now(&self, churn: Churn) -> Result<PerPeriod, Reason> {
        if self.activity.active_now == 0 {
            return Err(Reason::EverybodyLost { active: self.activity.active });
        }
        PerPeriod::new(
            self.activity.transactions_now as f64 / self.activity.active_now as f64,
            churn.period(),
        )
        .map_err(|_| Reason::InputOutOfRange { input: InputName::TransactionsPerYear })
    }

    /// The share of the customers active in the first period who were lost in the second.
    pub(super) fn churn(&self) -> Result<Churn, Reason> {
        let Activity { period_days, active, lost, .. } = *self.activity;
        let period = Period::from_days(period_days)
            .map_err(|_| Reason::InputOutOfRange { input: InputName::Period })?;
        if active == 0 {
            return Err(Reason::NobodyActive { period_days });
        }
        Churn::new(lost as f64 / active as f64, period).map_err(|error| match error {
            FormulaError::NoChurn => Reason::NoChurn { active },
            _ => Reason::InputOutOfRange { input: InputName::Churn },
        })
    }

    /// Historic and predicted CLV of all customers.
    pub(super) fn predicted_totals(&self) -> Option<(f64, f64)> {
        let totals = self.predictive?;
        Some((totals.historic_clv?, totals.predicted_clv?.point))
    }

    fn draft(&self, method: Method) -> Draft {
        let mut reasons = advice::common_obstacles(self.base);
        if !self.margin.rate().is_finite() {
            reasons.push(Reason::InputOutOfRange { input: InputName::Margin });
        }
        let has_money = reasons.is_empty();
        Draft { method, has_money, inputs: Vec::new(), reasons }
    }
}

/// A method's value in the making.
struct Draft {
    method: Method,
    /// False when no method has a value in money; inputs without money are shown nevertheless.
    has_money: bool,
    inputs: Vec<Input>,
    reasons: Vec<Reason>,
}

impl Draft {
    fn input(&mut self, name: InputName, value: f64) {
        if value.is_finite() {
            self.inputs.push(Input { name, value });
        }
    }

    fn money_input(&mut self, name: InputName, value: f64) {
        if self.has_money {
            self.input(name, value);
        }
    }

    fn out_of_range(mut self, input: InputName) -> MethodValue {
        if self.has_money {
            self.reasons.push(Reason::InputOutOfRange { input });
        }
        self.finish(None)
    }

    fn finish(mut self, value: Option<f64>) -> MethodValue {
        self.reasons.sort_by_key(|reason| !reason.is_obstacle());
        MethodValue {
            method: self.method,
            value: value.filter(|value| self.has_money && value.is_finite()),
            inputs: self.inputs,
            supported: !self.reasons.iter().any(Reason::is_obstacle),
            reasons: self.reasons,
        }
    }
}
