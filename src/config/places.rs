//! Where the config file may be.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::ConfigError;

/// What the command line and the environment say about the config file.
///
/// The working directory has no say: a config may name programs to run, and is not picked up
/// from wherever a person happens to stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// `--config`, else `$OUST_CONFIG`.
    named: Option<PathBuf>,
    /// `$XDG_CONFIG_HOME/oust/oust.yaml`, else `~/.config/oust/oust.yaml`.
    usual: Option<PathBuf>,
}

impl Places {
    /// From the command line's `--config` and the environment's variables.
    pub fn new(flag: Option<&Path>, variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let path = |name: &str| {
            let value = variable(name).filter(|value| !value.is_empty());
            value.map(PathBuf::from)
        };
        // A relative one is to be ignored: XDG Base Directory Specification 0.8.
        let home = path("XDG_CONFIG_HOME")
            .filter(|path| path.is_absolute())
            .or_else(|| path("HOME").map(|home| home.join(".config")));
        Self {
            named: flag.map(Path::to_path_buf).or_else(|| path("OUST_CONFIG")),
            usual: home.map(|home| home.join("oust").join("oust.yaml")),
        }
    }

    /// The config file. One that was named is taken at its word: if it is missing, reading it
    /// says so, and no other is read in its place.
    ///
    /// # Errors
    /// [`ConfigError::NotFound`] with the places looked at.
    pub fn find(&self) -> Result<PathBuf, ConfigError> {
        if let Some(named) = &self.named {
            return Ok(named.clone());
        }
        match &self.usual {
            Some(usual) if usual.is_file() => Ok(usual.clone()),
            usual => {
                let usual = usual.as_ref().map(|path| path.display().to_string());
                let looked = ["--config (not given)", "$OUST_CONFIG (not set)"].map(str::to_owned);
                Err(ConfigError::NotFound {
                    looked: looked.into_iter().chain(usual).collect(),
                })
            }
        }
    }
}
