//! What may go wrong with a file, and which of a user's own errors it is.

use std::path::Path;

use rusqlite::ErrorCode;

/// Why a file could not be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// It was written by a newer oust.
    #[error("the {what} is version {found}, this oust knows {known}: use the newer oust")]
    Newer {
        /// What it is: `ledger`.
        what: &'static str,
        /// The file's version.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// The file is something else or is damaged.
    #[error("the {what} at {path} cannot be read: {why}")]
    Corrupt {
        /// What it should be.
        what: &'static str,
        /// Which file.
        path: String,
        /// What is wrong.
        why: String,
    },
    /// The disk refused.
    #[error("the {what} at {path} cannot be written: {why}")]
    Disk {
        /// What it is.
        what: &'static str,
        /// Which file.
        path: String,
        /// What was refused.
        why: String,
    },
}

/// What went wrong, before it is known at which path; `E` is the user's own error.
#[derive(Debug)]
pub enum Trouble<E> {
    /// Said already.
    Own(E),
    /// About the file.
    File(FileError),
    /// SQLite's own.
    Sql(rusqlite::Error),
    /// A text in the tables is not what we write.
    Text(serde_json::Error),
}

impl<E> From<FileError> for Trouble<E> {
    fn from(error: FileError) -> Self {
        Self::File(error)
    }
}

impl<E> From<rusqlite::Error> for Trouble<E> {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl<E> From<serde_json::Error> for Trouble<E> {
    fn from(error: serde_json::Error) -> Self {
        Self::Text(error)
    }
}

impl<E: From<FileError>> Trouble<E> {
    /// As its user says it.
    pub(super) fn at(self, what: &'static str, path: &Path) -> E {
        match self {
            Self::Own(error) => error,
            Self::File(error) => error.into(),
            Self::Text(error) => FileError::Corrupt {
                what,
                path: path.display().to_string(),
                why: error.to_string(),
            }
            .into(),
            Self::Sql(error) => sql_at(&error, what, path).into(),
        }
    }
}

/// What is wrong with the file is `Corrupt`, all else is `Disk`.
pub(super) fn sql_at(error: &rusqlite::Error, what: &'static str, path: &Path) -> FileError {
    let path = path.display().to_string();
    if is_damage(error) {
        let why = error.to_string();
        return FileError::Corrupt { what, path, why };
    }
    let why = if is_busy(error) {
        format!("another process holds it: {error}")
    } else {
        error.to_string()
    };
    FileError::Disk { what, path, why }
}

fn is_damage(error: &rusqlite::Error) -> bool {
    match error {
        // `Unknown` is SQLite's plain error: a table or column that we made is not there.
        rusqlite::Error::SqliteFailure(failure, _) => matches!(
            failure.code,
            ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt | ErrorCode::Unknown
        ),
        rusqlite::Error::SqlInputError { .. }
        | rusqlite::Error::InvalidColumnType(..)
        | rusqlite::Error::FromSqlConversionFailure(..)
        | rusqlite::Error::IntegralValueOutOfRange(..)
        | rusqlite::Error::QueryReturnedNoRows => true,
        _ => false,
    }
}

/// Whether another process was in the way.
pub(super) fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
    )
}
