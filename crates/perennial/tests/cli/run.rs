//! Runs: what they leave behind, and that nothing but whole snapshots stays.

use std::process::{Child, Stdio};
use std::time::Duration;

use crate::served::Served;
use crate::shop::{project, shop};
use crate::workbench::{Workbench, perennial, small_shop};

const TIERS: &str = "[[tiers]]\nname = \"gold\"\nshare = \"10%\"\n[[tiers]]\nname = \"rest\"\n";

#[test]
fn a_run_leaves_a_snapshot_values_and_a_profile() {
    let bench = shop(&format!(
        "{TIERS}[[exports]]\nto = \"out.csv\"\ncolumns = [\"customer_id\", \"tier\"]\nconsent = \"not_needed\"\n"
    ));
    let run = bench.project("run --as-of 2023-12-31").good();
    for part in ["Small as of", "Historic CLV", "gold", "out.csv", "snapshots/2023-12-31_1"] {
        assert!(run.stdout.contains(part), "{part:?} is missing in:\n{}", run.stdout);
    }
    let manifest = bench.manifest("2023-12-31_1");
    assert_eq!(manifest["as_of"], "2023-12-31");
    assert_eq!(manifest["valuation"]["definitions"]["currency"], "EUR");
    assert_eq!(manifest["valuation"]["top_customers"].as_array().unwrap().len(), 0, "no customer is named");
    let tiers = manifest["tiers"].as_array().unwrap();
    let count = |tier: usize| tiers[tier]["customers"].as_u64().unwrap();
    let customers = manifest["valuation"]["totals"]["customers"].as_u64().unwrap();
    assert_eq!(count(0) + count(1), customers);
    assert_eq!(count(0), (customers + 5) / 10, "a tenth, rounded");
    let exported = bench.read("out.csv");
    assert_eq!(exported.lines().filter(|line| line.ends_with(",gold")).count() as u64, count(0));
    assert_eq!(exported.lines().count() as u64, customers + 1);
    let sums = std::process::Command::new("sha256sum")
        .args(["--check", "--strict", "SHA256SUMS"])
        .current_dir(bench.path("snapshots/2023-12-31_1"))
        .output()
        .unwrap();
    assert!(sums.status.success(), "{}", String::from_utf8_lossy(&sums.stderr));
}

#[test]
fn a_later_run_of_the_same_date_restates_and_rewrites_nothing() {
    let bench = shop("");
    bench.project("run --as-of 2023-12-31").good();
    let before = bench.read("snapshots/2023-12-31_1/SHA256SUMS");
    // An order that came late, of a day before.
    bench.write("orders.csv", small_shop() + "c000,99999,2023-11-11,5000.00\nnew,99998,2023-11-12,10.00\n");
    let run = bench.project("run --as-of 2023-12-31").good();
    assert!(run.stdout.contains("It restates 2023-12-31_1"), "{}", run.stdout);
    assert_eq!(bench.read("snapshots/2023-12-31_1/SHA256SUMS"), before);
    let listed = bench.project("snapshots --format json").good().json();
    assert_eq!(listed[1]["restates"], "2023-12-31_1");
    assert_eq!(listed[0]["condition"], "whole");
    let compared = bench.project("snapshots compare 2023-12-31_1 2023-12-31_2 --format json").good().json();
    assert_eq!(compared["restatement"], true);
    assert_eq!(compared["new_customers"], 1);
    assert_eq!(compared["gone_customers"], 0);
    assert_eq!(compared["values"]["moved"][0]["customer_id"], "c000");
    let historic = |side: &str| compared[side]["historic_clv"].as_f64().unwrap();
    assert!((historic("after") - historic("before") - 0.3 * 5010.0).abs() < 1e-6);
    let reasons: Vec<&str> = compared["reasons"]
        .as_array()
        .unwrap()
        .iter()
        .map(|reason| reason["what"].as_str().unwrap())
        .collect();
    assert_eq!(reasons, ["data"]);
    // Other settings are named as such.
    bench.write("perennial.toml", project("").replace("30%", "40%"));
    bench.project("run --as-of 2023-12-31").good();
    let compared = bench.project("snapshots compare 2023-12-31_2 2023-12-31_3 --format json").good().json();
    let reasons: Vec<&str> = compared["reasons"]
        .as_array()
        .unwrap()
        .iter()
        .map(|reason| reason["what"].as_str().unwrap())
        .collect();
    assert_eq!(reasons, ["margin", "settings"]);
    let text = bench.project("snapshots compare 2023-12-31_1 2023-12-31_2").good();
    assert!(text.stdout.contains("2023-12-31_2 restates 2023-12-31_1"), "{}", text.stdout);
}

