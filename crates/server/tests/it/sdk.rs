//! The SDKs that shops use, unchanged, against a running server: what they send is stored and projected.
//!
//! `cargo xtask test` installs them and says where they are. `none` in place of a path leaves the test out.

use std::collections::BTreeMap;
use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use perennial_store::EventKind;
use serde_json::{Value, json};

use crate::shop::Shop;

/// The folder in which Segment's SDK for Node.js is installed.
const NODE_SDK: &str = "PERENNIAL_TEST_NODE_SDK";
/// The Python that has Segment's SDK.
const PYTHON: &str = "PERENNIAL_TEST_PYTHON";

#[tokio::test]
async fn node() {
    let Some(folder) = installed(NODE_SDK) else { return };
    let shop = Shop::open().await;
    let mut command = Command::new("node");
    command.arg(script("node/send.mjs")).args([&shop.host, &shop.write_key]).current_dir(folder);
    let output = run(command).await;
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(said, json!({ "failures": [], "statuses": [200, 200, 200] }), "eight messages, three a batch");
    check(&shop, "js", "N-1", "jane@example.org").await;
    shop.close().await;
}

#[tokio::test]
async fn python_plain_and_compressed() {
    let Some(python) = installed(PYTHON) else { return };
    let shop = Shop::open().await;
    for coding in ["plain", "gzip"] {
        let mut command = Command::new(&python);
        command.arg(script("python/send.py")).args([&shop.host, &shop.write_key, coding, coding]);
        run(command).await;
        check(&shop, coding, &format!("{coding}-1"), &format!("{coding}.jane@example.org")).await;
    }
    shop.close().await;
}

/// A path that a variable names; `None` when the test is to be left out.
fn installed(variable: &str) -> Option<PathBuf> {
    match env::var_os(variable) {
        Some(path) if path == "none" => {
            eprintln!("left out, because {variable}=none");
            None
        }
        Some(path) => Some(path.into()),
        None => panic!(
            "{variable} is not set: `cargo xtask test` installs the SDKs and sets it; =none leaves this out"
        ),
    }
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sdk").join(name)
}

async fn run(mut command: Command) -> Output {
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "the SDK reported failures: {said}");
    output
}

/// What the store holds of the messages of one script, and what the projector made of them.
async fn check(shop: &Shop, prefix: &str, order: &str, email: &str) {
    let user = format!("{prefix}-jane");
    let ours = |id: &str| id.strip_prefix(prefix).and_then(|id| id.strip_prefix('-')).map(str::to_owned);
    let events = shop.events().await;
    let kinds: BTreeMap<String, EventKind> = events
        .iter()
        .filter_map(|stored| Some((ours(&stored.event.message_id)?, stored.event.kind)))
        .collect();
    let expected = [
        ("alias", EventKind::Alias),
        ("group", EventKind::Group),
        ("identify", EventKind::Identify),
        ("order", EventKind::Track),
        ("page", EventKind::Page),
        ("screen", EventKind::Screen),
    ];
    assert_eq!(kinds, expected.map(|(id, kind)| (id.to_owned(), kind)).into());

    let of_user: Vec<_> =
        events.iter().filter(|stored| stored.event.user_id.as_ref() == Some(&user)).collect();
    let count =
        |name: &str| of_user.iter().filter(|stored| stored.event.event.as_deref() == Some(name)).count();
    assert_eq!((count("Order Completed"), count("Product Viewed")), (1, 1));
    let screens = of_user.iter().filter(|stored| stored.event.kind == EventKind::Screen).count();
    assert_eq!(screens, 1, "the message that was sent twice is there once");

    shop.store.project_all().await.unwrap();
    let profile = shop.store.profile(&format!("email:{email}").parse().unwrap()).await.unwrap().unwrap();
    let identifiers: Vec<String> =
        profile.identifiers.iter().map(|known| known.identifier.to_string()).collect();
    for expected in [format!("user_id:{user}"), format!("email:{email}")] {
        assert!(identifiers.contains(&expected), "{expected} is one of {identifiers:?}");
    }
    assert_eq!(profile.orders.count, 1, "order {order}");
}
