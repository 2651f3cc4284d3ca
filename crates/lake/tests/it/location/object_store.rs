//! Object stores, with a real S3 server.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::{ObjectStore, ObjectStoreExt, PutPayload};
use perennial_lake::{Error, Location, ObjectStoreSettings, OutputFormat, Session, SessionOptions};

use super::{plan, refusal, services};
use crate::data::{purchases, rows, source};

/// A bucket of its own for each test, and what it takes to use it.
struct Bucket {
    name: &'static str,
    address: String,
    key: String,
    secret: String,
    runtime: tokio::runtime::Runtime,
    store: AmazonS3,
}

impl Bucket {
    /// Nothing where the test is to be skipped.
    fn new(name: &'static str) -> Option<Self> {
        let (address, key, secret) = services::s3()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let store = AmazonS3Builder::new()
            .with_endpoint(&address)
            .with_allow_http(true)
            .with_region("us-east-1")
            .with_access_key_id(&key)
            .with_secret_access_key(&secret)
            .with_bucket_name(name)
            .build()
            .unwrap();
        // A bucket is made like an object without a name: the store's client has no word for it, and misses a tag in the
        // answer. That it is there shows when it is listed.
        let _ = runtime.block_on(store.put(&object_store::path::Path::default(), PutPayload::new()));
        runtime.block_on(store.list_with_delimiter(None)).unwrap();
        Some(Self { name, address, key, secret, runtime, store })
    }

    fn put(&self, key: &str, content: impl Into<Vec<u8>>) {
        let content = PutPayload::from(content.into());
        self.runtime.block_on(self.store.put(&key.into(), content)).unwrap();
    }

    fn get(&self, key: &str) -> Vec<u8> {
        self.runtime.block_on(async { self.store.get(&key.into()).await?.bytes().await }).unwrap().to_vec()
    }

    fn keys(&self) -> Vec<String> {
        let listed = self.runtime.block_on(self.store.list_with_delimiter(None)).unwrap();
        listed.objects.into_iter().map(|object| object.location.to_string()).collect()
    }

    fn url(&self, key: &str) -> String {
        format!("s3://{}/{key}", self.name)
    }

    fn location(&self, key: &str) -> Location {
        Location::Files(vec![self.url(key)])
    }

    fn session(&self) -> Session {
        session(&self.address, &self.key, &self.secret)
    }
}

fn session(address: &str, key: &str, secret: &str) -> Session {
    let object_stores = ObjectStoreSettings::from_iter([
        ("AWS_ENDPOINT_URL", address),
        ("AWS_ALLOW_HTTP", "true"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", key),
        ("AWS_SECRET_ACCESS_KEY", secret),
    ]);
    Session::new(&SessionOptions { threads: 2, object_stores, ..SessionOptions::default() }).unwrap()
}

const ORDERS: &str = "customer,date,amount\nanna,2025-01-01,10.50\nbert,2025-01-02,20\nanna,2025-02-01,5\n";

fn gzip(text: &str) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(text.as_bytes()).unwrap();
    packed.finish().unwrap()
}

#[test]
fn orders_are_read_from_a_bucket_as_from_a_folder() {
    let Some(bucket) = Bucket::new("orders") else { return };
    bucket.put("2025/orders.csv.gz", gzip(ORDERS));
    bucket.put("2025/more.csv", "customer,date,amount\ncleo,2025-03-01,1\n");
    bucket.put("2025/old/ignored.csv", "customer,date,amount\nnobody,2025-03-01,1\n");
    bucket.put("2025/README.md", "no table");
    let session = bucket.session();
    let fetched = Arc::new(AtomicU64::new(0));
    let mut source = source(&[bucket.url("2025/*.csv*")]);
    let seen = Arc::clone(&fetched);
    source.on_progress = Some(Arc::new(move |progress| {
        if progress.stage == "fetching" {
            assert!(progress.done <= progress.total);
            seen.store(progress.done, Ordering::Relaxed);
        }
    }));
    let reading = session.read_orders(&source).unwrap();
    assert_eq!(
        purchases(&session),
        [
            "anna 2025-01-01 1050 0",
            "anna 2025-02-01 500 0",
            "bert 2025-01-02 2000 0",
            "cleo 2025-03-01 100 0"
        ]
    );
    let names: Vec<String> = reading.files.iter().map(|file| file.path.display().to_string()).collect();
    assert_eq!(names, [bucket.url("2025/more.csv"), bucket.url("2025/orders.csv.gz")]);
    assert!(fetched.load(Ordering::Relaxed) > 0);
}

