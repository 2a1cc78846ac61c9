//! Where a secret is: in the environment, in a file, or printed by a command. Never inline.
//!
//! A [`SecretRef`] is safe to print and to store; the value exists only in a [`SecretString`]
//! from the moment it is asked for. No error here ever holds a value, not even of a config
//! file that wrote the secret where its place should stand.

use std::io::Read as _;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use secrecy::SecretString;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use tokio::io::AsyncReadExt as _;

use super::wire::AuthError;
use crate::given::{Clock, within};

/// The longest secret, in bytes.
const SECRET_MAX: u64 = 64 << 10;

/// How long a command or a file may take.
const FETCH_MAX: Duration = Duration::from_secs(10);

/// Where a secret is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SecretRef {
    /// `{ env: NAME }`
    Env(String),
    /// `{ file: PATH }`
    File(PathBuf),
    /// `{ command: [PROGRAM, ARG…] }`: what it prints.
    Command(Vec<String>),
}

impl SecretRef {
    /// Fetches the secret; one newline at its end is not part of it.
    ///
    /// # Errors
    /// [`AuthError::Secret`] names the variable, the path or the program, never the value:
    /// absent, unreadable, empty, longer than 64 KiB, not text, or not there within 10 s.
    pub async fn fetch(&self, clock: &dyn Clock) -> Result<SecretString, AuthError> {
        let bytes = match self {
            Self::Env(name) => match std::env::var_os(name) {
                Some(value) => value.into_encoded_bytes(),
                None => return Err(self.unusable("is not set")),
            },
            Self::File(path) => {
                let path = path.clone();
                let read = tokio::task::spawn_blocking(move || read_bounded(&path));
                match within(clock, FETCH_MAX, read).await {
                    Some(Ok(Ok(bytes))) => bytes,
                    Some(Ok(Err(error))) => {
                        return Err(self.unusable(&format!("cannot be read: {}", error.kind())));
                    }
                    Some(Err(_)) => return Err(self.unusable("cannot be read")),
                    None => return Err(self.unusable("could not be read within 10 s")),
                }
            }
            Self::Command(words) => match within(clock, FETCH_MAX, run(words)).await {
                Some(Ok(bytes)) => bytes,
                Some(Err(why)) => return Err(self.unusable(&why)),
                None => return Err(self.unusable("did not end within 10 s")),
            },
        };
        self.checked(bytes)
    }

    /// A sentence if others on this machine can read the secret's file.
    #[must_use]
    pub fn exposed(&self) -> Option<String> {
        let Self::File(path) = self else { return None };
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(path).ok()?.permissions().mode();
            if mode & 0o077 != 0 {
                return Some(format!(
                    "{} can be read by others (mode {:03o}): chmod 600 it",
                    path.display(),
                    mode & 0o777
                ));
            }
        }
        #[cfg(not(unix))]
        let _ = path;
        None
    }

    fn checked(&self, mut bytes: Vec<u8>) -> Result<SecretString, AuthError> {
        if bytes.len() as u64 > SECRET_MAX {
            return Err(self.unusable("holds more than 64 KiB"));
        }
        if bytes.last() == Some(&b'\n') {
            bytes.pop();
            if bytes.last() == Some(&b'\r') {
                bytes.pop();
            }
        }
        if bytes.is_empty() {
            return Err(self.unusable("is empty"));
        }
        String::from_utf8(bytes)
            .map(SecretString::from)
            .map_err(|_| self.unusable("is not text"))
    }

    /// Where it is, for people: kind and name, never the value.
    #[must_use]
    pub fn place(&self) -> String {
        match self {
            Self::Env(name) => format!("environment variable {name}"),
            Self::File(path) => format!("secret file {}", path.display()),
            Self::Command(words) => {
                let program = words.first().map_or("", String::as_str);
                format!("secret command `{program}`")
            }
        }
    }

    fn unusable(&self, why: &str) -> AuthError {
        let then = match self {
            Self::Env(name) => format!("set {name} for this command"),
            Self::File(_) => "check that the path is right, and that you may read it".into(),
            Self::Command(_) => "run the command yourself to see what it says".into(),
        };
        AuthError::Secret {
            what: format!("{} {why}", self.place()),
            hint: format!("{then}; or name another place in the config file, under `auth`"),
        }
    }
}

