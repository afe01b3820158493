//! The data directory: one server at a time, files that only their owner can read, and no start over damaged data.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError},
    io::{self, Read, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use lambda_http::Error;
use shared::store::{READABLE_SCHEMA, WRITTEN_SCHEMA};

/// The first bytes of a database file.
const MAGIC: &[u8] = b"SQLite format 3\0";

/// A data directory that this process has locked.
#[derive(Debug)]
pub(crate) struct DataDirectory {
    path: PathBuf,
    /// Keeps the lock until it is dropped.
    _lock: File,
}

impl DataDirectory {
    /// Creates the directory if it does not exist, locks it, and checks its files.
    ///
    /// # Errors
    ///
    /// The message for the user: the directory cannot be opened, another server uses it, its data has the format of
    /// a later version, or its database file is missing or damaged.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let at = |cause: io::Error| format!("{}: {cause}", path.display());
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(at)?;
        let lock = private(OpenOptions::new().write(true).create(true))
            .open(path.join("lock"))
            .map_err(at)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let path = path.display();
                return Err(format!(
                    "{path} is in use by another server: end that one, or set --data to another directory"
                )
                .into());
            }
            Err(TryLockError::Error(cause)) => return Err(at(cause).into()),
        }
        close_to_others(path).map_err(at)?;
        let directory = Self { path: path.to_owned(), _lock: lock };
        directory.check_format().map_err(|problem| {
            let path = path.display();
            format!("{path} {problem}: move the directory away or remove it, then start again")
        })?;
        Ok(directory)
    }

    /// The path of the directory.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Records that all files were created, and the latest schema of the data. A start before that is not repeated.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub(crate) fn mark_complete(&self) -> io::Result<()> {
        // A later version, whose schema this one reads, may have written some of the data.
        let format = self.format().and_then(|format| format.parse().ok()).unwrap_or_default();
        replace(&self.path.join("format"), WRITTEN_SCHEMA.max(format).to_string().as_bytes())
    }

    /// Checks the format and the database file, and creates an empty database file in a new directory.
    ///
    /// # Errors
    ///
    /// What is wrong with the directory.
    fn check_format(&self) -> Result<(), String> {
        let table = table_file(&self.path);
        match self.format() {
            None if !table.exists() => {
                let created = private(OpenOptions::new().write(true).create_new(true)).open(&table);
                created.map(drop).map_err(|cause| format!("cannot have a database file ({cause})"))
            }
            None => Err("has data of an earlier version, or of a first start that was interrupted"
                .to_owned()),
            // Items of earlier versions are migrated.
            Some(format) => match format.parse() {
                Ok(1..=READABLE_SCHEMA) => check_database(&table),
                _ => Err(format!(
                    "has data of a later version ({format:?}; this reads up to {READABLE_SCHEMA})"
                )),
            },
        }
    }

    /// The recorded format.
    fn format(&self) -> Option<String> {
        let format = fs::read_to_string(self.path.join("format")).ok()?;
        Some(format.trim().to_owned())
    }
}

/// The database file in a data directory.
pub(crate) fn table_file(directory: &Path) -> PathBuf {
    directory.join("table.sqlite")
}

/// Checks that the file is a database. The engine would replace an empty file by a new database.
fn check_database(file: &Path) -> Result<(), String> {
    let mut magic = Vec::new();
    let read =
        File::open(file).and_then(|file| file.take(MAGIC.len() as u64).read_to_end(&mut magic));
    match read {
        Err(cause) => Err(format!("has no readable database file ({cause})")),
        Ok(0) => Err("has an empty database file".to_owned()),
        Ok(_) if magic != MAGIC => Err("has a damaged database file".to_owned()),
        Ok(_) => Ok(()),
    }
}

/// Takes the permissions of other users on a directory and its files away.
fn close_to_others(directory: &Path) -> io::Result<()> {
    fs::set_permissions(directory, Permissions::from_mode(0o700))?;
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            fs::set_permissions(entry.path(), Permissions::from_mode(0o600))?;
        }
    }
    Ok(())
}

/// The options with the permissions of a file that only its owner can read.
pub(crate) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options.mode(0o600)
}

/// Replaces a file. The rename of a draft keeps the file from being incomplete.
///
/// # Errors
///
/// The file cannot be written.
pub(crate) fn replace(file: &Path, content: &[u8]) -> io::Result<()> {
    let mut draft = file.as_os_str().to_owned();
    draft.push(".new");
    let mut options = OpenOptions::new();
    let mut written = private(options.write(true).create(true).truncate(true)).open(&draft)?;
    written.write_all(content)?;
    written.sync_all()?;
    fs::rename(draft, file)
}

/// Opens or creates a file for appending.
///
/// # Errors
///
/// The file cannot be opened.
pub(crate) fn open_for_append(file: &Path) -> Result<File, Error> {
    let opened = private(OpenOptions::new().create(true).append(true)).open(file);
    opened.map_err(|cause| format!("{}: {cause}", file.display()).into())
}
