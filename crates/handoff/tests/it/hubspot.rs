//! A server that checks HubSpot's documented contract and answers as documented. Sources: the guides "CRM API
//! | Contacts" (batch read and update, limits), "CRM API | Properties", "Error handling" (bodies of 207, 400,
//! 401, 429), "API usage guidelines" (rate limit headers), and the `OpenAPI` descriptions of contacts and
//! properties, v3.
//!
//! What a client must not do is answered as HubSpot answers it, and noted as a violation: tests ask for none.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use perennial_handoff::crm::Clock;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::clock::ManualClock;

pub(crate) const TOKEN: &str = "pat-na1-0123-secret";

/// An account of HubSpot.
#[derive(Default)]
pub(crate) struct Portal {
    /// By record id: properties, `email` and `hs_additional_emails` among them.
    pub(crate) contacts: BTreeMap<String, BTreeMap<String, String>>,
    /// By name: type and whether the value can be written.
    pub(crate) properties: BTreeMap<String, (String, bool)>,
    /// Custom properties whose values are unique.
    pub(crate) unique: BTreeSet<String>,
    /// Records that were merged into others: updates of them do nothing and say nothing.
    pub(crate) merged: BTreeSet<String>,
    /// Answers to the next requests instead of what they ask for; `None` lets one through.
    pub(crate) faults: VecDeque<Option<Fault>>,
    /// Requests in ten seconds.
    pub(crate) limit: usize,
    /// Path and body of all requests that got through.
    pub(crate) requests: Vec<(String, String)>,
    /// What the client must not do and did.
    pub(crate) violations: Vec<String>,
    /// When the requests of the last ten seconds came.
    pub(crate) counted: VecDeque<Duration>,
}

/// A status, a header if any, and a body.
pub(crate) type Fault = (u16, Option<(&'static str, &'static str)>, Value);

