//! The folder of snapshots: made whole or not at all, never changed, checked on demand.

use std::fs::{File, TryLockError};
use std::hash::{BuildHasher, RandomState};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::civil::Date;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::manifest::{MANIFEST, Manifest, REPORT, VALUES};
use crate::Error;

/// The checksums of a snapshot's files, as `sha256sum` writes and checks them.
const SUMS: &str = "SHA256SUMS";
/// What a snapshot in the making is called.
const MAKING: &str = ".making-";
/// What a snapshot is called while another takes its place.
const OLD: &str = ".old-";
/// The file whose lock only one run holds at a time.
const LOCK: &str = ".lock";
/// The file that tells this folder from all others.
const ID: &str = ".id";
/// The file that says for which erasures the snapshots were searched.
const SEARCHED: &str = ".searched";

/// A snapshot's name, and what it says of itself; an error where that cannot be read.
pub type NamedManifest = (String, Result<Manifest, Error>);

/// The snapshots of a project.
#[derive(Debug, Clone)]
pub struct Snapshots {
    folder: PathBuf,
}

/// Whether a snapshot is still as it was made.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case", tag = "condition", content = "problem")]
pub enum Condition {
    /// All files are there and unchanged.
    Whole,
    /// A file is missing or was changed; which and how.
    Damaged(String),
}