#[test]
fn the_quality_of_the_data_is_held_against_the_last_run_whatever_the_clock_says() {
    let bench = shop("");
    let run = |rows: u32| {
        let broken = (0..rows).fold(small_shop(), |text, row| text + &format!("c001,x{row},never,1.00\n"));
        bench.write("orders.csv", broken);
        let run = bench.project("run --as-of 2023-12-31 --format json").good().json();
        let manifest = &run["dates"][0]["manifest"];
        let trends = manifest["trends"]["orders"].as_array().cloned().unwrap_or_default();
        (manifest["name"].as_str().unwrap().to_owned(), trends)
    };
    let (first, trends) = run(3);
    assert!(trends.is_empty(), "there was no run before: {trends:?}");
    // The clock was ahead when the first was made.
    let manifest = format!("snapshots/{first}/snapshot.json");
    let made_at = bench.manifest(&first)["made_at"].as_str().unwrap().to_owned();
    bench.write(&manifest, bench.read(&manifest).replace(&made_at, "2199-01-01T00:00:00Z"));
    let change = |trends: &[serde_json::Value]| {
        let of_dates = |trend: &&serde_json::Value| trend["subject"] == "bad_date";
        let trend = trends.iter().find(of_dates).unwrap_or_else(|| panic!("{trends:?}"));
        (trend["before"]["count"].clone(), trend["change"].as_str().unwrap().to_owned())
    };
    assert_eq!(change(&run(5).1), (3.into(), "worse".to_owned()));
    assert_eq!(change(&run(4).1), (5.into(), "better".to_owned()), "than in the last run, not in the first");
    let shown = bench.project("run --as-of 2023-12-31").good();
    assert!(
        shown.stdout.contains("refused rows (bad_date)") && shown.stdout.contains("same"),
        "{}",
        shown.stdout
    );
}

