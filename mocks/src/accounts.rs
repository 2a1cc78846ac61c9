//! Which id a person of the story has at each vendor: drawn from his login, in the vendor's shape.
//!
//! Okta's `externalId` of an app assignment and the vendor's own id are one and the same, as
//! provisioning leaves them. No chance is used, so that no seeded run depends on who has accounts.

use sha2::{Digest as _, Sha256};

/// A Slack user id: `W` and ten capitals and digits, as in an Enterprise organisation.
#[must_use]
pub fn slack_id(login: &str) -> String {
    const SIGNS: &[u8] = b"0123456789ABCDEFGHJKLMNPQRSTUVWXYZ";
    let bytes = digest("slack", login);
    let rest: String = bytes[..10]
        .iter()
        .map(|b| char::from(SIGNS[usize::from(*b) % SIGNS.len()]))
        .collect();
    format!("W{rest}")
}

/// A Google Directory user id: 21 digits.
#[must_use]
pub fn google_id(login: &str) -> String {
    let bytes = digest("google", login);
    let rest: String = bytes[..20]
        .iter()
        .map(|b| char::from(b'0' + b % 10))
        .collect();
    format!("1{rest}")
}

/// An Entra object id: a GUID.
#[must_use]
pub fn m365_id(login: &str) -> String {
    guid("m365", login)
}

/// A Salesforce user id: `005`, twelve letters and digits, and the three that tell their case.
#[must_use]
pub fn salesforce_id(login: &str) -> String {
    salesforce_id_at("salesforce", login)
}

/// The same in an org of another name, such as `salesforce:eu`.
#[must_use]
pub fn salesforce_id_at(system: &str, login: &str) -> String {
    salesforce_key("005", system, login)
}

/// A GitHub account's number, which never changes.
#[must_use]
pub fn github_id(login: &str) -> String {
    github_number_at("github", login).to_string()
}

/// The same at a system of another name, such as `github:eng`, where people have other accounts.
#[must_use]
pub fn github_id_at(system: &str, login: &str) -> String {
    github_number_at(system, login).to_string()
}

/// The login of a GitHub account that nobody manages: `alex-contoso`, or `alex-eng` at `github:eng`.
#[must_use]
pub fn github_login(login: &str) -> String {
    github_login_at("github", login)
}

pub(crate) fn github_login_at(system: &str, login: &str) -> String {
    let local = login.split('@').next().unwrap_or_default();
    let sign = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let local: String = local.chars().map(sign).collect();
    let tail = system.split_once(':').map_or("contoso", |(_, name)| name);
    format!("{local}-{tail}")
}

pub(crate) fn github_number_at(system: &str, login: &str) -> u64 {
    let bytes = digest(&format!("{system} number"), login);
    let number = bytes[..6].iter().fold(0, |n, b| n << 8 | u64::from(*b));
    1_000_000_000 + number % 9_000_000_000
}

/// The id that GitHub's SCIM gives a person: a GUID.
#[must_use]
pub fn github_scim_id(login: &str) -> String {
    github_scim_id_at("github", login)
}

pub(crate) fn github_scim_id_at(system: &str, login: &str) -> String {
    guid(system, login)
}

/// What Contoso's intranet, the app with a Global Token Revocation endpoint, calls a person: a GUID.
#[must_use]
pub fn gtr_id(login: &str) -> String {
    guid("gtr", login)
}

/// A user id of Identity Center: ten hexadecimal digits of the identity store and a GUID.
#[must_use]
pub fn portal_id(login: &str) -> String {
    format!("9067c0a705-{}", guid("identity center", login))
}

/// What the session of a person is called at AWS: his login, as Okta asserts it.
#[must_use]
pub fn aws_id(login: &str) -> String {
    login.to_owned()
}

/// A unique id at AWS: four letters that say its kind, seventeen capitals and digits.
pub(crate) fn aws_key(kind: &str, name: &str) -> String {
    const SIGNS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let bytes = digest(&format!("aws {kind}"), name);
    let rest: String = bytes[..17]
        .iter()
        .map(|b| char::from(SIGNS[usize::from(*b) % SIGNS.len()]))
        .collect();
    format!("{kind}{rest}")
}

/// An id of 18 characters for anything in a Salesforce org.
pub(crate) fn salesforce_key(prefix: &str, system: &str, name: &str) -> String {
    const SIGNS: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    const CASES: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";
    let bytes = digest(&format!("{system} {prefix}"), name);
    let middle = bytes[..12]
        .iter()
        .map(|b| char::from(SIGNS[usize::from(*b) % SIGNS.len()]));
    let short: String = prefix.chars().chain(middle).collect();
    let tail: String = short
        .as_bytes()
        .chunks(5)
        .map(|five| {
            let bits = five.iter().enumerate();
            let capitals = bits.fold(0, |sum, (n, c)| {
                sum | usize::from(c.is_ascii_uppercase()) << n
            });
            char::from(CASES[capitals])
        })
        .collect();
    short + &tail
}

/// A GUID drawn from a kind and a name.
pub(crate) fn guid(kind: &str, name: &str) -> String {
    let b = digest(kind, name);
    let hex = |part: &[u8]| -> String { part.iter().map(|x| format!("{x:02x}")).collect() };
    format!(
        "{}-{}-4{}-a{}-{}",
        hex(&b[..4]),
        hex(&b[4..6]),
        &hex(&b[6..8])[1..],
        &hex(&b[8..10])[1..],
        hex(&b[10..16]),
    )
}

/// The id at the vendor behind an Okta app, if the mocks have that vendor.
pub(crate) fn external_id(app_name: &str, login: &str) -> Option<String> {
    match app_name {
        "office365" => Some(m365_id(login)),
        "google" => Some(google_id(login)),
        "slack" => Some(slack_id(login)),
        "salesforce" => Some(salesforce_id(login)),
        "githubcloud" => Some(github_scim_id(login)),
        "contoso_intranet_1" => Some(gtr_id(login)),
        "amazon_aws_sso" => Some(portal_id(login)),
        _ => None,
    }
}

fn digest(kind: &str, login: &str) -> [u8; 32] {
    Sha256::digest(format!("{kind} {}", login.to_lowercase())).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_the_shape_of_their_vendor_and_differ_by_person() {
        let alex = "alex@contoso.example";
        assert_eq!(slack_id(alex).len(), 11);
        assert!(
            google_id(alex)
                .parse::<u128>()
                .is_ok_and(|_| google_id(alex).len() == 21)
        );
        assert_eq!(
            m365_id(alex).split('-').map(str::len).collect::<Vec<_>>(),
            [8, 4, 4, 4, 12]
        );
        let salesforce = salesforce_id(alex);
        assert!(salesforce.len() == 18 && salesforce.starts_with("005"));
        assert_ne!(salesforce, salesforce_id_at("salesforce:eu", alex));
        assert!(github_id(alex).parse::<u64>().is_ok());
        assert_eq!(github_login("alex.b@contoso.example"), "alex-b-contoso");
        let all = [
            slack_id,
            google_id,
            m365_id,
            salesforce_id,
            github_id,
            github_scim_id,
            gtr_id,
        ];
        for id in all {
            assert_eq!(id(alex), id("Alex@contoso.example"));
            assert_ne!(id(alex), id("kim@contoso.example"));
        }
    }
}
