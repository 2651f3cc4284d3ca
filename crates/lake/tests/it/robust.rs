//! No input ends in a panic: arbitrary bytes and damaged files end in a reading or in an error that can be shown.

use std::cell::RefCell;

use perennial_lake::{OutputFormat, Session};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::data::{purchases, sample, session, try_read};

thread_local! {
    // Starting a session takes longer than reading a small file.
    static SESSION: RefCell<Session> = RefCell::new(session());
}

/// Reads the bytes as a file; the result does not matter, but an error has to have something to say.
fn read(name: &str, bytes: &[u8]) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    SESSION.with_borrow(|session| {
        if let Err(error) = try_read(session, &[path.to_string_lossy().into_owned()], |source| {
            source.quarantine = Some(folder.path().join("refused.csv"));
        }) {
            assert!(error.to_string().len() > 10, "{error:?}");
        }
    });
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        rng_seed: proptest::test_runner::RngSeed::Fixed(20_111_209),
        ..ProptestConfig::default()
    }
}

/// What order files are made of, put together in any order.
fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(b"customer,date,amount\n".to_vec()),
        Just(b"order_id,customer_id,date,quantity,price,currency\n".to_vec()),
        Just(b"a,2024-01-01,5\n".to_vec()),
        Just(b"a,\"2024-01-01\",-5.55\r\n".to_vec()),
        Just(b"\"".to_vec()),
        Just(b",".to_vec()),
        Just(b";".to_vec()),
        Just(b"\n".to_vec()),
        Just(b"\r".to_vec()),
        Just(b"1e308".to_vec()),
        Just("−€9.999.999,99".as_bytes().to_vec()),
        Just(b"31/12/2199 24:59:60 PM".to_vec()),
        Just(b"9999999999999999999".to_vec()),
        Just(b"{\"customer\":{\"id\":[1]},\"date\":\"2024-01-01\",\"amount\":1e999}\n".to_vec()),
        Just(b"\xef\xbb\xbf".to_vec()),
        Just(b"sep=;\n".to_vec()),
        vec(any::<u8>(), 0..12),
    ];
    vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(config(96))]

    #[test]
    fn any_text_is_read_or_refused(bytes in pieces()) {
        read("t.csv", &bytes);
    }

    #[test]
    fn any_table_body_is_read_or_refused(bytes in pieces()) {
        read("t.csv", &[b"customer,date,amount\nz,2024-01-01,1\n", bytes.as_slice()].concat());
    }

    #[test]
    fn any_json_lines_are_read_or_refused(bytes in pieces()) {
        read("t.jsonl", &[br#"{"customer":"z","date":"2024-01-01","amount":1}"#, b"\n".as_slice(), &bytes].concat());
    }

    #[test]
    fn any_archive_is_read_or_refused(bytes in vec(any::<u8>(), 0..64), zstd in any::<bool>()) {
        let magic: &[u8] = if zstd { &[0x28, 0xb5, 0x2f, 0xfd] } else { &[0x1f, 0x8b, 8, 0] };
        read("t.csv", &[magic, &bytes].concat());
    }

    #[test]
    fn damaged_parquet_is_an_error(at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<bool>()) {
        let mut bytes = parquet();
        let at = at.index(bytes.len());
        if cut { bytes.truncate(at) } else { bytes[at] = byte }
        read("t.parquet", &bytes);
    }
}

/// A small file as it is written by this crate.
fn parquet() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.parquet");
    SESSION.with_borrow(|session| {
        try_read(session, &[sample("cdnow_master.txt")], |_| {}).unwrap();
        let sql = "select customer, day as date, cast(spend as double) / 100 as amount from purchases";
        session.write(sql, &path, OutputFormat::Parquet).unwrap();
    });
    std::fs::read(&path).unwrap()
}

#[test]
fn the_file_that_is_damaged_reads_well_before() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.parquet");
    std::fs::write(&path, parquet()).unwrap();
    let session = session();
    try_read(&session, &[path.to_string_lossy().into_owned()], |_| {}).unwrap();
    assert_eq!(purchases(&session), ["00001 1997-01-01 1177 0", "00002 1997-01-12 8900 0"]);
}
