//! Write-back to HubSpot, against the server that checks its contract, on both databases.

use std::collections::BTreeMap;
use std::time::Duration;

use perennial_handoff::Error;
use perennial_handoff::crm::hubspot::{HubSpot, HubSpotSettings};
use perennial_handoff::crm::{Clock, Figure, FigureColumn, FigureKind, Mode, Report, ValueRecord, WriteBack};
use perennial_store::Store;
use serde_json::{Value, json};

use crate::databases::for_each_database;
use crate::hubspot::{HubSpotServer, Portal, TOKEN};

const UPDATE: &str = "/crm/v3/objects/contacts/batch/update";

fn figures() -> Vec<FigureColumn> {
    [
        ("predicted_clv", FigureKind::Money),
        ("churn_probability", FigureKind::Probability),
        ("tier", FigureKind::Text),
        ("expected_date_of_next_order", FigureKind::Date),
    ]
    .map(|(name, kind)| FigureColumn { name: name.into(), kind, label: format!("{name} (Perennial)") })
    .into()
}

/// A customer and the contact of the same number.
fn customer(number: usize) -> ValueRecord {
    let value = u32::try_from(number).unwrap();
    ValueRecord {
        customer: format!("C{number}"),
        identifiers: [("email".into(), format!("c{number}@Example.org"))].into(),
        figures: [
            ("predicted_clv".to_owned(), Figure::Number(f64::from(value) + 0.126)),
            ("churn_probability".to_owned(), Figure::Number(0.123_45)),
            ("tier".to_owned(), Figure::Text("Gold".into())),
            ("expected_date_of_next_order".to_owned(), Figure::Date("2026-12-24".parse().unwrap())),
            ("not_sent".to_owned(), Figure::Number(1.0)),
        ]
        .into(),
    }
}

fn record_id(number: usize) -> String {
    (1000 + number).to_string()
}

fn portal(contacts: usize) -> Portal {
    let contact = |number: usize| {
        let properties =
            [("email", format!("c{number}@example.org")), ("customer_number", format!("C{number}"))];
        (record_id(number), properties.map(|(name, value)| (name.to_owned(), value)).into())
    };
    let properties = [
        ("clv", "number", true),
        ("churn", "number", true),
        ("tier", "string", true),
        ("next_order", "date", true),
        ("customer_number", "string", true),
        ("hs_object_id", "number", false),
    ];
    Portal {
        contacts: (0..contacts).map(contact).collect(),
        properties: properties
            .map(|(name, kind, writable)| (name.to_owned(), (kind.to_owned(), writable)))
            .into(),
        unique: ["customer_number".to_owned()].into(),
        limit: 100,
        ..Portal::default()
    }
}

struct Shop {
    server: HubSpotServer,
    folder: tempfile::TempDir,
    settings: Value,
}

impl Shop {
    async fn with(portal: Portal) -> Self {
        let server = HubSpotServer::start(portal).await;
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("token"), TOKEN).unwrap();
        let settings = json!({
            "token": "file:token",
            "url": server.url,
            "consent": { "channel": "email", "topic": "newsletter", "purpose": "marketing" },
            "properties": {
                "predicted_clv": "clv",
                "churn_probability": "churn",
                "tier": "tier",
                "expected_date_of_next_order": "next_order",
            },
        });
        Self { server, folder, settings }
    }

    fn hubspot(&self) -> HubSpot {
        let settings: HubSpotSettings = serde_json::from_value(self.settings.clone()).unwrap();
        HubSpot::with_clock(settings, self.folder.path(), self.server.clock.clone()).unwrap()
    }

    async fn run(&self, store: &Store, records: Vec<ValueRecord>, mode: Mode) -> Result<Report, Error> {
        let (hubspot, figures) = (self.hubspot(), figures());
        let consent = |record: &ValueRecord| !record.customer.starts_with("no");
        let records = records.into_iter().map(Ok);
        WriteBack::new(store, &hubspot, &figures)?.run(records, &consent, mode).await
    }

    async fn send(&self, store: &Store, records: Vec<ValueRecord>) -> Report {
        self.run(store, records, Mode::Send).await.unwrap()
    }

    fn contact(&self, number: usize) -> BTreeMap<String, String> {
        self.server.portal(|portal| portal.contacts[&record_id(number)].clone())
    }

    /// The inputs of each update since the last time that this was asked.
    fn updates(&self) -> Vec<Vec<Value>> {
        let requests = self.server.take_requests().into_iter().filter(|(path, _)| path == UPDATE);
        let inputs = |body: String| {
            serde_json::from_str::<Value>(&body).unwrap()["inputs"].as_array().unwrap().clone()
        };
        requests.map(|(_, body)| inputs(body)).collect()
    }
}