/// Through [`Value`], so that no error of the parser repeats what stood there.
impl<'de> Deserialize<'de> for SecretRef {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        parse(&Value::deserialize(from)?).ok_or_else(|| {
            serde::de::Error::custom(
                "a secret is never inline: write `{ env: NAME }`, `{ file: PATH }` or \
                 `{ command: [PROGRAM, ARG…] }`",
            )
        })
    }
}

fn parse(value: &Value) -> Option<SecretRef> {
    let map = value.as_object()?;
    let (key, value) = map.iter().next().filter(|_| map.len() == 1)?;
    let text = || value.as_str().filter(|text| !text.is_empty());
    match key.as_str() {
        "env" => Some(SecretRef::Env(text()?.to_owned())),
        "file" => Some(SecretRef::File(text()?.into())),
        "command" => {
            let words: Option<Vec<String>> = value
                .as_array()?
                .iter()
                .map(|word| word.as_str().map(str::to_owned))
                .collect();
            words
                .filter(|words| words.first().is_some_and(|program| !program.is_empty()))
                .map(SecretRef::Command)
        }
        _ => None,
    }
}

fn read_bounded(path: &std::path::Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)?
        .take(SECRET_MAX + 1)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// What the command prints, at most one byte more than is allowed. It is killed when dropped.
async fn run(words: &[String]) -> Result<Vec<u8>, String> {
    let (program, arguments) = words.split_first().ok_or("names no program")?;
    let mut child = tokio::process::Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| format!("cannot be started: {}", error.kind()))?;
    let stdout = child.stdout.take().ok_or("has no output")?;
    let mut bytes = Vec::new();
    stdout
        .take(SECRET_MAX + 1)
        .read_to_end(&mut bytes)
        .await
        .map_err(|error| format!("cannot be read: {}", error.kind()))?;
    if bytes.len() as u64 > SECRET_MAX {
        return Ok(bytes);
    }
    let status = child
        .wait()
        .await
        .map_err(|error| format!("was lost: {}", error.kind()))?;
    if status.success() {
        Ok(bytes)
    } else {
        Err(match status.code() {
            Some(code) => format!("ended with exit code {code}"),
            None => "was killed".into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::given::SystemClock;
    use secrecy::ExposeSecret as _;

    #[test]
    fn an_inline_secret_is_refused_and_not_repeated() {
        for written in [
            "\"hunter2\"",
            "{\"api_token\":\"hunter2\"}",
            "{\"env\":{\"value\":\"hunter2\"}}",
            "{\"command\":[]}",
        ] {
            let error = serde_json::from_str::<SecretRef>(written).unwrap_err();
            assert!(error.to_string().contains("never inline"), "{error}");
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
    }

    #[tokio::test]
    async fn a_secret_comes_from_a_file_or_a_command_and_loses_one_newline() {
        let clock = SystemClock::new();
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        std::fs::write(&path, "s3cret\n\n").unwrap();
        let from_file = SecretRef::File(path.clone()).fetch(&clock).await.unwrap();
        assert_eq!(from_file.expose_secret(), "s3cret\n");
        let echo = SecretRef::Command(vec!["printf".into(), "abc\\n".into()]);
        assert_eq!(echo.fetch(&clock).await.unwrap().expose_secret(), "abc");
    }

    #[tokio::test]
    async fn a_secret_that_cannot_be_had_is_named_by_its_place() {
        let clock = SystemClock::new();
        let absent = SecretRef::Env("OUST_TEST_NO_SUCH_VARIABLE".into());
        let error = absent.fetch(&clock).await.unwrap_err().to_string();
        assert_eq!(
            error,
            "environment variable OUST_TEST_NO_SUCH_VARIABLE is not set"
        );
        let fails = SecretRef::Command(vec!["sh".into(), "-c".into(), "echo x; exit 3".into()]);
        let error = fails.fetch(&clock).await.unwrap_err().to_string();
        assert_eq!(error, "secret command `sh` ended with exit code 3");
        let floods = SecretRef::Command(vec!["sh".into(), "-c".into(), "yes".into()]);
        let error = floods.fetch(&clock).await.unwrap_err().to_string();
        assert_eq!(error, "secret command `sh` holds more than 64 KiB");
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_can_read_is_noted() {
        use std::os::unix::fs::PermissionsExt as _;
        let file = tempfile::NamedTempFile::new().unwrap();
        let secret = SecretRef::File(file.path().into());
        assert_eq!(secret.exposed(), None);
        std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(secret.exposed().unwrap().contains("644"));
    }
}