impl Snapshots {
    /// Those in a folder, which need not be there yet.
    #[must_use]
    pub fn in_folder(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Where they lie.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The folder of one.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn find(&self, name: &str) -> Result<PathBuf, Error> {
        let folder = self.folder.join(name);
        let known = as_of_and_number(name).is_some() && folder.join(MANIFEST).is_file();
        if known {
            Ok(folder)
        } else {
            Err(Error::NoSnapshot { name: name.to_owned(), known: self.names()? })
        }
    }

    /// All names, by date and then by the order in which they were made.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn names(&self) -> Result<Vec<String>, Error> {
        let entries = match std::fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(Error::file(&self.folder)(error)),
        };
        let mut names = Vec::new();
        for entry in entries {
            let name = entry.map_err(Error::file(&self.folder))?.file_name();
            names.extend(name.to_str().and_then(|name| Some((as_of_and_number(name)?, name.to_owned()))));
        }
        names.sort();
        Ok(names.into_iter().map(|(_, name)| name).collect())
    }

    /// What each says of itself, by name; an error where that cannot be read.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn manifests(&self) -> Result<Vec<NamedManifest>, Error> {
        let read = |name: String| {
            let manifest = Manifest::read(&self.folder.join(&name));
            (name, manifest)
        };
        Ok(self.names()?.into_iter().map(read).collect())
    }

    /// The last snapshot of a date.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn last_of(&self, as_of: Date) -> Result<Option<Manifest>, Error> {
        let of_date = |name: &String| as_of_and_number(name).is_some_and(|(date, _)| date == as_of);
        let names = self.names()?.into_iter().filter(of_date);
        Ok(names.rev().find_map(|name| Manifest::read(&self.folder.join(name)).ok()))
    }

    /// Holds the files of a snapshot against their checksums.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn verify(&self, name: &str) -> Result<Condition, Error> {
        let folder = self.folder.join(name);
        if as_of_and_number(name).is_none() || !folder.is_dir() {
            return Err(Error::NoSnapshot { name: name.to_owned(), known: self.names()? });
        }
        Ok(check(&folder).map_or_else(Condition::Damaged, |()| Condition::Whole))
    }

    /// Keeps other runs out until it is dropped, and removes what a run that died left behind.
    ///
    /// # Errors
    /// When another run is under way, or the folder cannot be written.
    pub(crate) fn lock(&self, now: Timestamp) -> Result<Lock, Error> {
        std::fs::create_dir_all(&self.folder).map_err(Error::file(&self.folder))?;
        let path = self.folder.join(LOCK);
        let mut file = File::options()
            .create(true)
            .read(true)
            .write(true)
            .truncate(false)
            .open(&path)
            .map_err(Error::file(&path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // What the other run wrote is only for the message.
                let _ = file.take(200).read_to_string(&mut holder);
                return Err(Error::Busy { holder: holder.trim().to_owned() });
            }
            Err(TryLockError::Error(error)) => return Err(Error::file(&path)(error)),
        }
        file.set_len(0).map_err(Error::file(&path))?;
        writeln!(file, "process {} since {now}", std::process::id()).map_err(Error::file(&path))?;
        self.remove_remains()?;
        Ok(Lock { _file: file, folder: self.id()? })
    }

    /// What tells this folder from all others, also from one of the same path on a machine of the same name.
    fn id(&self) -> Result<String, Error> {
        let path = self.folder.join(ID);
        match std::fs::read_to_string(&path) {
            Ok(id) if !id.trim().is_empty() => Ok(id.trim().to_owned()),
            Err(error) if error.kind() != ErrorKind::NotFound => Err(Error::file(&path)(error)),
            _ => {
                let id = format!("{:016x}", RandomState::new().hash_one(&self.folder));
                std::fs::write(&path, &id).map_err(Error::file(&path))?;
                Ok(id)
            }
        }
    }

    /// Up to which erasures (their mark) the snapshots were searched for ids of erased persons; empty for none.
    ///
    /// # Errors
    /// When that is written down and cannot be read.
    pub fn searched_for(&self) -> Result<String, Error> {
        let path = self.folder.join(SEARCHED);
        match std::fs::read_to_string(&path) {
            Ok(mark) => Ok(mark.trim().to_owned()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(String::new()),
            Err(error) => Err(Error::file(&path)(error)),
        }
    }

    /// Writes down that the snapshots were searched.
    pub(crate) fn note_searched(&self, _lock: &Lock, mark: &str) -> Result<(), Error> {
        let path = self.folder.join(SEARCHED);
        std::fs::write(&path, mark).map_err(Error::file(&path))
    }

    /// A new snapshot, which is none before it is finished.
    pub(crate) fn begin(&self, _lock: &Lock) -> Result<Unfinished, Error> {
        let folder = tempfile::Builder::new()
            .prefix(MAKING)
            .tempdir_in(&self.folder)
            .map_err(Error::file(&self.folder))?;
        readable_by_owner_and_group(folder.path())?;
        Ok(Unfinished { folder, snapshots: self.folder.clone() })
    }

    /// The name that the next snapshot of a date gets.
    pub(crate) fn next_name(&self, as_of: Date) -> Result<String, Error> {
        let names = self.names()?;
        let of_date =
            names.iter().filter_map(|name| as_of_and_number(name)).filter(|(date, _)| *date == as_of);
        let number = of_date.map(|(_, number)| number).max().unwrap_or(0) + 1;
        Ok(format!("{as_of}_{number}"))
    }

    fn remove_remains(&self) -> Result<(), Error> {
        for entry in std::fs::read_dir(&self.folder).map_err(Error::file(&self.folder))? {
            let path = entry.map_err(Error::file(&self.folder))?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if let Some(replaced) = name.strip_prefix(OLD)
                && !self.folder.join(replaced).exists()
            {
                std::fs::rename(&path, self.folder.join(replaced)).map_err(Error::file(&path))?;
            } else if name.starts_with(MAKING) || name.starts_with(OLD) {
                std::fs::remove_dir_all(&path).map_err(Error::file(&path))?;
            }
        }
        Ok(())
    }
}

/// The right to make snapshots in a folder; the operating system takes it back however the process ends.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
    /// What tells the folder from all others.
    pub(crate) folder: String,
}

/// A snapshot in the making; it vanishes when it is dropped.
#[derive(Debug)]
pub(crate) struct Unfinished {
    folder: TempDir,
    snapshots: PathBuf,
}