fn counts(report: &Report) -> [u64; 6] {
    let Report { customers, without_consent, unidentified, unchanged, updated, refused, .. } = *report;
    [customers, without_consent, unidentified, unchanged, updated, refused]
}

fn all(count: usize) -> Vec<ValueRecord> {
    (0..count).map(customer).collect()
}

#[tokio::test]
async fn only_what_changed_is_sent_rounded_and_in_batches() {
    for_each_database(async |store| {
        let shop = Shop::with(portal(250)).await;
        assert_eq!(counts(&shop.send(&store, all(250)).await), [250, 0, 0, 0, 250, 0]);
        assert_eq!(shop.updates().iter().map(Vec::len).collect::<Vec<_>>(), [100, 100, 50]);
        let contact = shop.contact(7);
        assert_eq!(contact["clv"], "7.13");
        assert_eq!(contact["churn"], "0.123");
        assert_eq!(contact["tier"], "Gold");
        assert_eq!(contact["next_order"], "2026-12-24");
        assert!(!contact.contains_key("not_sent"));

        assert_eq!(counts(&shop.send(&store, all(250)).await), [250, 0, 0, 250, 0, 0]);
        assert_eq!(shop.server.take_requests(), [], "nothing changed, nothing asked");

        let mut records = all(250);
        records[7].figures.insert("tier".into(), Figure::Text("Silver".into()));
        // Too little to show after rounding.
        records[8].figures.insert("predicted_clv".into(), Figure::Number(8.1259));
        assert_eq!(counts(&shop.send(&store, records).await), [250, 0, 0, 249, 1, 0]);
        let updates = shop.updates();
        assert_eq!(updates[0].len(), 1);
        assert_eq!(updates[0][0]["id"], record_id(7));
        assert_eq!(updates[0][0]["properties"], json!({ "tier": "Silver" }));
        shop.server.assert_no_violations();
    })
    .await;
}

#[tokio::test]
async fn who_did_not_consent_is_never_named() {
    for_each_database(async |store| {
        let shop = Shop::with(portal(3)).await;
        let mut records = all(3);
        records[1].customer = "no-1".into();
        records[2].identifiers.clear();
        assert_eq!(counts(&shop.send(&store, records).await), [3, 1, 1, 0, 1, 0]);
        let requests = shop.server.take_requests();
        assert!(requests.iter().any(|(_, body)| body.contains("c0@")));
        assert!(requests.iter().all(|(_, body)| !body.contains("c1@")), "{requests:?}");
        shop.server.assert_no_violations();
    })
    .await;
}

#[tokio::test]
async fn a_figure_that_is_gone_is_cleared_once() {
    for_each_database(async |store| {
        let shop = Shop::with(portal(1)).await;
        shop.send(&store, all(1)).await;
        shop.updates();
        let mut records = all(1);
        records[0].figures.remove("expected_date_of_next_order");
        records[0].figures.insert("predicted_clv".into(), Figure::Number(f64::NAN));
        assert_eq!(shop.send(&store, records.clone()).await.updated, 1);
        assert_eq!(shop.updates()[0][0]["properties"], json!({ "clv": "", "next_order": "" }));
        assert!(!shop.contact(0).contains_key("clv"));
        assert_eq!(shop.send(&store, records).await.unchanged, 1);
        assert_eq!(shop.send(&store, all(1)).await.updated, 1);
        assert_eq!(shop.contact(0)["clv"], "0.13");
        shop.server.assert_no_violations();
    })
    .await;
}

#[tokio::test]
async fn who_is_not_there_is_refused_and_tried_again() {
    for_each_database(async |store| {
        let shop = Shop::with(portal(3)).await;
        shop.server.portal(|portal| portal.contacts.remove(&record_id(1)));
        let report = shop.send(&store, all(3)).await;
        assert_eq!(counts(&report), [3, 0, 0, 0, 2, 1]);
        assert_eq!(report.refusals[0].customer, "C1");
        assert!(report.refusals[0].reason.contains("no contact"), "{:?}", report.refusals);
        let back = portal(3).contacts;
        shop.server.portal(|portal| portal.contacts.extend(back));
        assert_eq!(counts(&shop.send(&store, all(3)).await), [3, 0, 0, 2, 1, 0]);
        shop.server.assert_no_violations();
    })
    .await;
}

