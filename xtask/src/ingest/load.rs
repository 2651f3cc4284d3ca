//! The load: batches of the events that a shop's SDKs send, over several connections.

use std::fmt::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use super::http::Connection;
use super::server::Server;

/// What is sent.
pub(super) struct Load {
    pub(super) events: usize,
    pub(super) batch: usize,
    pub(super) connections: usize,
    pub(super) customers: usize,
    /// After this time no new batch is sent.
    pub(super) limit: Duration,
}

/// What was measured.
pub(super) struct Measured {
    /// In order of their length.
    latencies: Vec<Duration>,
    pub(super) requests: usize,
    pub(super) took: Duration,
}

impl Measured {
    pub(super) fn new(mut latencies: Vec<Duration>, took: Duration) -> Self {
        latencies.sort_unstable();
        Self { requests: latencies.len(), latencies, took }
    }

    /// Requests a second.
    pub(super) fn rate(&self) -> f64 {
        self.requests as f64 / self.took.as_secs_f64()
    }

    /// The latency that so many of a thousand requests do not exceed.
    pub(super) fn quantile(&self, thousandths: usize) -> Duration {
        let place = (thousandths * self.requests).div_ceil(1000);
        self.latencies.get(place.saturating_sub(1)).copied().unwrap_or_default()
    }
}

impl Load {
    /// Sends all batches, each connection the next one that is left.
    pub(super) fn send(&self, server: &Server) -> Result<Measured> {
        let next = AtomicUsize::new(0);
        let begin = Instant::now();
        let latencies = thread::scope(|scope| {
            let senders: Vec<_> =
                (0..self.connections).map(|_| scope.spawn(|| self.send_some(server, &next, begin))).collect();
            let mut all = Vec::new();
            for sender in senders {
                match sender.join() {
                    Ok(latencies) => all.extend(latencies?),
                    Err(_) => bail!("a connection's thread panicked"),
                }
            }
            Ok(all)
        })?;
        Ok(Measured::new(latencies, begin.elapsed()))
    }

    fn send_some(&self, server: &Server, next: &AtomicUsize, begin: Instant) -> Result<Vec<Duration>> {
        let mut connection = Connection::open(&server.address)?;
        let mut latencies = Vec::new();
        let accepted = format!("\"accepted\":{},", self.batch);
        let mut body = String::new();
        loop {
            let batch = next.fetch_add(1, Ordering::Relaxed);
            if batch * self.batch >= self.events || begin.elapsed() > self.limit {
                return Ok(latencies);
            }
            self.write(batch, &server.write_key, &mut body)?;
            let start = Instant::now();
            let answer = connection.post("/v1/batch", &body)?;
            latencies.push(start.elapsed());
            if !answer.contains(&accepted) {
                bail!("a batch was not accepted as a whole: {answer}");
            }
        }
    }

    /// Writes the body of one batch: of ten events seven are views, one adds to the cart, one identifies, one orders.
    fn write(&self, batch: usize, write_key: &str, body: &mut String) -> Result<()> {
        body.clear();
        body.push_str("{\"batch\":[");
        for place in 0..self.batch {
            let number = batch * self.batch + place;
            let customer = customer(number, self.customers);
            let (separator, second) = (if place == 0 { "" } else { "," }, number % 60);
            write!(
                body,
                "{separator}{{\"messageId\":\"bench-{number:012}\",\"timestamp\":\"2026-03-14T15:09:{second:02}.000Z\",\
                 \"userId\":\"{customer}\",\"context\":{{\"ip\":\"203.0.113.7\",\"locale\":\"de-DE\",\"library\":\
                 {{\"name\":\"analytics.js\",\"version\":\"2.1\"}},\"page\":{{\"url\":\"https://shop.example/products/tea\",\
                 \"title\":\"Tea\",\"referrer\":\"https://search.example/\"}},\"userAgent\":\"Mozilla/5.0 (X11; Linux \
                 x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Safari/537.36\"}},\"integrations\":{{}},"
            )?;
            match number % 10 {
                8 => write!(
                    body,
                    "\"type\":\"identify\",\"traits\":{{\"email\":\"{customer}@example.org\",\"name\":\"Customer {number}\"}}}}"
                )?,
                9 => write!(
                    body,
                    "\"type\":\"track\",\"event\":\"Order Completed\",\"properties\":{{\"order_id\":\"o-{number}\",\"total\":\
                     27.50,\"revenue\":25.00,\"shipping\":3.00,\"tax\":2.00,\"discount\":2.50,\"subtotal\":22.50,\"currency\":\
                     \"EUR\",\"products\":[{{\"product_id\":\"tea\",\"sku\":\"T-1\",\"name\":\"Green tea\",\"category\":\"Tea\",\
                     \"price\":10.00,\"quantity\":2}},{{\"product_id\":\"cup\",\"sku\":\"C-1\",\"name\":\"Cup\",\"price\":5.00,\
                     \"quantity\":1}}]}}}}"
                )?,
                kind => write!(
                    body,
                    "\"type\":\"track\",\"event\":\"{}\",\"properties\":{{\"product_id\":\"tea-{}\",\"name\":\"Green tea\",\
                     \"price\":10.00,\"currency\":\"EUR\"}}}}",
                    if kind == 7 { "Product Added" } else { "Product Viewed" },
                    number % 500
                )?,
            }
        }
        write!(body, "],\"sentAt\":\"2026-03-14T15:10:00.000Z\",\"writeKey\":\"{write_key}\"}}")?;
        Ok(())
    }
}

/// The customer of an event: spread so that neighbours differ.
pub(super) fn customer(number: usize, customers: usize) -> String {
    format!("customer-{}", number.wrapping_mul(2_654_435_761) % customers)
}
