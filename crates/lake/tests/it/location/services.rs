//! The servers and programs that `cargo xtask test` starts for these tests.

use std::process::Command;

/// The value of a variable that `cargo xtask test` sets; nothing where it says `none`, and then the test is skipped.
fn variable(name: &str) -> Option<String> {
    match std::env::var(name) {
        Ok(value) if value == "none" => {
            eprintln!("skipped, as {name}=none says");
            None
        }
        Ok(value) => Some(value),
        Err(error) => {
            panic!(
                "{name} cannot be had ({error}): `cargo xtask test` starts what this test needs ({name}=none skips it)"
            )
        }
    }
}

/// A PostgreSQL server.
pub(super) fn postgres() -> Option<String> {
    variable("PERENNIAL_TEST_POSTGRES")
}

/// A PostgreSQL server that lets in only who encrypts, and the file with its certificate.
pub(super) fn encrypted_postgres() -> Option<(String, String)> {
    postgres()?;
    Some((variable("PERENNIAL_TEST_POSTGRES_TLS")?, variable("PERENNIAL_TEST_POSTGRES_CERTIFICATE")?))
}

/// An S3 server with a user: address, key, secret.
pub(super) fn s3() -> Option<(String, String, String)> {
    let part =
        |name: &str| std::env::var(name).unwrap_or_else(|_| panic!("{name} is set with PERENNIAL_TEST_S3"));
    let address = variable("PERENNIAL_TEST_S3")?;
    Some((address, part("PERENNIAL_TEST_S3_KEY"), part("PERENNIAL_TEST_S3_SECRET")))
}

/// Runs a Python program that finds the package `deltalake`; false where it is to be skipped.
pub(super) fn python(program: &str, arguments: &[&str]) -> bool {
    let Some(interpreter) = variable("PERENNIAL_TEST_PYTHON") else { return false };
    let output = Command::new(interpreter).arg("-c").arg(program).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    true
}
