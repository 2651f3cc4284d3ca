//! Segment's SDK for Node.js, from npm.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use super::{Service, install_once};
use crate::steps::must_run;
use crate::workspace;

/// The folder in which the SDK is installed.
pub(super) struct Node(PathBuf);

impl Service for Node {
    fn environment(&self) -> Vec<(&'static str, String)> {
        vec![("PERENNIAL_TEST_NODE_SDK", self.0.display().to_string())]
    }
}

impl Node {
    /// Installs the pinned version, unless it is there.
    ///
    /// # Errors
    /// When `npm` is missing, or the package cannot be fetched.
    pub(super) fn install() -> Result<Self> {
        let folder = std::path::absolute(workspace::target().join("node"))?;
        install_once("crates/server/tests/sdk/node/package.json", &folder, || {
            let mut npm = Command::new("npm");
            npm.args(["install", "--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error"]);
            must_run(npm.current_dir(&folder), "install Segment's SDK for Node.js (it needs npm)")
        })?;
        Ok(Self(folder))
    }
}