impl Unfinished {
    /// Where its files are to be written.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Makes it a snapshot: everything is on disk before it gets its name, and then nobody changes it.
    pub(crate) fn finish(self, manifest: &Manifest) -> Result<PathBuf, Error> {
        let folder = self.folder.path();
        manifest.write(folder)?;
        seal(folder)?;
        let target = self.snapshots.join(&manifest.name);
        std::fs::rename(folder, &target).map_err(Error::file(&target))?;
        // It has its name: nothing is left to remove.
        let _ = self.folder.keep();
        sync(&self.snapshots)?;
        Ok(target)
    }

    /// Puts it in the place of a snapshot of the same content. A process that dies in between leaves the old one, which the next
    /// [`Snapshots::lock`] puts back.
    pub(super) fn take_place_of(self, folder: &Path) -> Result<(), Error> {
        seal(self.folder.path())?;
        let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let old = self.snapshots.join(format!("{OLD}{name}"));
        std::fs::rename(folder, &old).map_err(Error::file(folder))?;
        std::fs::rename(self.folder.path(), folder).map_err(Error::file(folder))?;
        let _ = self.folder.keep();
        sync(&self.snapshots)?;
        std::fs::remove_dir_all(&old).map_err(Error::file(&old))
    }
}

/// Writes the checksums of a snapshot's files, and everything to disk.
fn seal(folder: &Path) -> Result<(), Error> {
    let mut sums = String::new();
    for name in [MANIFEST, VALUES, REPORT] {
        let path = folder.join(name);
        let sum = sha256(&path).map_err(Error::file(&path))?;
        sums += &sum;
        sums += "  ";
        sums += name;
        sums += "\n";
        sync(&path)?;
    }
    let path = folder.join(SUMS);
    std::fs::write(&path, sums).map_err(Error::file(&path))?;
    sync(&path)?;
    sync(folder)
}

fn sync(path: &Path) -> Result<(), Error> {
    File::open(path).and_then(|file| file.sync_all()).map_err(Error::file(path))
}

fn check(folder: &Path) -> Result<(), String> {
    let sums = std::fs::read_to_string(folder.join(SUMS)).map_err(|error| format!("{SUMS}: {error}"))?;
    let named: Vec<(&str, &str)> = sums.lines().filter_map(|line| line.split_once("  ")).collect();
    for expected in [MANIFEST, VALUES, REPORT] {
        let (sum, _) = named
            .iter()
            .find(|(_, name)| *name == expected)
            .ok_or_else(|| format!("{SUMS} does not name {expected}"))?;
        let found = sha256(&folder.join(expected)).map_err(|error| match error.kind() {
            ErrorKind::NotFound => format!("{expected} is missing"),
            _ => format!("{expected}: {error}"),
        })?;
        if found != *sum {
            return Err(format!("{expected} was changed after it was made"));
        }
    }
    Ok(())
}

fn sha256(path: &Path) -> std::io::Result<String> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            read => hasher.update(&buffer[..read]),
        }
    }
    Ok(hex(&hasher.finalize()))
}

/// Bytes as they are written in checksums.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from(b"0123456789abcdef"[usize::from(value)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// The date in a snapshot's name.
pub(crate) fn date_of(name: &str) -> Option<Date> {
    as_of_and_number(name).map(|(date, _)| date)
}

/// The date and the number in a snapshot's name.
fn as_of_and_number(name: &str) -> Option<(Date, u32)> {
    let (date, number) = name.split_once('_')?;
    let (as_of, number): (Date, u32) = (date.parse().ok()?, number.parse().ok()?);
    (format!("{as_of}_{number}") == name).then_some((as_of, number))
}

/// Temporary folders are for their owner alone; a snapshot is for the group as well, as its files are.
#[cfg(unix)]
fn readable_by_owner_and_group(folder: &Path) -> Result<(), Error> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o750)).map_err(Error::file(folder))
}

#[cfg(not(unix))]
fn readable_by_owner_and_group(_folder: &Path) -> Result<(), Error> {
    Ok(())
}
