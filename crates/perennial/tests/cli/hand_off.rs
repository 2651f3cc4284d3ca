//! What leaves a run: to profiles, exports, webhooks and HubSpot, and what stays where it is.

use std::io::{Read, Write};
use std::process::Stdio;

use crate::served::Served;
use crate::shop::{project, shop};
use crate::workbench::{perennial, small_shop};

const EXPORT: &str = "[[exports]]\nto = \"out.csv\"\nconsent = \"not_needed\"\n";
const WEBHOOK: &str = "[[webhooks]]\nname = \"erp\"\nurl = \"https://erp.example.org\"\nsecret = \"env:PERENNIAL_TEST_NO_SUCH_SECRET\"\n";
const HUBSPOT: &str = "[hubspot]\ntoken = \"file:token\"\n\
    consent = { purpose = \"marketing\", channel = \"email\", topic = \"news\" }\n\
    properties = { total_clv = \"total_clv\", historic_number_of_orders = \"orders\" }\n";

#[test]
fn a_snapshot_of_the_past_takes_nobodys_place() {
    let bench = shop(&format!("{EXPORT}{WEBHOOK}"));
    bench.project("run --as-of 2023-06-30").good();
    bench.project("run --as-of 2023-12-31").good();
    let exported = bench.read("out.csv");
    // An order that came late: history is made anew, and who waits for a restatement is told of each.
    bench.write("orders.csv", small_shop() + "c000,99999,2023-02-11,5000.00\n");
    let run = bench.project("run --every quarter --since 2023-04-01 --format json").good().json();
    let last = run["dates"].as_array().unwrap().last().unwrap().clone();
    // The last quarter of the data ends after the newest snapshot: it is the new one.
    assert!(run["kept_back"].is_null() && last["manifest"]["as_of"].as_str() > Some("2023-12-31"), "{run}");
    assert_ne!(bench.read("out.csv"), exported);
    let (exported, newest) = (bench.read("out.csv"), last["manifest"]["name"].clone());
    let run = bench.project("run --as-of 2023-06-30 --format json").good().json();
    assert_eq!(run["kept_back"]["snapshot"], "2023-06-30_3");
    assert_eq!(run["kept_back"]["published"], newest);
    assert_eq!(run["handed_off"].as_array().unwrap().len(), 0);
    let text = bench.project("run --as-of 2023-06-30").good();
    assert!(text.stdout.contains("2023-06-30_4 is of the past"), "{}", text.stdout);
    assert_eq!(bench.read("out.csv"), exported);
    assert_eq!(bench.sql("SELECT DISTINCT snapshot FROM publications"), [newest.as_str().unwrap()]);
    let told = |kind: &str, key: &str| {
        let query = format!(
            "SELECT json_extract(body, '$.data.{key}') FROM deliveries WHERE event_type = '{kind}' ORDER BY 1"
        );
        bench.sql(&query)
    };
    // The third and fourth say what the second does, so nobody is told.
    let restated = ["2023-06-30_1", "2023-12-31_1"];
    assert_eq!(told("snapshot.restated", "restates"), restated);
    assert_eq!(told("run.completed", "as_of"), ["2023-06-30", "2023-12-31", last["as_of"].as_str().unwrap()]);
    // A snapshot that was deleted stands in nobody's way.
    for name in bench.in_snapshots().iter().filter(|name| name.as_str() > "2023-12") {
        std::fs::remove_dir_all(bench.path(&format!("snapshots/{name}"))).unwrap();
    }
    let run = bench.project("run --as-of 2023-06-30 --format json").good().json();
    assert!(run["kept_back"].is_null());
    assert_ne!(bench.read("out.csv"), exported);
}

#[test]
fn amounts_of_two_currencies_are_not_compared() {
    let bench = shop(WEBHOOK);
    bench.project("run --as-of 2023-12-31").good();
    bench.write("perennial.toml", project(WEBHOOK).replace("EUR", "USD"));
    bench.project("run --as-of 2023-12-31").good();
    let compared = bench.project("snapshots compare 2023-12-31_1 2023-12-31_2 --format json").good().json();
    assert!(compared["values"].is_null(), "{compared}");
    let text = bench.project("snapshots compare 2023-12-31_1 2023-12-31_2").good();
    let said = "Amounts are not compared: they are in EUR before and in USD after.";
    assert!(text.stdout.replace('\n', " ").contains(said), "{}", text.stdout);
    let body = bench.sql("SELECT body FROM deliveries WHERE event_type = 'snapshot.restated'").remove(0);
    let data = serde_json::from_str::<serde_json::Value>(&body).unwrap()["data"].clone();
    assert_eq!((&data["currency"], &data["restated_currency"]), (&"USD".into(), &"EUR".into()));
    assert!(data["historic_clv_change"].is_null() && data["predicted_clv_change"].is_null(), "{data}");
}