#[test]
fn text_and_parquet_objects_are_tables() {
    let Some(bucket) = Bucket::new("tables") else { return };
    let session = bucket.session();
    bucket.put("a.csv.gz", gzip(ORDERS));
    bucket.put("lines/b.jsonl", "{\"customer\":\"dora\",\"amount\":3}\n");
    session.register_location("text", &bucket.location("a.csv.gz")).unwrap();
    assert_eq!(rows(&session, "select count(*), min(amount) from text"), ["3 10.50"]);
    session.register_location("lines", &bucket.location("lines/")).unwrap();
    assert_eq!(rows(&session, "select * from lines"), ["dora 3"]);

    for part in 1..=3 {
        let select = format!("select {part} as part, n as value from (values (1), (2), (3)) as t(n)");
        let path = bucket.url(&format!("parts/p={part}/data.parquet"));
        session.write(&select, Path::new(&path), OutputFormat::Parquet).unwrap();
    }
    session.register_location("parts", &bucket.location("parts/**/*.parquet")).unwrap();
    assert_eq!(
        rows(&session, "select part, sum(value) from parts where part > 1 group by part order by part"),
        ["2 6", "3 6"]
    );
    assert!(plan(&session, "select value from parts where part > 1").contains("predicate=part@0 > 1"));
}

#[test]
fn an_export_appears_whole_or_not_at_all() {
    let Some(bucket) = Bucket::new("exports") else { return };
    let session = bucket.session();
    let path = |name: &str| bucket.url(name);
    assert_eq!(
        session
            .write(
                "select 'anna' as customer, 1.5 as value",
                Path::new(&path("values.csv")),
                OutputFormat::Csv
            )
            .unwrap(),
        1
    );
    assert_eq!(String::from_utf8(bucket.get("values.csv")).unwrap(), "customer,value\nanna,1.5\n");
    let failed = session.write(
        "select 1 / (value - value) from generate_series(1, 9)",
        Path::new(&path("broken.csv")),
        OutputFormat::Csv,
    );
    assert!(failed.is_err());
    assert_eq!(bucket.keys(), ["values.csv"]);
}

/// Numbers that cannot be compressed: about 20 MB, which go in three parts.
#[test]
fn large_objects_go_and_come_in_parts() {
    let Some(bucket) = Bucket::new("large") else { return };
    let session = bucket.session();
    let select = "select value as n, sin(value) as a, sin(value + 0.1) as b, sin(value + 0.2) as c, sin(value + 0.3) as d \
         from generate_series(1, 600000)";
    let path = bucket.url("large.parquet");
    assert_eq!(session.write(select, Path::new(&path), OutputFormat::Parquet).unwrap(), 600_000);
    let bytes = bucket.get("large.parquet").len();
    assert!(bytes > 18 << 20, "{bytes} bytes");
    session.register_location("large", &bucket.location("large.parquet")).unwrap();
    assert_eq!(
        rows(&session, "select count(*), sum(n) from large"),
        [format!("600000 {}", 600_000_u64 * 600_001 / 2)]
    );
    // As orders, the same object is fetched.
    let error = session.read_orders(&source(std::slice::from_ref(&path))).unwrap_err();
    assert!(matches!(&error, Error::NotRecognised { file, .. } if file == Path::new(&path)), "{error}");
}

#[test]
fn errors_say_what_is_missing_and_what_to_do() {
    let Some(bucket) = Bucket::new("errors") else { return };
    bucket.put("there.csv", ORDERS);
    let session_of = |key: &str, secret: &str| session(&bucket.address, key, secret);
    let good = bucket.session();
    let error = refusal(&good, &bucket.location("missing.csv"));
    assert!(error.starts_with("s3://errors/missing.csv: there is no such object"), "{error}");
    let error = refusal(&good, &bucket.location("*.parquet"));
    assert!(error.contains("nothing readable is there"), "{error}");
    let error = refusal(&good, &Location::Files(vec!["s3://no-such-bucket/a.csv".to_owned()]));
    assert!(error.contains("there is no bucket \"no-such-bucket\""), "{error}");
    for wrong in [session_of(&bucket.key, "wrong"), session_of("AKIAWRONG", "wrong")] {
        let error = refusal(&wrong, &bucket.location("there.csv"));
        assert!(error.contains("access is denied; check AWS_ACCESS_KEY_ID"), "{error}");
        assert!(!error.contains("wrong"), "{error}");
        let target = bucket.url("denied.csv");
        let error =
            wrong.write("select 1 as n", Path::new(&target), OutputFormat::Csv).unwrap_err().to_string();
        assert!(error.contains("access is denied"), "{error}");
    }
    assert_eq!(bucket.keys(), ["there.csv"]);
}

#[test]
fn a_store_that_does_not_answer_is_an_error() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let session = session(&address, "key", "secret");
    let error = refusal(&session, &Location::Files(vec!["s3://shop/a.csv".to_owned()]));
    assert!(error.contains("check the network and AWS_REGION"), "{error}");
    let plain = ObjectStoreSettings::from_iter([
        ("AWS_ENDPOINT_URL", address.as_str()),
        ("AWS_ACCESS_KEY_ID", "key"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
    ]);
    let options = SessionOptions { object_stores: plain, ..SessionOptions::default() };
    let error =
        refusal(&Session::new(&options).unwrap(), &Location::Files(vec!["s3://shop/a.csv".to_owned()]));
    assert!(error.contains("AWS_ALLOW_HTTP=true"), "{error}");
}
