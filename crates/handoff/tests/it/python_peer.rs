//! The reference library of Standard Webhooks (`standardwebhooks`, from PyPI) takes what we send.
//!
//! `PERENNIAL_TEST_PYTHON` names a Python that has the library; `cargo xtask test` makes one.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use jiff::Timestamp;
use perennial_handoff::webhooks::{Event, RunFailed, WebhookSettings, WebhookWorker, announce};
use perennial_store::{DeliveryState, Page, Store, StoreUrl};

/// An endpoint that answers 204 to what the library verifies with its argument, and 400 with the reason
/// otherwise.
const RECEIVER: &str = r#"
import http.server, sys
from standardwebhooks import Webhook

class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        try:
            message = Webhook(sys.argv[1]).verify(body, dict(self.headers))
            assert message["type"] == "run.failed", message
            self.send_response(204)
            self.end_headers()
        except Exception as error:
            self.send_response(400)
            self.end_headers()
            self.wfile.write(repr(error).encode())

    def log_message(self, *arguments):
        pass

server = http.server.HTTPServer(("127.0.0.1", 0), Receiver)
print(server.server_port, flush=True)
server.serve_forever()
"#;

struct Receiver {
    process: Child,
    url: String,
}

impl Receiver {
    fn verifying_with(secret: &str) -> Self {
        let python = std::env::var("PERENNIAL_TEST_PYTHON").expect(
            "this test needs a Python with the package standardwebhooks: run `cargo xtask test`, or set PERENNIAL_TEST_PYTHON",
        );
        let mut command = Command::new(python);
        command.args(["-c", RECEIVER, secret]).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let mut port = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut port).unwrap();
        Self { process, url: format!("http://127.0.0.1:{}/", port.trim()) }
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[tokio::test]
async fn the_reference_library_verifies_what_is_sent() {
    let old = "whsec_bmV2ZXIgdXNlIHRoaXMga2V5IGZvciBhbnl0aGluZw==";
    let new = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let other = "whsec_c29tZSBvdGhlciBrZXkgdGhhdCBub2JvZHkgdXNlcw==";
    let receivers = [new, old, other].map(Receiver::verifying_with);
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("new"), new).unwrap();
    std::fs::write(folder.path().join("old"), old).unwrap();
    let store = Store::open(&StoreUrl::sqlite(&folder.path().join("perennial.db"))).await.unwrap();
    let settings: Vec<WebhookSettings> = receivers
        .iter()
        .zip(["takes the new secret", "takes the old secret", "takes another secret"])
        .map(|(receiver, name)| {
            let settings = serde_json::json!({
                "name": name, "url": receiver.url, "secret": "file:new", "previous_secret": "file:old"
            });
            serde_json::from_value(settings).unwrap()
        })
        .collect();
    let as_of = "2026-11-01".parse().unwrap();
    let event = Event::RunFailed(RunFailed {
        run: "1".into(),
        as_of: Some(as_of),
        code: "fünf Zeilen\nfehlen".into(),
    });
    announce(&store, &settings, &event, Timestamp::now()).await.unwrap();
    let worker = WebhookWorker::new(store.clone(), &settings, folder.path()).unwrap();
    worker.deliver_due(Timestamp::now()).await.unwrap();

    for delivery in store.deliveries(None, Page::default()).await.unwrap() {
        if delivery.endpoint == "takes another secret" {
            assert_eq!(delivery.last_status, Some(400));
            assert!(delivery.last_error.unwrap().contains("No matching signature"));
        } else {
            assert_eq!(
                (delivery.state, delivery.last_error),
                (DeliveryState::Delivered, None),
                "{}",
                delivery.endpoint
            );
        }
    }
}