#[derive(Clone)]
pub(crate) struct HubSpotServer {
    pub(crate) url: String,
    pub(crate) clock: Arc<ManualClock>,
    portal: Arc<Mutex<Portal>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Read {
    id_property: Option<String>,
    properties: Vec<String>,
    inputs: Vec<ReadInput>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReadInput {
    id: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Update {
    inputs: Vec<UpdateInput>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct UpdateInput {
    id: String,
    id_property: Option<String>,
    properties: BTreeMap<String, String>,
    object_write_trace_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct NewProperty {
    name: String,
    label: String,
    r#type: String,
    field_type: String,
    group_name: String,
    description: String,
}

type Answer = (u16, Value);

impl HubSpotServer {
    pub(crate) async fn start(portal: Portal) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            clock: Arc::default(),
            portal: Arc::new(Mutex::new(portal)),
        };
        let router = Router::new().fallback(serve).with_state(server.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        server
    }

    pub(crate) fn portal<T>(&self, look: impl FnOnce(&mut Portal) -> T) -> T {
        look(&mut self.portal.lock().unwrap())
    }

    /// The requests to a path since the last time that this was asked.
    pub(crate) fn take_requests(&self) -> Vec<(String, String)> {
        self.portal(|portal| std::mem::take(&mut portal.requests))
    }

    pub(crate) fn assert_no_violations(&self) {
        self.portal(|portal| assert_eq!(portal.violations, Vec::<String>::new()));
    }
}

async fn serve(
    State(server): State<HubSpotServer>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let now = server.clock.elapsed();
    let mut portal = server.portal.lock().unwrap();
    if headers.get("authorization").and_then(|value| value.to_str().ok()) != Some(&format!("Bearer {TOKEN}"))
    {
        let message = "Authentication credentials not found. This API supports OAuth 2.0 authentication";
        let body = json!({ "status": "error", "message": message, "category": "INVALID_AUTHENTICATION" });
        return respond(401, None, &body);
    }
    if let Some(Some((status, header, body))) = portal.faults.pop_front() {
        return respond(status, header, &body);
    }
    if let Some(limited) = portal.limited(now) {
        return respond(429, Some(("x-hubspot-ratelimit-interval-milliseconds", "10000")), &limited);
    }
    let body = String::from_utf8(body.to_vec()).unwrap();
    if method == Method::POST && headers.get("content-type").is_none_or(|value| value != "application/json") {
        portal.violations.push("content type".into());
        return respond(415, None, &json!({ "status": "error" }));
    }
    portal.requests.push((uri.path().to_owned(), body.clone()));
    let (status, answer) = match (method.as_str(), uri.path()) {
        ("GET", "/crm/v3/properties/contacts") => portal.list_properties(),
        ("POST", "/crm/v3/properties/contacts") => portal.create_property(&body),
        ("POST", "/crm/v3/objects/contacts/batch/read") => portal.read(&body),
        ("POST", "/crm/v3/objects/contacts/batch/update") => portal.update(&body),
        (method, path) => {
            portal.violations.push(format!("{method} {path}"));
            (404, json!({ "status": "error", "message": "not found" }))
        }
    };
    respond(status, None, &answer)
}

fn respond(status: u16, header: Option<(&'static str, &'static str)>, body: &Value) -> Response {
    let mut response = (StatusCode::from_u16(status).unwrap(), body.to_string()).into_response();
    response.headers_mut().insert("content-type", "application/json;charset=utf-8".parse().unwrap());
    if let Some((name, value)) = header {
        response.headers_mut().insert(name, value.parse().unwrap());
    }
    response
}

fn refusal(code: &str, message: &str, property: &str) -> Answer {
    let context = json!({ "propertyName": [property] });
    let detail = json!({ "message": message, "code": code, "context": context });
    let message = format!("Property values were not valid: [{message}]");
    (
        400,
        json!({ "status": "error", "message": message, "category": "VALIDATION_ERROR", "errors": [detail] }),
    )
}

impl Portal {
    fn limited(&mut self, now: Duration) -> Option<Value> {
        self.counted.retain(|at| *at + Duration::from_secs(10) > now);
        if self.counted.len() >= self.limit {
            self.violations.push("more requests in ten seconds than allowed".into());
            return Some(json!({
                "status": "error",
                "message": "You have reached your ten_secondly_rolling limit.",
                "errorType": "RATE_LIMIT",
                "policyName": "TEN_SECONDLY_ROLLING",
            }));
        }
        self.counted.push_back(now);
        None
    }

    fn list_properties(&self) -> Answer {
        let definition = |(name, (kind, writable)): (&String, &(String, bool))| {
            let metadata = json!({ "readOnlyValue": !writable });
            json!({ "name": name, "type": kind, "modificationMetadata": metadata })
        };
        (200, json!({ "results": self.properties.iter().map(definition).collect::<Vec<_>>() }))
    }

    fn create_property(&mut self, body: &str) -> Answer {
        let Ok(property) = serde_json::from_str::<NewProperty>(body) else {
            return self.invalid("property", body);
        };
        let fits = matches!(
            (property.r#type.as_str(), property.field_type.as_str()),
            ("number", "number") | ("string", "text") | ("date", "date")
        );
        let described = !property.label.is_empty() && !property.description.is_empty();
        if !fits || !described || property.group_name != "contactinformation" {
            return self.invalid("property", body);
        }
        if self.properties.contains_key(&property.name) {
            return (409, json!({ "status": "error", "message": "already exists", "category": "CONFLICT" }));
        }
        self.properties.insert(property.name.clone(), (property.r#type, true));
        (201, json!({ "name": property.name }))
    }

    fn read(&mut self, body: &str) -> Answer {
        let Ok(read) = serde_json::from_str::<Read>(body) else { return self.invalid("read", body) };
        let ids: Vec<&str> = read.inputs.iter().map(|input| input.id.as_str()).collect();
        if let Some(answer) = self.check_batch(&ids) {
            return answer;
        }
        assert_eq!(
            read.id_property.as_deref(),
            Some("email"),
            "the only kind of look-up that a client here needs"
        );
        if let Some(odd) = ids.iter().find(|id| id.contains("..")) {
            return refusal("INVALID_EMAIL", &format!("{odd} is no e-mail address"), "email");
        }
        let (mut results, mut missing) = (BTreeMap::new(), Vec::new());
        for address in ids {
            match self.contacts.iter().find(|(_, contact)| has_address(contact, address)) {
                Some((id, contact)) => {
                    let shown = read.properties.iter().filter_map(|name| Some((name, contact.get(name)?)));
                    results.insert(id, json!({ "id": id, "properties": shown.collect::<BTreeMap<_, _>>() }));
                }
                None => missing.push(address),
            }
        }
        let results: Vec<Value> = results.into_values().collect();
        if missing.is_empty() {
            return (200, json!({ "status": "COMPLETE", "results": results }));
        }
        let errors = json!([not_found(&json!({ "ids": missing }))]);
        (207, json!({ "status": "COMPLETE", "results": results, "numErrors": 1, "errors": errors }))
    }

    fn update(&mut self, body: &str) -> Answer {
        let Ok(update) = serde_json::from_str::<Update>(body) else { return self.invalid("update", body) };
        let ids: Vec<&str> = update.inputs.iter().map(|input| input.id.as_str()).collect();
        if let Some(answer) = self.check_batch(&ids) {
            return answer;
        }
        if let Some(answer) = update.inputs.iter().find_map(|input| self.refuse(input)) {
            return answer;
        }
        let (mut results, mut errors) = (Vec::new(), Vec::new());
        for input in update.inputs {
            if self.merged.contains(&input.id) {
                continue;
            }
            let found = match &input.id_property {
                None => self.contacts.get_key_value(&input.id).map(|(id, _)| id.clone()),
                Some(property) => {
                    let holds = |contact: &BTreeMap<String, String>| contact.get(property) == Some(&input.id);
                    self.contacts.iter().find(|(_, contact)| holds(contact)).map(|(id, _)| id.clone())
                }
            };
            let Some(id) = found else {
                let context =
                    json!({ "ids": [input.id], "objectWriteTraceId": [input.object_write_trace_id] });
                errors.push(not_found(&context));
                continue;
            };
            let contact = self.contacts.get_mut(&id).unwrap();
            for (name, value) in &input.properties {
                if value.is_empty() {
                    contact.remove(name)
                } else {
                    contact.insert(name.clone(), value.clone())
                };
            }
            let mut shown = input.properties.clone();
            shown.extend(input.id_property.map(|property| (property, input.id)));
            results.push(json!({ "id": id, "properties": shown, "updatedAt": "2026-11-22T12:00:00Z" }));
        }
        if errors.is_empty() {
            return (200, json!({ "status": "COMPLETE", "results": results }));
        }
        let body =
            json!({ "status": "COMPLETE", "results": results, "numErrors": errors.len(), "errors": errors });
        (207, body)
    }

    /// Why an input fails its whole batch.
    fn refuse(&self, input: &UpdateInput) -> Option<Answer> {
        if let Some(property) = &input.id_property
            && !self.unique.contains(property)
        {
            let message = format!("Unable to perform update/upsert by non-unique 0-1 property {property}");
            return Some((
                400,
                json!({ "status": "error", "message": message, "category": "VALIDATION_ERROR" }),
            ));
        }
        for (name, value) in &input.properties {
            let Some((kind, writable)) = self.properties.get(name) else {
                let message = format!("Property \"{name}\" does not exist");
                return Some(refusal("PROPERTY_DOESNT_EXIST", &message, name));
            };
            let fits = value.is_empty()
                || match kind.as_str() {
                    "number" => value.parse::<f64>().is_ok_and(f64::is_finite),
                    "date" => value.parse::<jiff::civil::Date>().is_ok(),
                    _ => true,
                };
            if !writable || !fits {
                let code = if fits { "READ_ONLY_VALUE" } else { "INVALID_VALUE" };
                return Some(refusal(code, &format!("{value} was not valid for {name}"), name));
            }
        }
        None
    }

    fn check_batch(&mut self, ids: &[&str]) -> Option<Answer> {
        let unique: BTreeSet<&&str> = ids.iter().collect();
        let problem = match ids.len() {
            0 => "no inputs",
            101.. => "more than 100 inputs",
            count if unique.len() < count => "an id twice",
            _ => return None,
        };
        Some(self.invalid(problem, ""))
    }

    fn invalid(&mut self, problem: &str, body: &str) -> Answer {
        self.violations.push(format!("{problem} {body}"));
        (400, json!({ "status": "error", "message": problem, "category": "VALIDATION_ERROR" }))
    }
}

fn has_address(contact: &BTreeMap<String, String>, address: &str) -> bool {
    ["email", "hs_additional_emails"]
        .into_iter()
        .filter_map(|name| contact.get(name))
        .flat_map(|addresses| addresses.split(';'))
        .any(|own| own.eq_ignore_ascii_case(address))
}

fn not_found(context: &Value) -> Value {
    let message =
        "Could not get some CONTACT objects, they may be deleted or not exist. Check that ids are valid.";
    json!({ "status": "error", "category": "OBJECT_NOT_FOUND", "message": message, "context": context })
}
