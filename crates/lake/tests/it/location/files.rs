//! Files as tables.

use std::io::Write;
use std::path::PathBuf;

use perennial_lake::{Location, OutputFormat};

use super::{failure, files, plan, refusal};
use crate::data::{rows, session};

fn write(folder: &tempfile::TempDir, name: &str, content: &[u8]) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, content).unwrap();
    path
}

#[test]
fn text_files_are_columns_of_text() {
    let folder = tempfile::tempdir().unwrap();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all("Id;Name;Amount\n1;Jörg;1,50\n\n2;;7\n".as_bytes()).unwrap();
    let first = write(&folder, "a.csv.gz", &packed.finish().unwrap());
    let lines = b"{\"Id\":\"3\",\"note\":{\"by\":\"me\"}}\n{\"Id\":4,\"Amount\":0.1}\n";
    let second = write(&folder, "b.jsonl.zst", &zstd::encode_all(&lines[..], 0).unwrap());
    let session = session();
    session.register_location("t", &files(&[&first, &second])).unwrap();
    assert_eq!(
        rows(&session, r#"select "Id", "Name", "Amount", "note.by" from t order by 1"#),
        ["1 Jörg 1,50 ", "2  7 ", "3   me", "4  0.1 "]
    );
    // An empty field is no value, and counting needs no column.
    assert_eq!(rows(&session, r#"select count(*), count("Name"), count("Id") from t"#), ["4 1 4"]);
    assert_eq!(rows(&session, r#"select "Id" from t where "Name" = 'Jörg' limit 1"#), ["1"]);
}

#[test]
fn a_broken_row_is_named_when_it_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(&folder, "a.csv", b"id,name\n1,x\n2,y,z,w\n");
    let session = session();
    session.register_location("t", &files(&[&path])).unwrap();
    let error = failure(&session, "select id from t");
    assert!(error.contains("a.csv, line 3"), "{error}");
}

#[test]
fn many_batches_arrive_whole_and_a_limit_ends_the_reading() {
    let folder = tempfile::tempdir().unwrap();
    let text: String = std::iter::once("n,square\n".to_owned())
        .chain((0..100_000_u64).map(|n| format!("{n},{}\n", n * n)))
        .collect();
    let path = write(&folder, "a.csv", text.as_bytes());
    let session = session();
    session.register_location("t", &files(&[&path])).unwrap();
    let sum = (0..100_000_u64).sum::<u64>();
    assert_eq!(rows(&session, "select count(*), sum(cast(n as bigint)) from t"), [format!("100000 {sum}")]);
    assert_eq!(rows(&session, "select square from t limit 1"), ["0"]);
}

#[test]
fn parquet_files_are_read_in_place_with_filters() {
    let folder = tempfile::tempdir().unwrap();
    let session = session();
    for (name, select) in [
        ("a.parquet", "select 1 as id, 'x' as name, cast(null as double) as weight"),
        ("b.parquet", "select 2 as id, 'y' as name, 2.5 as weight, date '2026-01-02' as day"),
    ] {
        session.write(select, &folder.path().join(name), OutputFormat::Parquet).unwrap();
    }
    session
        .register_location("t", &Location::Files(vec![format!("{}/*.parquet", folder.path().display())]))
        .unwrap();
    assert_eq!(rows(&session, "select * from t order by id"), ["1 x  ", "2 y 2.5 2026-01-02"]);
    assert_eq!(rows(&session, "select day from t where weight > 1"), ["2026-01-02"]);
    assert_eq!(rows(&session, "select count(*) from t"), ["2"]);
    let plan = plan(&session, "select name from t where weight > 1");
    assert!(plan.contains("predicate=weight@2 > 1"), "{plan}");
    assert!(plan.contains("projection=[name"), "{plan}");
}

#[test]
fn parquet_and_text_are_two_sources() {
    let folder = tempfile::tempdir().unwrap();
    let session = session();
    let table = folder.path().join("a.parquet");
    session.write("select 1 as id", &table, OutputFormat::Parquet).unwrap();
    let text = write(&folder, "b.csv", b"id\n1\n");
    let error = refusal(&session, &files(&[&table, &text]));
    assert!(error.contains("1 of the 2 files are Parquet"), "{error}");
    let error = refusal(&session, &files(&[&folder.path().join("missing.csv")]));
    assert!(error.contains("missing.csv: there is no such file"), "{error}");
    let error = refusal(&session, &Location::Files(vec!["https://example.org/a.csv".to_owned()]));
    assert!(error.contains("s3://, gs:// or az://"), "{error}");
}
