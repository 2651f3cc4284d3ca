//! HubSpot: values as properties of contacts.
//!
//! Follows HubSpot's public documentation as of November 2026: the guides "CRM API | Contacts", "CRM API |
//! Properties", "Error handling" and "API usage guidelines", and the `OpenAPI` descriptions of contacts and
//! properties, v3.
//!
//! The guide to contacts says that a batch update takes record ids: an e-mail address as `idProperty` is
//! refused there ("Unable to perform update/upsert by non-unique property"), though reading by e-mail address
//! works. So contacts that are known by their e-mail address are looked up with `batch/read` first. Where a
//! property with unique values holds the customer's id, the update names that property and needs no look-up.
//! Contacts are never created: who is not in the CRM is not put there.

mod answers;
mod api;
mod pace;
mod properties;
mod settings;

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use reqwest::{Method, StatusCode};
use serde::Serialize;

pub use settings::{ConsentScope, HubSpotSettings, IdentifyBy};

use super::connector::{Clock, CrmConnector, MonotonicClock, ObjectUpdate, Property, UpdateOutcome, Waits};
use super::record::ValueRecord;
use crate::Error;
use crate::http::excerpt;
use answers::BatchAnswer;
use api::Api;

/// "Batch operations are limited to 100 records at a time" (guide to contacts, "Limits").
const BATCH: usize = 100;

const SERVICE: &str = "HubSpot";

/// HubSpot as a CRM to write values to.
#[derive(Debug)]
pub struct HubSpot {
    settings: HubSpotSettings,
    api: Api,
}

/// One of the `inputs` of a batch update.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Input<'a> {
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_property: Option<&'a str>,
    properties: &'a BTreeMap<String, String>,
    /// The place in the batch: comes back with an error.
    object_write_trace_id: String,
}

/// What HubSpot knows of the contacts of a batch, by what they are named by.
#[derive(Debug, Default)]
struct Known<'a> {
    /// Their record ids.
    ids: HashMap<&'a str, String>,
    /// Why a name could not be looked up.
    refused: HashMap<&'a str, String>,
}

impl<'a> Known<'a> {
    /// Adds the contacts of an answer to a part of the batch.
    fn add(&mut self, part: &'a [ObjectUpdate], answer: &BatchAnswer) {
        let mut by_address = HashMap::new();
        for contact in &answer.results {
            for address in contact.addresses() {
                by_address.insert(address, &contact.id);
            }
        }
        self.ids.extend(part.iter().filter_map(|update| {
            let id = by_address.get(&update.object.to_lowercase())?;
            Some((update.object.as_str(), (*id).clone()))
        }));
    }
}

impl HubSpot {
    /// Reads the token. `folder` is the one of the project file. Nothing is asked of HubSpot yet.
    ///
    /// # Errors
    /// A setting that cannot work, or a secret that cannot be read.
    pub fn new(settings: HubSpotSettings, folder: &Path) -> Result<Self, Error> {
        Self::with_clock(settings, folder, Arc::new(MonotonicClock::default()))
    }

    /// As [`HubSpot::new`], with another clock to keep to the rate by.
    ///
    /// # Errors
    /// A setting that cannot work, or a secret that cannot be read.
    pub fn with_clock(
        settings: HubSpotSettings,
        folder: &Path,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Error> {
        if let Some(problem) = settings.check().into_iter().next() {
            return Err(problem);
        }
        let api = Api::new(&settings, settings.token.resolve(folder)?, clock)?;
        Ok(Self { settings, api })
    }

    /// The properties of the settings that HubSpot does not have, by internal name.
    ///
    /// # Errors
    /// HubSpot cannot be reached, or refuses the token.
    pub async fn missing_properties(&self) -> Result<Vec<String>, Error> {
        let there = self.api.properties().await?;
        Ok(self.settings.properties.values().filter(|name| !there.contains_key(*name)).cloned().collect())
    }

    /// Record ids by e-mail address, of those contacts that there are. An address that HubSpot does not like fails the
    /// whole batch; so a batch that fails is halved until that address stands alone, with what HubSpot said of it.
    async fn record_ids<'a>(&self, batch: &'a [ObjectUpdate]) -> Result<Known<'a>, Error> {
        const ACTION: &str = "contacts/batch/read";
        let mut known = Known::default();
        let mut parts = vec![batch];
        while let Some(part) = parts.pop() {
            let inputs: Vec<_> =
                part.iter().map(|update| serde_json::json!({ "id": update.object })).collect();
            let request = serde_json::json!({
                "idProperty": "email",
                "properties": ["email", "hs_additional_emails"],
                "inputs": inputs,
            });
            let path = "/crm/v3/objects/contacts/batch/read";
            let reply = self.api.call(ACTION, Method::POST, path, Some(&request)).await?;
            match (reply.status, part) {
                (StatusCode::BAD_REQUEST, [alone]) => {
                    known.refused.insert(&alone.object, reply.problem().message());
                }
                (StatusCode::BAD_REQUEST, [_, _, ..]) => {
                    let (first, second) = part.split_at(part.len() / 2);
                    parts.extend([second, first]);
                }
                _ => known.add(part, &reply.succeeded(ACTION)?.parse(ACTION)?),
            }
        }
        Ok(known)
    }

    /// Updates up to 100 contacts. A value that HubSpot does not like fails the whole batch there; so a batch
    /// that fails is halved until the contact that it fails for stands alone.
    async fn send(&self, inputs: &[Input<'_>]) -> Result<Vec<UpdateOutcome>, Error> {
        const ACTION: &str = "contacts/batch/update";
        let mut outcomes = Vec::with_capacity(inputs.len());
        let mut parts = vec![inputs];
        while let Some(part) = parts.pop() {
            if part.is_empty() {
                continue;
            }
            let request = serde_json::json!({ "inputs": part });
            let path = "/crm/v3/objects/contacts/batch/update";
            let reply = self.api.call(ACTION, Method::POST, path, Some(&request)).await?;
            if reply.status.is_success() {
                let answer: BatchAnswer = reply.parse(ACTION)?;
                outcomes.extend(part.iter().map(|input| outcome_of(input, &answer)));
                continue;
            }
            let problem = reply.problem();
            let missing = problem.missing_properties();
            if !missing.is_empty() {
                return Err(Error::UnknownProperties {
                    service: SERVICE,
                    section: settings::SECTION,
                    names: missing,
                });
            }
            if part.len() == 1 {
                outcomes.push(UpdateOutcome::Refused(problem.message()));
                continue;
            }
            let (first, second) = part.split_at(part.len() / 2);
            parts.push(second);
            parts.push(first);
        }
        Ok(outcomes)
    }
}