#[tokio::test]
async fn one_contact_is_one_customer() {
    for_each_database(async |store| {
        let shop = Shop::with(portal(3)).await;
        // The second address of contact 0 is the address of customer 1; customers 2 and 3 share one.
        shop.server.portal(|portal| {
            portal.contacts.remove(&record_id(1));
            let contact = portal.contacts.get_mut(&record_id(0)).unwrap();
            contact.insert("hs_additional_emails".into(), "x@example.org;c1@example.org".into());
        });
        let mut records = all(4);
        records[3].identifiers = records[2].identifiers.clone();
        let report = shop.send(&store, records).await;
        assert_eq!(counts(&report), [4, 0, 0, 0, 2, 2]);
        let refused: Vec<&str> = report.refusals.iter().map(|refusal| refusal.customer.as_str()).collect();
        assert_eq!(refused, ["C3", "C1"]);
        shop.server.assert_no_violations();
    })
    .await;
}

#[tokio::test]
async fn contacts_are_found_by_record_id_or_by_a_property_of_their_own() {
    for_each_database(async |store| {
        let mut shop = Shop::with(portal(3)).await;
        shop.settings["identify_by"] = json!("customer");
        shop.settings["customer_property"] = json!("customer_number");
        assert_eq!(counts(&shop.send(&store, all(4)).await), [4, 0, 0, 0, 3, 1]);
        assert_eq!(shop.updates()[0][0]["idProperty"], "customer_number");
        assert_eq!(shop.contact(2)["clv"], "2.13");

        shop.settings["identify_by"] = json!("record_id");
        shop.settings.as_object_mut().unwrap().remove("customer_property");
        let mut records = all(5);
        for (number, record) in records.iter_mut().enumerate().take(4) {
            record.identifiers.insert("hubspot_contact".into(), record_id(number));
        }
        shop.server.portal(|portal| portal.merged.insert(record_id(1)));
        let report = shop.send(&store, records).await;
        assert_eq!(counts(&report), [5, 0, 1, 0, 2, 2]);
        assert!(report.refusals[0].reason.contains("merged"), "{:?}", report.refusals);
        assert!(report.refusals[1].reason.contains("may be deleted or not exist"), "{:?}", report.refusals);
        shop.server.assert_no_violations();
    })
    .await;
}

#[tokio::test]
async fn a_value_that_hubspot_refuses_holds_up_nobody_else() {
    for_each_database(async |store| {
        let shop = Shop::with(portal(100)).await;
        let mut records = all(100);
        for place in [13, 77] {
            records[place].figures.insert("predicted_clv".into(), Figure::Text("a lot".into()));
        }
        let report = shop.send(&store, records).await;
        assert_eq!(counts(&report), [100, 0, 0, 0, 98, 2]);
        assert_eq!(report.refusals[0].customer, "C13");
        assert!(report.refusals[1].reason.contains("a lot was not valid for clv"), "{:?}", report.refusals);
        assert!(shop.updates().len() <= 1 + 2 * 2 * 7, "halved, not one by one");
        shop.server.assert_no_violations();
    })
    .await;
}

#[tokio::test]
async fn an_address_that_hubspot_refuses_holds_up_nobody_else() {
    for_each_database(async |store| {
        let shop = Shop::with(portal(100)).await;
        let mut records = all(100);
        for place in [13, 77] {
            records[place].identifiers.insert("email".into(), format!("c{place}..x@example.org"));
        }
        let report = shop.send(&store, records).await;
        assert_eq!(counts(&report), [100, 0, 0, 0, 98, 2]);
        assert_eq!(report.refusals[0].customer, "C13");
        assert!(
            report.refusals[1].reason.contains("c77..x@example.org is no e-mail"),
            "{:?}",
            report.refusals
        );
        shop.server.assert_no_violations();
    })
    .await;
}

