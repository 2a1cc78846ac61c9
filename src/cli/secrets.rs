//! Where a link or a temporary password goes: to the terminal once, or into a file of its own.
//!
//! Nowhere else: no record, report or log has it. The file is made before anything is written at
//! a vendor, so that a place that cannot be used is told while nothing is lost yet; each secret is
//! on disk before the run goes on. What was to be handed over and never came is said at the end.

use std::fs::{File, OpenOptions};
use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use secrecy::ExposeSecret as _;

use super::exit::{Exit, Failure};
use super::say;
use crate::report::escape::visible;
use crate::transport::{Handed, Handover};

/// Takes secrets for whoever sits here.
#[derive(Debug)]
pub(super) struct Secrets {
    file: Option<(PathBuf, Mutex<File>)>,
    /// What the terminal is told at the end: in between it shows the run.
    kept: Mutex<Vec<Handed>>,
    count: Mutex<usize>,
}

impl Secrets {
    /// Opens the place: this file, which must not be there yet, or the terminal.
    ///
    /// # Errors
    /// [`Failure`], if the file cannot be made, or if nobody sits at a terminal.
    pub(super) fn open(file: Option<&Path>) -> Result<Self, Failure> {
        let file = match file {
            Some(path) => Some((path.to_owned(), Mutex::new(create(path)?))),
            None if std::io::stderr().is_terminal() => None,
            None => {
                let what = "the link for a new password has nowhere to go: this is no terminal";
                let hint = "name a file for it with --secrets FILE, or have Okta mail it: \
                            --password mail";
                return Err(Failure::say(Exit::Usage, what, hint));
            }
        };
        Ok(Self {
            file,
            kept: Mutex::new(Vec::new()),
            count: Mutex::new(0),
        })
    }

    /// How many were handed over.
    pub(super) fn count(&self) -> usize {
        *self.count.lock().expect("nothing panics while it is held")
    }

    /// Shows what was kept for the terminal, once; or says where the file is.
    pub(super) fn tell(&self) {
        let kept = std::mem::take(&mut *self.kept.lock().expect("nothing panics in there"));
        if !kept.is_empty() {
            say("");
            say("shown once, and kept nowhere; hand it over yourself, never by mail or chat:");
        }
        for handed in &kept {
            say(&line(handed));
        }
        if let Some((path, _)) = self.file.as_ref().filter(|_| self.count() > kept.len()) {
            say(&format!(
                "what to hand over is in {}, which only you can read: delete it afterwards",
                visible(&path.display().to_string())
            ));
        }
    }

    /// Keeps one for the terminal.
    fn keep(&self, handed: Handed) {
        let mut kept = self.kept.lock().expect("nothing panics while it is held");
        kept.push(handed);
    }
}

impl Handover for Secrets {
    fn take(&self, handed: Handed) {
        *self.count.lock().expect("nothing panics while it is held") += 1;
        let Some((path, file)) = &self.file else {
            return self.keep(handed);
        };
        let mut file = file.lock().expect("nothing panics while it is held");
        let line = line(&handed);
        if let Err(error) = writeln!(file, "{line}").and_then(|()| file.sync_all()) {
            let path = visible(&path.display().to_string());
            say(&format!(
                "! {path} cannot be written: {error}; shown here instead"
            ));
            self.keep(handed);
        }
    }
}

/// Attacker's text cannot come in here but in a login, which is made visible.
fn line(handed: &Handed) -> String {
    format!(
        "{}  {} at {}: {}",
        visible(&handed.login),
        handed.what.words(),
        handed.system,
        visible(handed.secret.expose_secret()),
    )
}

fn create(path: &Path) -> Result<File, Failure> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(|error| {
        let what = format!("cannot make {}: {error}", path.display());
        Failure::say(
            Exit::Usage,
            what,
            "name a file that is not there yet, in a directory of yours",
        )
    })
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;

    use super::*;
    use crate::model::{SystemId, UserId};
    use crate::transport::Parcel;

    fn handed(login: &str) -> Handed {
        Handed {
            subject: UserId::new("00u1"),
            login: login.into(),
            system: SystemId::new("okta"),
            what: Parcel::PasswordLink,
            secret: SecretString::from("https://acme.okta.com/reset_password/abc"),
        }
    }

    #[test]
    fn a_link_is_in_a_file_of_its_own_that_only_its_owner_can_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("alex.txt");
        let secrets = Secrets::open(Some(&path)).unwrap();
        secrets.take(handed("alex@acme.example"));
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(
            text,
            "alex@acme.example  link for a new password at okta: \
             https://acme.okta.com/reset_password/abc\n"
        );
        assert_eq!(secrets.count(), 1);
        assert!(secrets.kept.lock().unwrap().is_empty());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = path.metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn a_file_that_is_there_is_never_written_over() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("alex.txt");
        std::fs::write(&path, "mine").unwrap();
        Secrets::open(Some(&path)).unwrap_err();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "mine");
    }

    #[test]
    fn debugging_shows_no_secret() {
        let shown = format!("{:?}", handed("alex@acme.example"));
        assert!(!shown.contains("abc"), "{shown}");
    }

    #[test]
    fn a_login_cannot_move_the_cursor() {
        let line = line(&handed("alex\u{1b}[2J"));
        assert!(!line.contains('\u{1b}'), "{line}");
    }
}