#[test]
fn a_failed_run_tells_others_no_data() {
    let bench = shop(WEBHOOK);
    bench.write("orders.csv", "customer_id,order_id,date,amount\njane@example.org,1,not a day,secret\n");
    bench.project("run --as-of 2023-12-31").fails(1, &["orders"]);
    let body = bench.sql("SELECT body FROM deliveries").remove(0);
    let data = serde_json::from_str::<serde_json::Value>(&body).unwrap()["data"].clone();
    assert_eq!(data, serde_json::json!({ "run": "1", "as_of": null, "code": "sources" }));
    assert_eq!(bench.sql("SELECT as_of || state FROM runs"), ["2023-12-31failed"]);
}

#[test]
fn a_history_without_an_end_of_a_period_is_no_failure() {
    let bench = shop(WEBHOOK);
    let run = bench.project("run --every year --since 2031-01-01").good();
    assert!(run.stdout.contains("No period since that date has ended within the data."), "{}", run.stdout);
    assert_eq!(bench.sql("SELECT state FROM runs"), ["done"]);
    assert_eq!(bench.sql("SELECT COUNT(*) FROM deliveries"), ["0"]);
}

#[test]
fn a_run_that_lost_its_lease_publishes_nothing() {
    let bench = shop(EXPORT);
    bench.write("perennial.toml", project(EXPORT).replace("bg-nbd", "auto"));
    // A store, before a run makes one.
    bench.project("keys create web").good();
    let run = perennial()
        .current_dir(bench.path("."))
        .env_remove("DATABASE_URL")
        .args(["run", "--as-of", "2023-12-31"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // As soon as it has begun, another takes over, as after a silence of minutes.
    let deadline = std::time::Instant::now() + std::time::Duration::from_mins(1);
    while bench.sql("UPDATE leases SET holder = 'another' RETURNING holder").is_empty() {
        assert!(std::time::Instant::now() < deadline, "the run did not begin");
    }
    let ended = run.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(!ended.status.success() && said.contains("another may have begun"), "{said}");
    assert!(!bench.has("out.csv"));
    assert_eq!(bench.sql("SELECT COUNT(*) FROM publications"), ["0"]);
}

#[test]
fn a_dry_run_shows_what_hubspot_would_be_told() {
    let bench = shop("");
    bench.write("token", "pat-not-a-real-one");
    let with_hubspot = || bench.write("perennial.toml", project(HUBSPOT));
    bench.project("check --crm").fails(1, &["hubspot: there is no [hubspot] in the file"]);
    with_hubspot();
    bench.project("check --crm").fails(1, &["hubspot: there are no values yet", "perennial run"]);
    assert!(!bench.has("perennial.db"));
    bench.write("perennial.toml", project(""));
    let key = bench.project("keys create web --format json").good().json()["secret"].clone();
    let served = Served::start(&bench);
    for (customer, email, granted) in
        [("c001", Some("jane@example.org"), true), ("c002", None, true), ("c003", None, false)]
    {
        let consent = serde_json::json!([{ "channel": "email", "topic": "news", "purpose": "marketing", "granted": granted }]);
        let event = serde_json::json!({ "writeKey": key, "userId": customer, "messageId": customer,
            "traits": { "email": email, "consents": consent } });
        assert_eq!(served.ask("POST", "/v1/identify", "X-Test: 1", &event.to_string()).0, 200);
    }
    assert_eq!(served.end(), Some(0));
    bench.project("run --as-of 2023-12-31").good();
    with_hubspot();
    let shown = bench.project("check --crm --format json").good().json()["crm"].clone();
    let customers = bench.manifest("2023-12-31_1")["valuation"]["totals"]["customers"].as_u64().unwrap();
    assert_eq!(shown["snapshot"], "2023-12-31_1");
    assert_eq!(
        (&shown["customers"], &shown["without_consent"]),
        (&customers.into(), &(customers - 2).into())
    );
    assert_eq!((&shown["unidentified"], &shown["updated"]), (&1.into(), &1.into()));
    let (who, what) = (&shown["changes"][0][0], &shown["changes"][0][1]);
    assert_eq!((who, &what["orders"]["after"]), (&"c001".into(), &"2".into()), "{shown}");
    assert!(what["orders"]["before"].is_null());
    let text = bench.project("check --crm").good();
    for part in ["What hubspot would be told of 2023-12-31_1", "Would be updated", "c001", "total_clv"] {
        assert!(text.stdout.contains(part), "{part:?} is missing in:\n{}", text.stdout);
    }
    assert_eq!(bench.sql("SELECT COUNT(*) FROM sent_values"), ["0"], "nothing was sent");
}

#[test]
fn an_endpoint_that_was_gone_is_enabled_again() {
    let bench = shop(WEBHOOK);
    bench.project("keys create web").good();
    bench.sql(
        "INSERT INTO disabled_endpoints (endpoint, at, problem) VALUES ('erp', 1700000000000000, '410 Gone')",
    );
    let listed = bench.project("deliveries list").good();
    let said = listed.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("410 Gone") && said.contains("`perennial deliveries enable erp`"), "{said}");
    bench.project("deliveries enable erp").good();
    bench.project("deliveries enable erp").fails(1, &["there is no disabled endpoint \"erp\""]);
    assert!(!bench.project("deliveries list").good().stdout.contains("enable"));
}

#[test]
fn a_run_without_a_server_tells_webhooks() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let bench = shop(&format!(
        "[[webhooks]]\nname = \"erp\"\nurl = \"http://{address}/hook\"\nsecret = \"file:secret\"\n"
    ));
    bench.write("secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    let receiver = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut asked = [0; 4096];
        let read = stream.read(&mut asked).unwrap();
        stream
            .write_all(b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            .unwrap();
        String::from_utf8_lossy(&asked[..read]).to_lowercase()
    });
    let run = bench.project("run --as-of 2023-12-31").good();
    assert_eq!(run.stderr, "");
    let asked = receiver.join().unwrap();
    assert!(asked.starts_with("post /hook") && asked.contains("webhook-signature: v1,"), "{asked}");
    assert_eq!(bench.sql("SELECT state FROM deliveries"), ["delivered"]);
    // Nobody listens any more: what could not be sent waits, and the run says so.
    let run = bench.project("run --as-of 2023-12-31 --format json").good();
    assert!(run.stderr.contains("1 failed and are sent again"), "{}", run.stderr);
}