#[tokio::test]
async fn properties_that_are_missing_are_named_or_made() {
    for_each_database(async |store| {
        let mut shop = Shop::with(portal(1)).await;
        shop.server.portal(|portal| {
            portal.properties.remove("clv");
            portal.properties.remove("tier");
            portal.properties.remove("next_order");
        });
        assert_eq!(shop.hubspot().missing_properties().await.unwrap(), ["next_order", "clv", "tier"]);
        let error = shop.run(&store, all(1), Mode::Send).await.unwrap_err().to_string();
        assert!(
            error.contains("clv") && error.contains("tier") && error.contains("create_properties"),
            "{error}"
        );
        assert_eq!(shop.updates().len(), 0);

        shop.settings["create_properties"] = json!(true);
        assert_eq!(shop.send(&store, all(1)).await.updated, 1);
        let made = shop
            .server
            .portal(|portal| ["clv", "tier", "next_order"].map(|name| portal.properties[name].0.clone()));
        assert_eq!(made, ["number", "string", "date"]);

        shop.settings["properties"] = json!({ "tier": "hs_object_id" });
        let error = shop.run(&store, all(1), Mode::Send).await.unwrap_err().to_string();
        assert!(error.contains("hs_object_id") && error.contains("another one"), "{error}");
        shop.settings["properties"] = json!({ "teir": "tier" });
        let error = shop.run(&store, all(1), Mode::Send).await.unwrap_err().to_string();
        assert!(error.contains("hubspot.properties.teir") && error.contains("churn_probability"), "{error}");
        shop.server.assert_no_violations();
    })
    .await;
}

#[tokio::test]
async fn the_limit_of_requests_is_kept() {
    for_each_database(async |store| {
        let mut shop = Shop::with(Portal { limit: 5, ..portal(1050) }).await;
        shop.settings["requests_per_10_seconds"] = json!(5);
        let report = shop.send(&store, all(1050)).await;
        assert_eq!(report.updated, 1050);
        // 1 + 11 + 11 requests, 5 in any 10 seconds.
        assert_eq!(shop.server.clock.elapsed(), Duration::from_secs(40));
        assert_eq!((report.waits.times, report.waits.total), (4, Duration::from_secs(40)));
        shop.server.assert_no_violations();
    })
    .await;
}

#[tokio::test]
async fn waits_that_hubspot_asks_for_are_kept_and_trouble_is_outlived() {
    for_each_database(async |store| {
        let shop = Shop::with(portal(1)).await;
        let limited = json!({ "status": "error", "message": "limit", "policyName": "TEN_SECONDLY_ROLLING" });
        shop.server.portal(|portal| {
            portal.faults.extend([
                Some((429, Some(("retry-after", "7")), limited.clone())),
                Some((429, Some(("x-hubspot-ratelimit-interval-milliseconds", "3000")), limited.clone())),
                Some((429, None, limited)),
                Some((502, None, json!("bad gateway"))),
                Some((423, None, json!({ "message": "locked" }))),
            ]);
        });
        assert_eq!(shop.send(&store, all(1)).await.updated, 1);
        // 7 and 3 as asked, 10 for the window, then 2^4 and 2^5.
        assert_eq!(shop.server.clock.elapsed(), Duration::from_secs(7 + 3 + 10 + 16 + 32));

        let before = shop.server.clock.elapsed();
        let left = ("x-hubspot-ratelimit-remaining", "0");
        let names = ["clv", "churn", "tier", "next_order"].map(|name| json!({ "name": name }));
        let definitions = json!({ "results": names });
        shop.server.portal(|portal| portal.faults.push_back(Some((200, Some(left), definitions))));
        store.forget_connector("hubspot").await.unwrap();
        assert_eq!(shop.send(&store, all(1)).await.updated, 1);
        assert_eq!(
            shop.server.clock.elapsed().saturating_sub(before),
            Duration::from_secs(10),
            "other apps had used the limit up"
        );
        shop.server.assert_no_violations();
    })
    .await;
}

