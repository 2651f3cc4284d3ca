//! Where things lie: the workspace, its build folder, the programs that are called.

use std::env;
use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::Command;

/// The root of the workspace: of the one that cargo runs this task in, which need not be the one that this program was built
/// in when clones share a build folder.
pub(crate) fn root() -> PathBuf {
    let xtask = env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    xtask.parent().unwrap_or(&xtask).to_path_buf()
}

/// The build folder: `CARGO_TARGET_DIR` where it is set, else `target` in the workspace.
pub(crate) fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |folder| root().join(folder))
}

/// A call of the cargo that runs this task, in the root of the workspace.
pub(crate) fn cargo() -> Command {
    let mut command = call(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    command
}

/// A call of a program that may itself call cargo, without what cargo told this one about its own package: build scripts look
/// at it (ring's does), and would build half of all dependencies again for each other folder that the workspace lies in, and
/// again for each call without this task.
pub(crate) fn call(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    for (name, _) in env::vars_os() {
        let of_package = name.to_str().is_some_and(|name| {
            ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"]
                .iter()
                .any(|prefix| name.starts_with(prefix))
                || ["OUT_DIR", "CARGO_PRIMARY_PACKAGE"].contains(&name)
        });
        if of_package {
            command.env_remove(name);
        }
    }
    command
}