#[test]
fn a_live_refund_lowers_an_order_of_a_file() {
    let bench = shop(EXPORT);
    bench.project("run --as-of 2023-12-31").good();
    let key = bench.project("keys create web --format json").good().json()["secret"].clone();
    let served = Served::start(&bench);
    // Order 1 is that of c000 over 10.50; order X-1 is nobody's, but the refund says whose money it is.
    for (number, customer, order, total) in [("r1", "c000", "1", "10.50"), ("r2", "c001", "X-1", "2.00")] {
        let properties = serde_json::json!({ "order_id": order, "total": total, "currency": "EUR" });
        let event = serde_json::json!({ "writeKey": key, "userId": customer, "messageId": number,
            "event": "Order Refunded", "timestamp": "2023-02-01T12:00:00Z", "properties": properties });
        assert_eq!(served.ask("POST", "/v1/track", "X-Test: 1", &event.to_string()).0, 200);
    }
    assert_eq!(served.end(), Some(0));
    bench.project("run --as-of 2023-12-31").good();
    let manifest = bench.manifest("2023-12-31_2");
    let sources = manifest["sources"]["sources"].as_array().unwrap();
    let refunds = sources.iter().find(|source| source["name"] == "live_refunds").unwrap();
    assert_eq!((&refunds["rows"], &refunds["used"]), (&2.into(), &2.into()), "{refunds}");
    let historic = |name: &str| bench.manifest(name)["valuation"]["totals"]["historic_clv"].as_f64().unwrap();
    let lower = historic("2023-12-31_1") - historic("2023-12-31_2");
    assert!((lower - 0.3 * 12.5).abs() < 1e-6, "{lower}");
}