#[tokio::test]
async fn a_run_that_stops_half_way_resends_nothing() {
    for_each_database(async |store| {
        let daily = json!({ "status": "error", "message": "You have reached your daily limit.", "policyName": "DAILY" });
        let shop = Shop::with(portal(300)).await;
        // Properties, look-up, update, look-up, update; then the account may do no more today.
        shop.server.portal(|portal| {
            portal.faults.extend([None, None, None, None, None, Some((429, None, daily))]);
        });
        let error = shop.run(&store, all(300), Mode::Send).await.unwrap_err();
        let Error::Stopped { updated, source } = error else { panic!("{error}") };
        assert!(matches!(*source, Error::DailyLimit { .. }), "{source}");
        let first: Vec<Value> = shop.updates().concat();
        assert_eq!((first.len(), updated), (200, 200));

        assert_eq!(shop.send(&store, all(300)).await.updated, 100);
        let second: Vec<Value> = shop.updates().concat();
        assert_eq!(first.len() + second.len(), 300, "none twice");
        shop.server.assert_no_violations();
    })
    .await;
}

#[tokio::test]
async fn values_that_cannot_be_read_stop_the_run_with_what_was_sent_remembered() {
    for_each_database(async |store| {
        let shop = Shop::with(portal(700)).await;
        let broken = std::iter::once(Err(Error::Records("values.parquet: torn".into())));
        let records =
            all(600).into_iter().map(Ok).chain(broken).chain(all(700).into_iter().skip(600).map(Ok));
        let (hubspot, columns) = (shop.hubspot(), figures());
        let write_back = WriteBack::new(&store, &hubspot, &columns).unwrap();
        let error =
            write_back.run(records, &|_: &ValueRecord| true, Mode::Send).await.unwrap_err().to_string();
        assert!(error.contains("500 objects") && error.contains("torn"), "{error}");
        assert_eq!(shop.send(&store, all(700)).await.updated, 200);
    })
    .await;
}

#[tokio::test]
async fn a_token_that_is_refused_says_what_to_do_and_is_not_shown() {
    for_each_database(async |store| {
        let shop = Shop::with(portal(1)).await;
        std::fs::write(shop.folder.path().join("token"), "pat-wrong-5ecret").unwrap();
        let error = shop.run(&store, all(1), Mode::Send).await.unwrap_err().to_string();
        assert!(error.contains("401") && error.contains("private app"), "{error}");
        assert!(!format!("{error} {:?}", shop.hubspot()).contains("5ecret"));

        std::fs::write(shop.folder.path().join("token"), TOKEN).unwrap();
        let scopes = json!({ "message": "One or more of the following scopes are required.", "category": "MISSING_SCOPES" });
        shop.server.portal(|portal| portal.faults.push_back(Some((403, None, scopes))));
        let error = shop.run(&store, all(1), Mode::Send).await.unwrap_err().to_string();
        assert!(error.contains("403") && error.contains("crm.objects.contacts.write"), "{error}");
    })
    .await;
}

#[tokio::test]
async fn nobody_at_home_is_an_error_that_loses_nothing() {
    for_each_database(async |store| {
        let mut shop = Shop::with(portal(1)).await;
        let url = shop.settings["url"].clone();
        shop.settings["url"] = json!(crate::endpoints::nobody().await.trim_end_matches("/hooks"));
        let error = shop.run(&store, all(1), Mode::Send).await.unwrap_err().to_string();
        assert!(error.contains("asked 6 times") && error.contains("the next run"), "{error}");
        shop.settings["url"] = url;
        assert_eq!(shop.send(&store, all(1)).await.updated, 1);
    })
    .await;
}

#[tokio::test]
async fn a_dry_run_asks_nothing_and_changes_nothing() {
    for_each_database(async |store| {
        let shop = Shop::with(portal(250)).await;
        shop.send(&store, all(1)).await;
        shop.server.take_requests();
        let mut records = all(250);
        records[0].figures.insert("tier".into(), Figure::Text("Silver".into()));
        for _ in 0..2 {
            let report = shop.run(&store, records.clone(), Mode::DryRun).await.unwrap();
            assert_eq!(counts(&report), [250, 0, 0, 0, 250, 0]);
            assert_eq!(report.changes.len(), 100, "the first ones are listed");
            let change = &report.changes[0];
            assert_eq!(change.customer, "C0");
            assert_eq!(
                change.properties,
                [("tier".to_owned(), (Some("Gold".to_owned()), "Silver".to_owned()))].into()
            );
            assert_eq!(report.changes[1].properties["clv"], (None, "1.13".to_owned()));
        }
        assert_eq!(shop.server.take_requests(), []);
        assert_eq!(shop.send(&store, records).await.updated, 250);
    })
    .await;
}
