//! Sources where they lie: a bucket, a Delta table, PostgreSQL and SQLite in one project, which values as from files.

use std::path::Path;
use std::process::Command;

use perennial_lake::{DatabaseUrl, Location, Session, SessionOptions};

use crate::workbench::{Run, Workbench, perennial, small_shop};

const BEGIN: &str =
    "[shop]\nname = \"Small\"\ncurrency = \"EUR\"\n[value]\nmodel = \"bg-nbd\"\nmargin = \"measured\"\n";
const REFUNDS: &str =
    "refund_id,order_id,refunded_at,amount\nr1,1,2023-05-02,3.50\nr2,7,2023-06-02,\nr3,12,2023-09-01,1\n";
const LINES: &str = "order_id,product_id,quantity\n1,P,1\n2,P,2\n3,Q,1\n4,P,1\n";
const PRODUCTS: &str = "product_id,cost\nP,4.00\nQ,2.50\n";

/// Puts files of a folder where others keep them: into a bucket, and into Delta tables.
const PUT: &str = "
import csv, os, sys
import boto3, pyarrow
from deltalake import write_deltalake
folder, bucket = sys.argv[1:]
s3 = boto3.client('s3', endpoint_url=os.environ['AWS_ENDPOINT_URL'])
s3.create_bucket(Bucket=bucket)
s3.upload_file(os.path.join(folder, 'orders.csv'), bucket, 'exports/orders-1.csv')
with open(os.path.join(folder, 'lines.csv')) as file:
    rows = list(csv.DictReader(file))
columns = {name: [row[name] for row in rows] for name in rows[0]}
write_deltalake(os.path.join(folder, 'lines'), pyarrow.table(columns))
";

/// A variable that `cargo xtask test` sets.
fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("`cargo xtask test` starts what this test needs ({name})"))
}

/// The environment by which the object store is found.
fn object_store() -> [(&'static str, String); 5] {
    [
        ("AWS_ENDPOINT_URL", variable("PERENNIAL_TEST_S3")),
        ("AWS_ALLOW_HTTP", "true".to_owned()),
        ("AWS_REGION", "us-east-1".to_owned()),
        ("AWS_ACCESS_KEY_ID", variable("PERENNIAL_TEST_S3_KEY")),
        ("AWS_SECRET_ACCESS_KEY", variable("PERENNIAL_TEST_S3_SECRET")),
    ]
}

fn run(bench: &Workbench, words: &str) -> Run {
    let mut command = perennial();
    command.current_dir(bench.path(".")).env_remove("DATABASE_URL").envs(object_store());
    Run::new(&command.args(words.split(' ')).output().unwrap())
}

/// Writes a text file into a table of a database.
fn copy(file: &Path, url: &str, table: &str, columns: &str) {
    let session = Session::new(&SessionOptions::default()).unwrap();
    session.register_location("t", &Location::Files(vec![file.to_string_lossy().into_owned()])).unwrap();
    let url = DatabaseUrl::parse(url).unwrap();
    session.write_table(&format!("SELECT {columns} FROM t"), &url, table).unwrap();
}

fn files(bench: &Workbench) {
    bench.write("orders.csv", small_shop());
    bench.write("refunds.csv", REFUNDS);
    bench.write("lines.csv", LINES);
    bench.write("products.csv", PRODUCTS);
}

#[test]
fn sources_are_valued_where_they_lie_as_from_files() {
    let required = ["PERENNIAL_TEST_S3", "PERENNIAL_TEST_POSTGRES", "PERENNIAL_TEST_PYTHON"];
    if let Some(name) = required.into_iter().find(|name| variable(name) == "none") {
        eprintln!("skipped, as {name}=none says");
        return;
    }
    let local = Workbench::new();
    files(&local);
    let source = |name: &str| format!("[sources.{name}]\ntable = \"{name}\"\nfiles = [\"{name}.csv\"]\n");
    let lines = "[sources.order_lines]\ntable = \"order_lines\"\nfiles = [\"lines.csv\"]\n";
    local.write(
        "perennial.toml",
        BEGIN.to_owned() + &["orders", "refunds", "products"].map(source).concat() + lines,
    );
    let expected = run(&local, "run --as-of 2023-12-31 --format json").good().json();

    let bench = Workbench::new();
    files(&bench);
    let folder = bench.path(".").to_string_lossy().into_owned();
    let put = Command::new(variable("PERENNIAL_TEST_PYTHON"))
        .args(["-c", PUT, &folder, "perennial-places"])
        .envs(object_store())
        .output()
        .unwrap();
    assert!(put.status.success(), "{}", String::from_utf8_lossy(&put.stderr));
    let columns = "refund_id, order_id, refunded_at, CAST(NULLIF(amount, '') AS DECIMAL(18, 2)) AS amount";
    copy(&bench.path("refunds.csv"), &variable("PERENNIAL_TEST_POSTGRES"), "public.cli_refunds", columns);
    let database = format!("sqlite:{folder}/shop.db");
    copy(&bench.path("products.csv"), &database, "products", "product_id, CAST(cost AS DOUBLE) AS cost");
    for file in ["orders.csv", "refunds.csv", "lines.csv", "products.csv"] {
        std::fs::remove_file(bench.path(file)).unwrap();
    }
    bench.write(
        "perennial.toml",
        BEGIN.to_owned()
            + "[sources.orders]\nfiles = [\"s3://perennial-places/exports/orders-*.csv\"]\n\
               [sources.refunds]\ntable = \"refunds\"\ndatabase = \"env:PERENNIAL_TEST_POSTGRES\"\nfrom = \"public.cli_refunds\"\n\
               [sources.products]\ntable = \"products\"\ndatabase = \"sqlite:shop.db\"\nfrom = \"products\"\n\
               [sources.order_lines]\ntable = \"order_lines\"\ndelta = \"lines\"\n\
               [[exports]]\nto = \"s3://perennial-places/out/values.csv\"\ncolumns = [\"customer_id\", \"total_clv\"]\nconsent = \"not_needed\"\n",
    );
    let check = run(&bench, "check").good();
    for part in [
        "s3://perennial-places/exports/orders-*.csv",
        "public.cli_refunds in postgres://",
        "products in sqlite:",
    ] {
        assert!(check.stdout.contains(part), "{part:?} is missing in:\n{}", check.stdout);
    }
    let found = run(&bench, "run --as-of 2023-12-31 --format json").good().json();
    let [expected, manifest] = [&expected, &found].map(|run| &run["dates"][0]["manifest"]);
    assert_eq!(manifest["figures"], expected["figures"], "every figure of every customer");
    assert_eq!(manifest["fingerprint"]["data"], expected["fingerprint"]["data"]);
    assert_eq!(found["handed_off"][0]["customers"], 120);
    let again =
        run(&bench, "value s3://perennial-places/exports/orders-1.csv --model bg-nbd --format json").good();
    assert!(again.stdout.contains("\"customers\""), "{}", again.stdout);
}
