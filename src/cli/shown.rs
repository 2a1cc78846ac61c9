//! What live rehearsals showed about the org, as the engine asks for it when it plans for many: read
//! from the file beside the ledger at that moment, so that a server heeds a rehearsal of last night.

use std::path::{Path, PathBuf};

use async_trait::async_trait;

use crate::engine::Shown;
use crate::rehearsals::{Fact, FactName, SqliteRehearsals, learnt};

/// The rehearsals beside a ledger.
pub(super) struct ShownBeside(PathBuf);

impl ShownBeside {
    pub(super) fn of(ledger: &Path) -> Self {
        Self(SqliteRehearsals::beside(ledger))
    }
}

#[async_trait]
impl Shown for ShownBeside {
    async fn newest(&self, org_id: &str, name: FactName) -> Result<Option<Fact>, String> {
        // Asking makes no file: where there is none, nothing was rehearsed.
        if !self.0.exists() {
            return Ok(None);
        }
        let kept = SqliteRehearsals::open(&self.0).map_err(|error| error.to_string())?;
        let all = kept.all().await.map_err(|error| error.to_string())?;
        let here = all.iter().filter(|each| each.org_id == org_id);
        Ok(learnt(here).into_iter().find(|fact| fact.name == name))
    }
}