#[test]
fn a_history_made_at_once_is_that_of_single_runs() {
    let (at_once, one_by_one) = (shop(""), shop(""));
    // A history of a quarter may be too short for a model that is asked for by name.
    for bench in [&at_once, &one_by_one] {
        bench.write("perennial.toml", project("").replace("bg-nbd", "auto"));
    }
    let run = at_once.project("run --every quarter --since 2022-10-01 --format json").good().json();
    let outcomes: Vec<&str> =
        run["dates"].as_array().unwrap().iter().map(|date| date["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes[..3], ["too_early", "made", "made"]);
    for date in ["2023-03-31", "2023-06-30", "2023-09-30"] {
        one_by_one.project(&format!("run --as-of {date}")).good();
        let name = format!("{date}_1");
        let (a, b) = (at_once.manifest(&name), one_by_one.manifest(&name));
        for key in ["figures", "fingerprint", "valuation", "tiers"] {
            assert_eq!(a[key], b[key], "{key} of {name}");
        }
    }
    // Again: nothing has changed, and orders of later days change nothing before them.
    at_once.write("orders.csv", small_shop() + "c000,99999,2023-09-01,50.00\n");
    let again = at_once.project("run --every quarter --since 2023-01-01 --format json").good().json();
    let outcome = |place: usize| again["dates"][place]["outcome"].as_str().unwrap();
    assert_eq!([outcome(0), outcome(1), outcome(2)], ["unchanged", "unchanged", "made"]);
    assert_eq!(again["dates"][2]["manifest"]["restates"], "2023-09-30_1");
}

#[test]
fn two_runs_at_once_are_refused() {
    let bench = shop("");
    std::fs::create_dir(bench.path("snapshots")).unwrap();
    // Another process that holds the lock, as a run does.
    let lock = std::fs::File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(bench.path("snapshots/.lock"))
        .unwrap();
    lock.lock().unwrap();
    bench.write("snapshots/.lock", "process 4711 since 2024-01-01T00:00:00Z");
    bench
        .project("run --as-of 2023-12-31")
        .fails(1, &["a run is under way (process 4711 since 2024-01-01T00:00:00Z)"]);
    drop(lock);
    bench.project("run --as-of 2023-12-31").good();
}

#[test]
fn a_killed_run_leaves_the_last_snapshot_and_the_next_one_works() {
    let bench = shop("");
    bench.project("run --as-of 2023-06-30").good();
    let before = bench.read("snapshots/2023-06-30_1/SHA256SUMS");
    // How long a run takes here says when to kill one: at moments over its whole length, the same in every test.
    let whole = std::time::Instant::now();
    bench.project("run --as-of 2023-07-31").good();
    let length = whole.elapsed();
    for part in [5_u32, 25, 45, 60, 75, 90] {
        let mut child = started(&bench, "run --as-of 2023-12-31");
        std::thread::sleep(length * part / 100);
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(bench.read("snapshots/2023-06-30_1/SHA256SUMS"), before);
        for listed in bench.project("snapshots --format json").good().json().as_array().unwrap() {
            assert_eq!(listed["condition"], "whole", "{listed}");
        }
    }
    bench.project("run --as-of 2023-12-31").good();
    let remains = bench.in_snapshots();
    assert!(remains.iter().all(|name| !name.starts_with(".making")), "{remains:?}");
}

fn started(bench: &Workbench, words: &str) -> Child {
    perennial()
        .current_dir(bench.path("."))
        .env_remove("DATABASE_URL")
        .args(words.split_whitespace())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn damage_is_told() {
    let bench = shop("");
    bench.project("run --as-of 2023-12-31").good();
    bench.project("run --as-of 2023-12-31").good();
    std::fs::remove_file(bench.path("snapshots/2023-12-31_1/report.html")).unwrap();
    let values = bench.path("snapshots/2023-12-31_2/values.parquet");
    let mut content = std::fs::read(&values).unwrap();
    let middle = content.len() / 2;
    content[middle] ^= 1;
    std::fs::write(&values, content).unwrap();
    let run = bench.project("snapshots").good();
    assert!(run.stdout.contains("DAMAGED"), "{}", run.stdout);
    let listed = bench.project("snapshots --format json").good().json();
    assert_eq!(listed[0]["problem"], "report.html is missing");
    assert_eq!(listed[1]["problem"], "values.parquet was changed after it was made");
    bench
        .project("snapshots compare 2023-12-31_1 2024-12-31_1")
        .fails(1, &["there is no snapshot \"2024-12-31_1\"", "2023-12-31_2"]);
}

#[test]
fn an_export_that_fails_is_told_and_the_snapshot_stays() {
    let bench = shop(
        "[[exports]]\nto = \"nowhere/out.csv\"\nconsent = \"not_needed\"\n[[exports]]\nto = \"out.json\"\nconsent = \"not_needed\"\n",
    );
    let run = bench.project("run --as-of 2023-12-31");
    assert_eq!(run.code, Some(1));
    assert!(
        run.stdout.contains("nowhere/out.csv") && run.stderr.contains("the snapshot is there"),
        "{}\n{}",
        run.stdout,
        run.stderr
    );
    assert!(bench.has("out.json"));
    bench.manifest("2023-12-31_1");
}

#[test]
fn only_who_agreed_is_exported_for_marketing() {
    let consent = "consent = { purpose = \"marketing\", channel = \"email\", topic = \"news\" }\n";
    let bench = shop(&format!("[[exports]]\nto = \"out.csv\"\n{consent}"));
    let run = bench.project("run --as-of 2023-12-31 --format json").good().json();
    assert_eq!(run["handed_off"][0]["customers"], 0);
    assert_eq!(
        run["handed_off"][0]["without_consent"],
        run["dates"][0]["manifest"]["valuation"]["totals"]["customers"]
    );
    assert_eq!(bench.read("out.csv").lines().count(), 1);
    // Of two who say something one agrees: nobody else is in the file, and nobody else in the table.
    let table = format!("[[exports]]\nto = \"sqlite:out.db\"\ntable = \"agreed\"\n{consent}");
    bench.write("perennial.toml", bench.read("perennial.toml") + &table);
    let key = bench.project("keys create web --format json").good().json()["secret"].clone();
    let served = Served::start(&bench);
    for (customer, granted) in [("c001", true), ("c002", false)] {
        let said = serde_json::json!([{ "channel": "email", "topic": "news", "purpose": "marketing", "granted": granted }]);
        let event = serde_json::json!({ "writeKey": key, "userId": customer, "messageId": customer, "traits": { "consents": said } });
        assert_eq!(served.ask("POST", "/v1/identify", "X-Test: 1", &event.to_string()).0, 200);
    }
    assert_eq!(served.end(), Some(0));
    let run = bench.project("run --as-of 2023-12-31 --format json").good().json();
    let exported = |place: usize| run["handed_off"][place]["customers"].clone();
    assert_eq!((exported(0), exported(1)), (1.into(), 1.into()), "{run}");
    let csv = bench.read("out.csv");
    let customers: Vec<&str> = csv.lines().skip(1).filter_map(|line| line.split(',').next()).collect();
    assert_eq!(customers, ["c001"]);
    assert_eq!(bench.sql_of("out.db", "SELECT customer_id FROM agreed"), ["c001"]);
}

#[test]
fn costs_lower_the_margin() {
    let bench = shop("[costs]\nper_order = 2.0\nshare_of_revenue = \"5%\"\n");
    bench.project("run --as-of 2023-12-31").good();
    let valuation = bench.manifest("2023-12-31_1")["valuation"].clone();
    let number = |name: &str| valuation["base"][name].as_f64().unwrap();
    let expected = 0.30 - 0.05 - 2.0 * number("transactions") / number("order_value");
    let rate = valuation["definitions"]["margin"]["rate"].as_f64().unwrap();
    assert!((rate - expected).abs() < 1e-9, "{rate} is not {expected}");
    bench.write("perennial.toml", project("").replace("30%", "measured"));
    bench.project("run").fails(1, &["value.margin", "no source has costs"]);
}

#[test]
fn other_costs_lower_the_measured_margin_and_change_nothing_else() {
    let bench = shop("");
    // What every second order cost is known: 40 % of its amount.
    let orders: Vec<String> = small_shop()
        .lines()
        .enumerate()
        .map(|(number, line)| {
            let amount = line.rsplit(',').next().and_then(|amount| amount.parse::<f64>().ok());
            match (number, amount) {
                (0, _) => format!("{line},cost"),
                (_, Some(amount)) if number % 2 == 0 => format!("{line},{:.3}", amount * 0.4),
                _ => format!("{line},0"),
            }
        })
        .collect();
    bench.write("orders.csv", orders.join("\n"));
    let margin = |more: &str, name: &str| {
        bench.write("perennial.toml", project(more).replace("30%", "measured"));
        bench.project("run --as-of 2023-12-31").good();
        let margin = bench.manifest(name)["valuation"]["definitions"]["margin"].clone();
        assert_eq!(margin["kind"], "measured");
        margin["rate"].as_f64().unwrap()
    };
    let measured = margin("", "2023-12-31_1");
    assert!((measured - 0.6).abs() < 1e-9, "{measured}");
    let less = margin("[costs]\nshare_of_revenue = \"1%\"\n", "2023-12-31_2");
    assert!((measured - less - 0.01).abs() < 1e-9, "{measured} and {less}");
}

#[test]
fn a_run_waits_for_nobody_who_is_dead() {
    let bench = shop("");
    // Killed while it holds the lease of the store: the lease is taken over, because nobody holds the folder's lock.
    let mut child = started(&bench, "run --as-of 2023-12-31");
    let deadline = std::time::Instant::now() + Duration::from_mins(1);
    while !bench.has("perennial.db-wal") && child.try_wait().unwrap().is_none() {
        assert!(std::time::Instant::now() < deadline, "the run did not open its store");
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    bench.project("run --as-of 2023-12-31").good();
}
