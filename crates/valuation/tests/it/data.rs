//! Where the tests' data lie, and how they are read.

use std::path::{Path, PathBuf};

use jiff::civil::Date;
use perennial_lake::{OrderSource, Reading, Session, SessionOptions};
use perennial_models::ModelKind;
use perennial_valuation::hold_out::HoldOut;
use perennial_valuation::{HoldOutRequest, Request, Valuation, hold_outs};

/// A file of the data folder; a test without its data fails.
pub(crate) fn file(name: &str) -> String {
    let folder = std::env::var_os("PERENNIAL_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"), PathBuf::from);
    let path = folder.join(name);
    assert!(path.exists(), "{} is missing; `cargo xtask test` gets the data that tests need", path.display());
    path.to_string_lossy().into_owned()
}

/// Both years of Online Retail II; `None` where only CDNOW could be had, as `cargo xtask test` says when the other data sets
/// do not lie beside the checkout.
pub(crate) fn online_retail() -> Option<(Session, Reading)> {
    if std::env::var("PERENNIAL_DATA_ONLY").is_ok_and(|only| only == "cdnow") {
        println!("skipped: only CDNOW is here (PERENNIAL_DATA_ONLY)");
        return None;
    }
    let years = ["2009_2010", "2010_2011"];
    Some(read(&years.map(|year| file(&format!("online_retail_ii/online_retail_{year}.csv.gz")))))
}

/// A session that has read these files.
pub(crate) fn read(paths: &[String]) -> (Session, Reading) {
    let session = Session::new(&SessionOptions::default()).expect("a session starts");
    let reading =
        session.read_orders(&OrderSource::new(paths.iter().cloned())).expect("the files can be read");
    (session, reading)
}

/// A model of the kind judged on all that came after a day.
pub(crate) fn hold_out(session: &Session, reading: &Reading, kind: ModelKind, until: &str) -> HoldOut {
    let request = HoldOutRequest::new(date(until));
    let mut judged =
        hold_outs(session, reading, &[kind], &request, &|_, _, _| {}).expect("the time can be held out");
    judged.pop().expect("one result").expect("a model that fits")
}

/// A session that has read a CSV file with this text.
pub(crate) fn read_text(text: &str) -> (Session, Reading) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("orders.csv");
    std::fs::write(&path, text).expect("the file can be written");
    read(&[path.to_string_lossy().into_owned()])
}

pub(crate) fn date(text: &str) -> Date {
    text.parse().expect("a date")
}

/// The valuation under a request, without progress.
pub(crate) fn value(session: &Session, reading: &Reading, request: &Request) -> Valuation {
    perennial_valuation::value(session, reading, request, &|_, _, _| {}).expect("the orders can be valued")
}
