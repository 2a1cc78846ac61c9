//! A profile of the machine's AWS files: keys, or roles that are assumed with another profile's.
//!
//! Reads `~/.aws/credentials` and `~/.aws/config`, or where `AWS_SHARED_CREDENTIALS_FILE` and
//! `AWS_CONFIG_FILE` say, anew each time. Knows keys, `role_arn` with `source_profile` and
//! `external_id`, and `web_identity_token_file`. A profile that signs in by a browser or asks a
//! program is not read: the SDKs keep state for these that is theirs; `{ command: … }` can ask the
//! AWS CLI. Source: AWS SDKs and Tools Reference, "Shared config and credentials files" [docs*].

use std::collections::BTreeMap;
use std::path::PathBuf;

use secrecy::{ExposeSecret as _, SecretString};

use super::arn::Arn;
use super::settings::RoleToAssume;
use super::sigv4::Signing;
use crate::given::Clock;
use crate::transport::{AuthError, SecretRef};

/// Profiles that lead to one another, at most.
const HOPS_MAX: usize = 5;
/// Lines of a file that are read.
const LINES_MAX: usize = 10_000;

/// What a profile comes to.
pub(super) struct Profile {
    /// Where it begins.
    pub(super) base: Base,
    /// The roles to assume from there, in order.
    pub(super) roles: Vec<RoleToAssume>,
}

/// Where a profile begins.
pub(super) enum Base {
    /// With keys.
    Keys(Signing),
    /// With a workload's token.
    Token {
        /// Where it is.
        token: SecretRef,
        /// For which role.
        role: Arn,
    },
}

/// A profile's settings, those of the credentials file before those of the config file.
type Section = BTreeMap<String, SecretString>;
type Sections = BTreeMap<String, Section>;

/// Reads a profile.
///
/// # Errors
/// [`AuthError::Secret`]: no such profile, or one that cannot be used; never a value.
pub(super) async fn read(name: &str, clock: &dyn Clock) -> Result<Profile, AuthError> {
    let mut sections = Sections::new();
    let mut missing = None;
    for (path, is_config) in files() {
        match SecretRef::File(path).fetch(clock).await {
            Ok(text) => parse(text.expose_secret(), is_config, &mut sections),
            // Either file may be absent; both are told below.
            Err(error) => missing = Some(error),
        }
    }
    match missing {
        Some(error) if sections.is_empty() => Err(error),
        _ => resolve(name, &sections),
    }
}

/// The files, in the order of their weight.
fn files() -> [(PathBuf, bool); 2] {
    let home = std::env::home_dir().unwrap_or_default().join(".aws");
    let at = |variable: &str, name: &str| {
        let set = std::env::var_os(variable).filter(|path| !path.is_empty());
        set.map_or_else(|| home.join(name), PathBuf::from)
    };
    [
        (at("AWS_SHARED_CREDENTIALS_FILE", "credentials"), false),
        (at("AWS_CONFIG_FILE", "config"), true),
    ]
}

/// Adds a file's sections; what stands there already goes before.
fn parse(text: &str, is_config: bool, sections: &mut Sections) {
    let mut current: Option<String> = None;
    for line in text.lines().take(LINES_MAX) {
        // Indented lines belong to the setting above (`s3 =`): none that we read.
        let is_nested = line.starts_with([' ', '\t']);
        let line = line.trim();
        if is_nested || line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(head) = line.strip_prefix('[') {
            let head = head.split(']').next().unwrap_or_default().trim();
            current = section(head, is_config);
            continue;
        }
        let (Some(name), Some((key, value))) = (&current, line.split_once('=')) else {
            continue;
        };
        let value = value.split(" #").next().unwrap_or_default();
        let value = value.split(" ;").next().unwrap_or_default().trim();
        let section = sections.entry(name.clone()).or_default();
        let key = key.trim().to_lowercase();
        section
            .entry(key)
            .or_insert_with(|| SecretString::from(value));
    }
}

/// A profile's name: `[profile NAME]` in the config file, except for `default`.
fn section(head: &str, is_config: bool) -> Option<String> {
    let named = head.strip_prefix("profile").map(str::trim_start);
    match named {
        Some(name) if is_config && head.len() > name.len() + 7 => Some(name.to_owned()),
        _ if is_config && head != "default" => None,
        _ => Some(head.to_owned()),
    }
}

fn resolve(name: &str, sections: &Sections) -> Result<Profile, AuthError> {
    let mut roles = Vec::new();
    let mut at = name.to_owned();
    for hop in 0..HOPS_MAX {
        let known = || unfit(&at, "is in neither of AWS's files");
        let section = sections.get(&at).ok_or_else(known)?;
        let get = |key: &str| {
            let value = section.get(key).map(|value| value.expose_secret());
            value.filter(|value| !value.is_empty())
        };
        // A profile that is its own source has the keys itself.
        let is_source = hop > 0 && get("source_profile").is_none_or(|source| source == at);
        if let (Some(arn), false) = (
            get("role_arn"),
            is_source && get("aws_access_key_id").is_some(),
        ) {
            let arn = Arn::role("role_arn", arn).map_err(|why| unfit(&at, &why))?;
            if let Some(file) = get("web_identity_token_file") {
                let token = SecretRef::File(file.into());
                roles.reverse();
                let base = Base::Token { token, role: arn };
                return Ok(Profile { base, roles });
            }
            let external_id = get("external_id").map(str::to_owned);
            roles.push(RoleToAssume { arn, external_id });
            if let Some(source) = get("source_profile") {
                at = source.to_owned();
                continue;
            }
            return Err(unfit(
                &at,
                "has `role_arn` and no `source_profile` to assume it with",
            ));
        }
        let (Some(id), Some(secret)) = (get("aws_access_key_id"), get("aws_secret_access_key"))
        else {
            let other = ["sso_session", "sso_start_url", "credential_process"];
            let other = other.into_iter().find(|key| get(key).is_some());
            return Err(match other {
                Some(key) => unfit(&at, &format!("uses `{key}`, which oust does not read")),
                None => unfit(&at, "has no keys"),
            });
        };
        roles.reverse();
        let base = Base::Keys(Signing {
            access_key_id: id.to_owned(),
            secret_access_key: SecretString::from(secret),
            session_token: get("aws_session_token").map(SecretString::from),
        });
        return Ok(Profile { base, roles });
    }
    Err(unfit(
        name,
        &format!("leads over more than {HOPS_MAX} others"),
    ))
}

fn unfit(name: &str, why: &str) -> AuthError {
    AuthError::Secret {
        what: format!("the AWS profile `{name}` {why}"),
        hint: "name another `profile`, or keys as `{ env: NAME }`, `{ file: PATH }` or \
               `{ command: [PROGRAM, ARG…] }` under `auth`"
            .into(),
    }
}
