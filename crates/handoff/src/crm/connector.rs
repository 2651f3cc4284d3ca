//! What a CRM has to be able to do.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::time::{Duration, Instant};

use super::FigureKind;
use super::record::ValueRecord;
use crate::Error;

/// A CRM that objects can be updated in.
pub trait CrmConnector: Sync {
    /// Its name, under which the store remembers what was sent: never changed.
    fn name(&self) -> &'static str;

    /// The most objects of one call of [`CrmConnector::update`].
    fn batch_limit(&self) -> usize;

    /// By what this CRM knows a customer, or `None` when it cannot know this one.
    fn object_of<'a>(&self, record: &'a ValueRecord) -> Option<&'a str>;

    /// What a figure is called there, by the figure's name.
    fn properties(&self) -> &BTreeMap<String, String>;

    /// Sees to it that these properties can be written, before the first update of a run.
    ///
    /// # Errors
    /// The service cannot be reached, or a property is missing or cannot be written.
    fn prepare(&self, properties: &[Property]) -> impl Future<Output = Result<(), Error>> + Send;

    /// Updates objects, each named once, and says of each in the same order what came of it. Repeating an
    /// update is harmless: it sets values, it never adds to them.
    ///
    /// # Errors
    /// Nothing more can be sent now. Whether this batch arrived is unknown.
    fn update(
        &self,
        batch: &[ObjectUpdate],
    ) -> impl Future<Output = Result<Vec<UpdateOutcome>, Error>> + Send;

    /// How often, and for how long in all, the limits of the service made this connector wait.
    fn waits(&self) -> Waits;
}

/// A property as it has to be in the CRM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Property {
    /// Its name in the CRM.
    pub name: String,
    /// What it is for, to be shown to people.
    pub label: String,
    /// What it holds.
    pub kind: FigureKind,
}

/// New values for an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectUpdate {
    /// What the CRM knows the object by.
    pub object: String,
    /// Values by property; an empty one clears the property.
    pub properties: BTreeMap<String, String>,
}

/// What came of an update.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UpdateOutcome {
    /// The CRM holds the values now.
    Accepted,
    /// It does not, for this reason. Other objects are not affected.
    Refused(String),
}

/// Waiting for the limits of a service.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Waits {
    /// How often.
    pub times: u32,
    /// For how long in all.
    pub total: Duration,
}

/// Time for a connector that has to keep to a rate: it passes, and one can wait.
pub trait Clock: Send + Sync {
    /// Time since some moment. Never goes back.
    fn elapsed(&self) -> Duration;

    /// Waits.
    fn sleep(&self, span: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}

/// The clock of the machine.
#[derive(Debug)]
pub struct MonotonicClock(Instant);

impl Default for MonotonicClock {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl Clock for MonotonicClock {
    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    fn sleep(&self, span: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(tokio::time::sleep(span))
    }
}