impl CrmConnector for HubSpot {
    fn name(&self) -> &'static str {
        settings::SECTION
    }

    fn batch_limit(&self) -> usize {
        BATCH
    }

    fn object_of<'a>(&self, record: &'a ValueRecord) -> Option<&'a str> {
        let object = match self.settings.identify_by {
            IdentifyBy::Email => record.identifiers.get("email")?,
            IdentifyBy::RecordId => record.identifiers.get("hubspot_contact")?,
            IdentifyBy::Customer => &record.customer,
        };
        (!object.trim().is_empty()).then_some(object)
    }

    fn properties(&self) -> &BTreeMap<String, String> {
        &self.settings.properties
    }

    async fn prepare(&self, properties: &[Property]) -> Result<(), Error> {
        self.api.prepare(properties, self.settings.create_properties).await
    }

    async fn update(&self, batch: &[ObjectUpdate]) -> Result<Vec<UpdateOutcome>, Error> {
        let Known { ids, refused } = match self.settings.identify_by {
            IdentifyBy::Email => self.record_ids(batch).await?,
            IdentifyBy::RecordId | IdentifyBy::Customer => Known {
                ids: batch.iter().map(|update| (update.object.as_str(), update.object.clone())).collect(),
                ..Known::default()
            },
        };
        let id_property = match self.settings.identify_by {
            IdentifyBy::Customer => self.settings.customer_property.as_deref(),
            IdentifyBy::Email | IdentifyBy::RecordId => None,
        };
        let mut inputs = Vec::with_capacity(batch.len());
        let mut places = Vec::with_capacity(batch.len());
        let mut outcomes =
            vec![UpdateOutcome::Refused("there is no contact with this e-mail address".into()); batch.len()];
        let mut taken = HashMap::new();
        for (place, update) in batch.iter().enumerate() {
            let Some(id) = ids.get(update.object.as_str()) else {
                if let Some(problem) = refused.get(update.object.as_str()) {
                    outcomes[place] = UpdateOutcome::Refused(problem.clone());
                }
                continue;
            };
            if taken.insert(id.as_str(), place).is_some() {
                outcomes[place] =
                    UpdateOutcome::Refused("another customer of this run is the same contact".into());
                continue;
            }
            let object_write_trace_id = place.to_string();
            inputs.push(Input { id, id_property, properties: &update.properties, object_write_trace_id });
            places.push(place);
        }
        for (place, outcome) in places.into_iter().zip(self.send(&inputs).await?) {
            outcomes[place] = outcome;
        }
        Ok(outcomes)
    }

    fn waits(&self) -> Waits {
        self.api.waits()
    }
}

/// What an answer says about one input. HubSpot leaves out of its results, without an error, ids of contacts
/// that were merged into others: only what it names as done is done.
fn outcome_of(input: &Input<'_>, answer: &BatchAnswer) -> UpdateOutcome {
    if let Some(error) =
        answer.errors.iter().find(|error| error.is_about(input.id, &input.object_write_trace_id))
    {
        return UpdateOutcome::Refused(excerpt(&error.message, 300));
    }
    if answer
        .results
        .iter()
        .any(|contact| contact.is(input.id, input.id_property, &input.object_write_trace_id))
    {
        UpdateOutcome::Accepted
    } else {
        UpdateOutcome::Refused(
            "not among the contacts that HubSpot says it updated (merged into another one?)".into(),
        )
    }
}
