//! Properties of contacts: which there are, and making those that are missing.

use std::collections::BTreeMap;

use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use super::api::Api;
use super::{SERVICE, settings};
use crate::Error;
use crate::crm::connector::Property;
use crate::crm::record::FigureKind;

const PATH: &str = "/crm/v3/properties/contacts";

/// The group that every account has ("Contact information").
const GROUP: &str = "contactinformation";

#[derive(Debug, Deserialize)]
struct Definitions {
    results: Vec<Definition>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Definition {
    name: String,
    #[serde(default)]
    modification_metadata: Option<Modification>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Modification {
    #[serde(default)]
    read_only_value: bool,
}

impl Api {
    /// The properties of contacts: by internal name whether their value can be written.
    pub(super) async fn properties(&self) -> Result<BTreeMap<String, bool>, Error> {
        const ACTION: &str = "properties";
        let reply = self.call(ACTION, Method::GET, PATH, None).await?;
        let definitions: Definitions = reply.succeeded(ACTION)?.parse(ACTION)?;
        let writable = |modification: Modification| !modification.read_only_value;
        let entry =
            |definition: Definition| (definition.name, definition.modification_metadata.is_none_or(writable));
        Ok(definitions.results.into_iter().map(entry).collect())
    }

    /// Sees to it that the properties are there and can be written.
    pub(super) async fn prepare(&self, wanted: &[Property], create: bool) -> Result<(), Error> {
        let there = self.properties().await?;
        let names =
            |properties: Vec<&Property>| properties.iter().map(|property| property.name.clone()).collect();
        let locked: Vec<&Property> =
            wanted.iter().filter(|property| there.get(&property.name) == Some(&false)).collect();
        if !locked.is_empty() {
            let names = names(locked);
            return Err(Error::ReadOnlyProperties { service: SERVICE, section: settings::SECTION, names });
        }
        let missing: Vec<&Property> =
            wanted.iter().filter(|property| !there.contains_key(&property.name)).collect();
        if !missing.is_empty() && !create {
            let names = names(missing);
            return Err(Error::UnknownProperties { service: SERVICE, section: settings::SECTION, names });
        }
        for property in missing {
            self.create(property).await?;
        }
        Ok(())
    }

    async fn create(&self, property: &Property) -> Result<(), Error> {
        const ACTION: &str = "properties (create)";
        let (kind, field) = match property.kind {
            FigureKind::Money | FigureKind::Probability | FigureKind::Number => ("number", "number"),
            FigureKind::Text => ("string", "text"),
            FigureKind::Date => ("date", "date"),
        };
        let definition = json!({
            "name": property.name,
            "label": property.label,
            "type": kind,
            "fieldType": field,
            "groupName": GROUP,
            "description": "Written by Perennial after each run.",
        });
        let reply = self.call(ACTION, Method::POST, PATH, Some(&definition)).await?;
        // Somebody made it in between.
        if reply.status == reqwest::StatusCode::CONFLICT {
            return Ok(());
        }
        reply.succeeded(ACTION).map(|_| ())
    }
}
