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

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, credentials: &str, config: &str) -> Result<Profile, AuthError> {
        let mut sections = Sections::new();
        parse(credentials, false, &mut sections);
        parse(config, true, &mut sections);
        resolve(name, &sections)
    }

    const KEYS: &str = "\
[default]
aws_access_key_id = AKIADEFAULT
aws_secret_access_key=s3cret/default   # spare
[base]
AWS_ACCESS_KEY_ID = AKIABASE
aws_secret_access_key = s3cret/base
aws_session_token = t0ken
";

    const CONFIG: &str = "\
[default]
region = eu-central-1
s3 =
  aws_access_key_id = AKIANESTED
[profile responder]
role_arn = arn:aws:iam::111122223333:role/second
source_profile = hop
external_id = x-1
[profile hop]
role_arn = arn:aws:iam::999988887777:role/first
source_profile = base
[profile pod]
role_arn = arn:aws:iam::999988887777:role/pod
web_identity_token_file = /var/run/token
[profile browser]
sso_session = contoso
[profile round]
role_arn = arn:aws:iam::999988887777:role/round
source_profile = square
[profile square]
role_arn = arn:aws:iam::999988887777:role/square
source_profile = round
[profile own]
role_arn = arn:aws:iam::999988887777:role/own
source_profile = own
aws_access_key_id = AKIAOWN
aws_secret_access_key = s3cret/own
[profilefake]
aws_access_key_id = AKIAFAKE
";

    fn keys(profile: &Profile) -> (&str, &str) {
        match &profile.base {
            Base::Keys(keys) => (&keys.access_key_id, keys.secret_access_key.expose_secret()),
            Base::Token { .. } => panic!("it has keys"),
        }
    }

    #[test]
    fn a_profile_has_keys_or_roles_that_another_s_keys_assume() {
        let default = of("default", KEYS, CONFIG).unwrap();
        assert_eq!(keys(&default), ("AKIADEFAULT", "s3cret/default"));
        assert!(default.roles.is_empty());
        let responder = of("responder", KEYS, CONFIG).unwrap();
        assert_eq!(keys(&responder).0, "AKIABASE");
        let roles: Vec<&str> = responder
            .roles
            .iter()
            .map(|role| role.arn.name.as_str())
            .collect();
        assert_eq!(
            roles,
            ["first", "second"],
            "in the order in which they are assumed"
        );
        assert_eq!(responder.roles[1].external_id.as_deref(), Some("x-1"));
        let own = of("own", KEYS, CONFIG).unwrap();
        assert_eq!((keys(&own).0, own.roles.len()), ("AKIAOWN", 1));
        let pod = of("pod", "", CONFIG).unwrap();
        assert!(matches!(pod.base, Base::Token { ref role, .. } if role.name == "pod"));
    }

    #[test]
    fn what_cannot_be_used_is_named_and_no_value_is_shown() {
        for (name, why) in [
            ("nobody", "neither"),
            ("browser", "sso_session"),
            ("round", "more than 5"),
            ("profilefake", "neither"),
        ] {
            let error = of(name, KEYS, CONFIG).err().unwrap();
            assert!(error.to_string().contains(why), "{error}");
            assert!(!error.to_string().contains("s3cret"), "{error}");
        }
        let half = of("half", "[half]\naws_access_key_id = AKIA", "")
            .err()
            .unwrap();
        assert!(half.to_string().contains("no keys"), "{half}");
    }
}
