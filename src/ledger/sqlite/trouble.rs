//! What may go wrong below the port, and which of the port's errors it is.

use std::path::Path;

use rusqlite::ErrorCode;

use crate::ledger::StoreError;

/// What went wrong, before it is known at which path.
pub(super) enum Trouble {
    /// Said already.
    Store(StoreError),
    /// SQLite's own.
    Sql(rusqlite::Error),
    /// A text in the tables is not what we write.
    Text(serde_json::Error),
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<rusqlite::Error> for Trouble {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<serde_json::Error> for Trouble {
    fn from(error: serde_json::Error) -> Self {
        Self::Text(error)
    }
}

impl Trouble {
    /// As the port says it: what is wrong with the file is `Corrupt`, all else is `Disk`.
    pub(super) fn at(self, path: &Path) -> StoreError {
        let path = path.display().to_string();
        match self {
            Self::Store(error) => error,
            Self::Text(error) => StoreError::Corrupt {
                path,
                why: error.to_string(),
            },
            Self::Sql(error) if is_damage(&error) => StoreError::Corrupt {
                path,
                why: error.to_string(),
            },
            Self::Sql(error) if is_busy(&error) => StoreError::Disk {
                path,
                why: format!("another process holds it: {error}"),
            },
            Self::Sql(error) => StoreError::Disk {
                path,
                why: error.to_string(),
            },
        }
    }
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
