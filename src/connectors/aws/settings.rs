//! AWS's part of the config file, parsed and checked.
//!
//! One entry stands for several systems: each account of `accounts:` is one, and the organisation's
//! Identity Center, if `identity_center:` is there. [`split`] takes an entry apart; what is opened is
//! always one of them, with its own part of the settings.
//!
//! Endpoints and signing regions of the partitions are AWS's published ones [docs*]; all of them can
//! be replaced. `{region}` in `cloudtrail_url` stands for the region.

use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use super::arn::{Arn, Partition, is_account};
use crate::transport::{SecretRef, origin_of};

/// The settings, for `unknown key` errors with the nearest name.
pub(super) const KEYS: &[&str] = &[
    "partition",
    "region",
    "auth",
    "accounts",
    "trail_regions",
    "saml_providers",
    "identity_center",
    "scp",
    "iam_url",
    "sts_url",
    "cloudtrail_url",
    "sso_admin_url",
    "identitystore_url",
    "organizations_url",
];

/// The name of the organisation's system, beside those of the accounts.
pub(super) const IDENTITY_CENTER: &str = "identity-center";

/// Accounts of one entry at most.
const ACCOUNTS_MAX: usize = 500;
/// Regions whose trail is read, at most.
const REGIONS_MAX: usize = 20;

/// The settings of one system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Settings {
    /// Which AWS it is.
    pub(super) partition: Partition,
    /// Where roles are assumed.
    pub(super) region: String,
    /// Who we are before any role.
    pub(super) auth: Auth,
    /// What this system is.
    pub(super) place: Place,
    /// Where people's sign-ins are looked for; never empty.
    pub(super) trail_regions: Vec<String>,
    /// The names of the identity providers that are Okta's; empty if that is to be found out.
    pub(super) saml_providers: Vec<String>,
    /// The prepared policy, `p-…`; only Identity Center's system has one.
    pub(super) scp: Option<String>,
    /// Addresses that are not AWS's own.
    urls: Urls,
}

/// What one system is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// One account.
    Account(Account),
    /// The organisation's Identity Center.
    IdentityCenter(IdentityCenter),
}

/// One account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Account {
    /// Its twelve digits.
    pub(super) id: String,
    /// The role that we assume there; without one the credentials are used as they are.
    pub(super) role: Option<RoleToAssume>,
}

/// The organisation's Identity Center and policies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct IdentityCenter {
    /// Its home region.
    pub(super) region: String,
    /// The role that we assume there, in the management account or a delegated administrator's.
    pub(super) role: Option<RoleToAssume>,
    /// `d-…`, if it need not be asked for.
    pub(super) identity_store_id: Option<String>,
    /// Whose word the ids are that Okta keeps of his users, where they are not the store's own.
    pub(super) external_id_issuer: Option<String>,
}

/// A role and what its trust asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RoleToAssume {
    /// Which.
    pub(super) arn: Arn,
    /// What its trust policy wants to hear; no secret [docs].
    pub(super) external_id: Option<String>,
}

/// Who we are before any role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Auth {
    /// Keys.
    Keys(Keys),
    /// A profile of the machine's AWS files.
    Profile(String),
    /// A token of a workload identity, exchanged for a role's keys.
    WebIdentity {
        /// Where the token is; read anew each time.
        token: SecretRef,
        /// For which role.
        role: Arn,
    },
}

/// An access key, wherever it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Keys {
    /// `AKIA…`, or `ASIA…` beside a session token.
    pub(super) access_key_id: SecretRef,
    /// Its secret.
    pub(super) secret_access_key: SecretRef,
    /// Of temporary keys.
    pub(super) session_token: Option<SecretRef>,
}

#[derive(Clone, Debug, PartialEq, Eq, Default)]
struct Urls {
    iam: Option<Url>,
    sts: Option<Url>,
    cloudtrail: Option<String>,
    sso_admin: Option<Url>,
    identitystore: Option<Url>,
    organizations: Option<Url>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    partition: Option<String>,
    region: Option<String>,
    auth: RawAuth,
    #[serde(default)]
    accounts: Vec<RawAccount>,
    trail_regions: Option<Vec<String>>,
    #[serde(default)]
    saml_providers: Vec<String>,
    identity_center: Option<RawCenter>,
    scp: Option<String>,
    iam_url: Option<String>,
    sts_url: Option<String>,
    cloudtrail_url: Option<String>,
    sso_admin_url: Option<String>,
    identitystore_url: Option<String>,
    organizations_url: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawAuth {
    access_key_id: Option<SecretRef>,
    secret_access_key: Option<SecretRef>,
    session_token: Option<SecretRef>,
    profile: Option<String>,
    web_identity: Option<RawWebIdentity>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawWebIdentity {
    token: SecretRef,
    role_arn: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawAccount {
    id: Value,
    role_arn: Option<String>,
    external_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCenter {
    region: Option<String>,
    role_arn: Option<String>,
    external_id: Option<String>,
    identity_store_id: Option<String>,
    external_id_issuer: Option<String>,
}

/// The systems that one entry stands for. Settings that cannot be taken apart stay whole, for
/// [`Settings::parse`] to say what is wrong with them.
pub(super) fn split(settings: &Value) -> Vec<(String, Value)> {
    let Some(all) = settings.as_object() else {
        return Vec::new();
    };
    let of = |key: &str, value: Value| {
        let mut own = all.clone();
        for other in ["accounts", "identity_center", "scp"] {
            if other != key && !(key == "identity_center" && other == "scp") {
                own.remove(other);
            }
        }
        own.insert(key.to_owned(), value);
        Value::Object(own)
    };
    let accounts = match all.get("accounts") {
        Some(Value::Array(accounts)) => accounts.as_slice(),
        None => &[],
        Some(_) => return Vec::new(),
    };
    if accounts.len() > ACCOUNTS_MAX {
        return Vec::new();
    }
    let mut systems = Vec::new();
    for account in accounts {
        let Ok(id) = account_id(&account["id"]) else {
            return Vec::new();
        };
        systems.push((id, of("accounts", json!([account]))));
    }
    if let Some(center) = all.get("identity_center") {
        systems.push((
            IDENTITY_CENTER.into(),
            of("identity_center", center.clone()),
        ));
    } else if all.contains_key("scp") {
        return Vec::new();
    }
    systems
}

impl Settings {
    /// Reads the settings of one system.
    ///
    /// # Errors
    /// A sentence that says what is wrong; it never repeats a value that may be a secret.
    pub(super) fn parse(value: &Value) -> Result<Self, String> {
        let raw = Raw::deserialize(value).map_err(|error| error.to_string())?;
        let partition = partition(&raw)?;
        let region = match &raw.region {
            Some(region) => region_of("region", region, partition)?,
            None => partition.region().to_owned(),
        };
        let place = place(&raw, partition, &region)?;
        let is_center = matches!(place, Place::IdentityCenter(_));
        if raw.scp.is_some() && !is_center {
            return Err("`scp` names a policy for `identity_center`, which is not there".into());
        }
        Ok(Self {
            trail_regions: trail_regions(raw.trail_regions.as_deref(), partition, &region)?,
            saml_providers: saml_providers(raw.saml_providers)?,
            auth: auth(raw.auth, partition)?,
            scp: raw.scp.as_deref().map(policy_id).transpose()?,
            urls: Urls {
                iam: address("iam_url", raw.iam_url.as_deref())?,
                sts: address("sts_url", raw.sts_url.as_deref())?,
                cloudtrail: trail_address(raw.cloudtrail_url)?,
                sso_admin: address("sso_admin_url", raw.sso_admin_url.as_deref())?,
                identitystore: address("identitystore_url", raw.identitystore_url.as_deref())?,
                organizations: address("organizations_url", raw.organizations_url.as_deref())?,
            },
            partition,
            region,
            place,
        })
    }

    /// The role that we assume at this system.
    pub(super) fn role(&self) -> Option<&RoleToAssume> {
        match &self.place {
            Place::Account(account) => account.role.as_ref(),
            Place::IdentityCenter(center) => center.role.as_ref(),
        }
    }

    /// Where IAM is.
    pub(super) fn iam_url(&self) -> Url {
        let own = || fixed(&self.partition.host("iam", None));
        self.urls.iam.clone().unwrap_or_else(own)
    }

    /// Where STS is.
    pub(super) fn sts_url(&self) -> Url {
        let own = || fixed(&self.partition.host("sts", Some(&self.region)));
        self.urls.sts.clone().unwrap_or_else(own)
    }

    /// Where the trail of a region is.
    pub(super) fn cloudtrail_url(&self, region: &str) -> Url {
        match &self.urls.cloudtrail {
            Some(text) => fixed(&text.replace("{region}", region)),
            None => fixed(&self.partition.host("cloudtrail", Some(region))),
        }
    }

    /// Where Identity Center's administration is.
    pub(super) fn sso_admin_url(&self, region: &str) -> Url {
        let own = || fixed(&self.partition.host("sso", Some(region)));
        self.urls.sso_admin.clone().unwrap_or_else(own)
    }

    /// Where Identity Center's people are.
    pub(super) fn identitystore_url(&self, region: &str) -> Url {
        let own = || fixed(&self.partition.host("identitystore", Some(region)));
        self.urls.identitystore.clone().unwrap_or_else(own)
    }

    /// Where the organisation is.
    pub(super) fn organizations_url(&self) -> Url {
        let own = || fixed(&self.partition.host("organizations", None));
        self.urls.organizations.clone().unwrap_or_else(own)
    }
}

fn fixed(url: &str) -> Url {
    Url::parse(url).expect("regions and configured addresses were checked")
}

fn address(key: &str, text: Option<&str>) -> Result<Option<Url>, String> {
    let Some(text) = text else { return Ok(None) };
    let url = origin_of(text).map_err(|why| format!("`{key}`: {why}"))?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err(format!("`{key}` has neither a query nor a fragment"));
    }
    Ok(Some(url))
}

fn trail_address(text: Option<String>) -> Result<Option<String>, String> {
    if let Some(text) = &text {
        address("cloudtrail_url", Some(&text.replace("{region}", "region")))?;
    }
    Ok(text)
}

/// By `partition:`, else by the first ARN; all ARNs must agree with it.
fn partition(raw: &Raw) -> Result<Partition, String> {
    if let Some(text) = &raw.partition {
        return Partition::of(text).ok_or_else(|| {
            format!("`partition` is `aws`, `aws-us-gov` or `aws-cn`, and not `{text}`")
        });
    }
    let accounts = raw
        .accounts
        .iter()
        .filter_map(|each| each.role_arn.as_deref());
    let center = raw.identity_center.iter();
    let center = center.filter_map(|each| each.role_arn.as_deref());
    let web = raw
        .auth
        .web_identity
        .iter()
        .map(|web| web.role_arn.as_str());
    let first = accounts.chain(center).chain(web).next();
    match first {
        Some(arn) => Ok(Arn::role("role_arn", arn)?.partition),
        None => Ok(Partition::Aws),
    }
}

fn place(raw: &Raw, partition: Partition, region: &str) -> Result<Place, String> {
    match (&raw.accounts[..], &raw.identity_center) {
        ([account], None) => {
            let id = account_id(&account.id)?;
            let role = role(&account.role_arn, &account.external_id, partition)?;
            if let Some(role) = role.as_ref().filter(|role| role.arn.account != id) {
                return Err(format!(
                    "`role_arn` is of account {}, and `id` says {id}",
                    role.arn.account
                ));
            }
            Ok(Place::Account(Account { id, role }))
        }
        ([], Some(center)) => Ok(Place::IdentityCenter(IdentityCenter {
            region: match &center.region {
                Some(region) => region_of("identity_center.region", region, partition)?,
                None => region.to_owned(),
            },
            role: role(&center.role_arn, &center.external_id, partition)?,
            identity_store_id: center
                .identity_store_id
                .as_deref()
                .map(identity_store)
                .transpose()?,
            external_id_issuer: center.external_id_issuer.clone(),
        })),
        ([], None) => Err(
            "name at least one of `accounts`, a list of `{ id, role_arn }`, and \
                           `identity_center`"
                .into(),
        ),
        (several, _) => {
            if several.len() > ACCOUNTS_MAX {
                return Err(format!("more than {ACCOUNTS_MAX} accounts"));
            }
            for account in several {
                account_id(&account.id)?;
            }
            Err("one system is one account, or the identity center".into())
        }
    }
}

fn role(
    arn: &Option<String>,
    external_id: &Option<String>,
    partition: Partition,
) -> Result<Option<RoleToAssume>, String> {
    let Some(arn) = arn else {
        return match external_id {
            Some(_) => Err("`external_id` is for a `role_arn`, which is not there".into()),
            None => Ok(None),
        };
    };
    let arn = in_partition(Arn::role("role_arn", arn)?, partition)?;
    let external_id = match external_id.as_deref() {
        Some(id) => Some(external(id)?),
        None => None,
    };
    Ok(Some(RoleToAssume { arn, external_id }))
}

fn in_partition(arn: Arn, partition: Partition) -> Result<Arn, String> {
    if arn.partition == partition {
        return Ok(arn);
    }
    Err(format!(
        "`{arn}` is of the partition `{}`, and this is `{}`: write an entry for each",
        arn.partition.id(),
        partition.id()
    ))
}

/// Source: STS `AssumeRole`, `ExternalId`: 2 to 1,224 characters of this set [spec].
fn external(id: &str) -> Result<String, String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "_+=,.@:/\\-".contains(c);
    if (2..=1224).contains(&id.len()) && id.chars().all(fits) {
        Ok(id.to_owned())
    } else {
        Err("`external_id` is 2 to 1224 letters, digits or `_+=,.@:/\\-`".into())
    }
}

fn auth(raw: RawAuth, partition: Partition) -> Result<Auth, String> {
    let has_keys = raw.access_key_id.is_some()
        || raw.secret_access_key.is_some()
        || raw.session_token.is_some();
    match (has_keys, raw.profile, raw.web_identity) {
        (true, None, None) => match (raw.access_key_id, raw.secret_access_key) {
            (Some(access_key_id), Some(secret_access_key)) => Ok(Auth::Keys(Keys {
                access_key_id,
                secret_access_key,
                session_token: raw.session_token,
            })),
            _ => Err("`auth` with keys has both `access_key_id` and `secret_access_key`".into()),
        },
        (false, Some(name), None) => match name.trim() {
            "" => Err("`profile` is the name of a profile: `default` is one".into()),
            name => Ok(Auth::Profile(name.to_owned())),
        },
        (false, None, Some(web)) => Ok(Auth::WebIdentity {
            token: web.token,
            role: in_partition(
                Arn::role("web_identity.role_arn", &web.role_arn)?,
                partition,
            )?,
        }),
        _ => Err(
            "`auth` is exactly one of: `access_key_id` with `secret_access_key` (and \
             `session_token` of temporary ones), `profile`, `web_identity: { token, role_arn }`"
                .into(),
        ),
    }
}

/// An account's id begins with a zero sometimes, which a number loses.
fn account_id(value: &Value) -> Result<String, String> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    };
    if is_account(&text) {
        Ok(text)
    } else {
        Err("an account's `id` is twelve digits, in quotes: \"111122223333\"".into())
    }
}

fn trail_regions(
    raw: Option<&[String]>,
    partition: Partition,
    region: &str,
) -> Result<Vec<String>, String> {
    // Sign-ins to the console are told in the region of the sign-in page, classically this one.
    let mut regions = vec![partition.region().to_owned(), region.to_owned()];
    if let Some(raw) = raw {
        if raw.is_empty() || raw.len() > REGIONS_MAX {
            return Err(format!(
                "`trail_regions` is a list of 1 to {REGIONS_MAX} regions"
            ));
        }
        let each = raw.iter();
        let each = each.map(|region| region_of("trail_regions", region, partition));
        regions = each.collect::<Result<_, _>>()?;
    }
    let mut seen = std::collections::BTreeSet::new();
    regions.retain(|region| seen.insert(region.clone()));
    Ok(regions)
}

/// Source: `SAMLProviderName`, 1 to 128 of `[\w._-]` [spec].
fn saml_providers(names: Vec<String>) -> Result<Vec<String>, String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let is_name = |name: &String| (1..=128).contains(&name.len()) && name.chars().all(fits);
    match names.iter().all(is_name) {
        true => Ok(names),
        false => Err("`saml_providers` is a list of names of identity providers: [Okta]".into()),
    }
}

/// Its form alone: AWS adds regions more often than we are released.
fn region_of(key: &str, text: &str, partition: Partition) -> Result<String, String> {
    let text = text.trim();
    let parts: Vec<&str> = text.split('-').collect();
    let word = |part: &&str| !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase());
    let number = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit());
    let fits = match parts.split_last() {
        Some((last, words)) => {
            (2..=3).contains(&words.len()) && words.iter().all(word) && number(last)
        }
        None => false,
    };
    if !fits {
        return Err(format!(
            "`{key}` is a region such as `{}`",
            partition.region()
        ));
    }
    if Partition::of_region(text) != partition {
        return Err(format!(
            "`{key}`: {text} is no region of the partition `{}`",
            partition.id()
        ));
    }
    Ok(text.to_owned())
}

/// Source: Organizations `PolicyId`, `p-` and 8 to 128 letters, digits or `_` [spec].
fn policy_id(text: &str) -> Result<String, String> {
    let rest = text.trim().strip_prefix("p-").unwrap_or_default();
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if (8..=128).contains(&rest.len()) && rest.chars().all(fits) {
        Ok(text.trim().to_owned())
    } else {
        Err("`scp` is the id of a service control policy: `p-` and what follows".into())
    }
}

/// Source: Identity Store `IdentityStoreId`, `d-` and 10 hexadecimal digits, or a UUID [spec].
fn identity_store(text: &str) -> Result<String, String> {
    let rest = text.trim();
    let rest = rest.strip_prefix("d-").unwrap_or(rest);
    let fits = |c: char| c.is_ascii_hexdigit() || c == '-';
    if (10..=36).contains(&rest.len()) && rest.chars().all(fits) {
        Ok(text.trim().to_owned())
    } else {
        Err("`identity_store_id` begins with `d-` and stands in Identity Center's settings".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Value {
        json!({
            "auth": { "profile": "responder" },
            "accounts": [
                { "id": "111122223333", "role_arn": "arn:aws:iam::111122223333:role/ir/oust" },
                { "id": 444455556666_u64 },
            ],
            "identity_center": { "region": "eu-central-1" },
            "scp": "p-examplepolicyid",
        })
    }

    fn one(patch: &Value) -> Result<Settings, String> {
        let mut account = json!({
            "auth": { "profile": "responder" },
            "accounts": [{
                "id": "111122223333", "role_arn": "arn:aws:iam::111122223333:role/oust",
            }],
        });
        for (key, value) in patch.as_object().unwrap() {
            account[key] = value.clone();
        }
        account
            .as_object_mut()
            .unwrap()
            .retain(|_, value| !value.is_null());
        Settings::parse(&account)
    }

    #[test]
    fn an_entry_is_a_system_for_each_account_and_one_for_the_identity_center() {
        let systems = split(&all());
        let names: Vec<&str> = systems.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["111122223333", "444455556666", IDENTITY_CENTER]);
        let parsed: Vec<Settings> = systems
            .iter()
            .map(|(_, settings)| Settings::parse(settings).unwrap())
            .collect();
        let role = parsed[0].role().unwrap();
        assert_eq!(
            role.arn.to_string(),
            "arn:aws:iam::111122223333:role/ir/oust"
        );
        assert_eq!(
            (role.arn.path.as_str(), role.arn.name.as_str()),
            ("/ir/", "oust")
        );
        assert_eq!(parsed[1].role(), None);
        assert!(parsed[..2].iter().all(|each| each.scp.is_none()));
        assert_eq!(parsed[2].scp.as_deref(), Some("p-examplepolicyid"));
        assert!(matches!(parsed[2].place, Place::IdentityCenter(_)));
    }

    #[test]
    fn what_cannot_be_taken_apart_stays_whole_and_says_why() {
        let broken = |key: &str, value: Value, word: &str| {
            let mut settings = all();
            settings[key] = value;
            assert_eq!(split(&settings), [], "{settings}");
            let error = Settings::parse(&settings).unwrap_err();
            assert!(error.contains(word), "{error}");
        };
        broken("accounts", json!("111122223333"), "sequence");
        broken(
            "accounts",
            json!([{ "id": "production" }, { "id": "x" }]),
            "twelve",
        );
        let lost_its_zero = json!([{ "id": 11_122_223_333_u64 }, { "id": 1 }]);
        broken("accounts", lost_its_zero, "in quotes");
        let nothing = json!({ "auth": { "profile": "x" } });
        assert_eq!(split(&nothing), []);
        assert!(
            Settings::parse(&nothing)
                .unwrap_err()
                .contains("at least one")
        );
        let policy = json!({ "auth": { "profile": "x" }, "scp": "p-examplepolicyid", "accounts": [
            { "id": "111122223333" },
        ]});
        assert_eq!(split(&policy), []);
        assert!(
            Settings::parse(&policy)
                .unwrap_err()
                .contains("identity_center")
        );
    }

    #[test]
    fn each_partition_has_its_own_addresses_and_regions() {
        let aws = one(&json!({})).unwrap();
        assert_eq!(aws.iam_url().as_str(), "https://iam.amazonaws.com/");
        assert_eq!(
            aws.sts_url().as_str(),
            "https://sts.us-east-1.amazonaws.com/"
        );
        assert_eq!(aws.trail_regions, ["us-east-1"]);
        let gov = one(&json!({ "accounts": [
            { "id": "111122223333", "role_arn": "arn:aws-us-gov:iam::111122223333:role/oust" },
        ]}));
        let gov = gov.unwrap();
        assert_eq!(gov.iam_url().as_str(), "https://iam.us-gov.amazonaws.com/");
        let trail = gov.cloudtrail_url("us-gov-east-1");
        assert_eq!(
            trail.as_str(),
            "https://cloudtrail.us-gov-east-1.amazonaws.com/"
        );
        let china = json!({ "partition": "aws-cn", "accounts": [{ "id": "111122223333" }] });
        let china = one(&china).unwrap();
        assert_eq!(
            china.iam_url().as_str(),
            "https://iam.cn-north-1.amazonaws.com.cn/"
        );
        let own = json!({
            "region": "eu-central-1", "iam_url": "http://127.0.0.1:9/aws/iam",
            "cloudtrail_url": "https://trail-{region}.example/", "trail_regions": null,
        });
        let own = one(&own).unwrap();
        assert_eq!(own.iam_url().as_str(), "http://127.0.0.1:9/aws/iam");
        assert_eq!(own.trail_regions, ["us-east-1", "eu-central-1"]);
        let trail = own.cloudtrail_url("eu-central-1");
        assert_eq!(trail.as_str(), "https://trail-eu-central-1.example/");
    }

    #[test]
    fn who_we_are_is_said_in_exactly_one_way() {
        let auth = |auth: Value| one(&json!({ "auth": auth })).map(|settings| settings.auth);
        let keys = json!({
            "access_key_id": { "env": "ID" }, "secret_access_key": { "env": "SECRET" },
        });
        assert!(matches!(auth(keys), Ok(Auth::Keys(_))));
        let web = json!({ "web_identity": {
            "token": { "file": "/t" }, "role_arn": "arn:aws:iam::999988887777:role/oust",
        }});
        assert!(matches!(auth(web), Ok(Auth::WebIdentity { .. })));
        for (wrong, word) in [
            (json!({}), "exactly one"),
            (
                json!({ "profile": "a", "access_key_id": { "env": "ID" } }),
                "exactly one",
            ),
            (json!({ "access_key_id": { "env": "ID" } }), "both"),
            (json!({ "profile": " " }), "name of a profile"),
        ] {
            let error = auth(wrong).unwrap_err();
            assert!(error.contains(word), "{error}");
        }
    }

    #[test]
    fn settings_are_checked_and_secrets_are_not_repeated() {
        let wrong = |patch: Value, word: &str| {
            let error = one(&patch).unwrap_err();
            assert!(error.contains(word), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        };
        let inline = json!({ "access_key_id": { "env": "ID" }, "secret_access_key": "hunter2" });
        wrong(json!({ "auth": inline }), "never inline");
        wrong(json!({ "iam_url": "http://iam.example" }), "https");
        wrong(
            json!({ "cloudtrail_url": "http://{region}.example" }),
            "cloudtrail_url",
        );
        wrong(json!({ "region": "Frankfurt" }), "us-east-1");
        wrong(json!({ "region": "cn-north-1" }), "partition");
        wrong(json!({ "region": "eu-central-1.evil.example/x" }), "region");
        wrong(json!({ "trail_regions": [] }), "trail_regions");
        wrong(json!({ "partition": "aws-moon" }), "aws-us-gov");
        wrong(json!({ "partition": "aws-cn" }), "write an entry for each");
        wrong(json!({ "colour": "red" }), "colour");
        let role = |arn: &str| json!({ "accounts": [{ "id": "111122223333", "role_arn": arn }] });
        wrong(role("arn:aws:iam::444455556666:role/oust"), "444455556666");
        wrong(role("arn:aws:iam::111122223333:user/oust"), "ARN of a role");
        wrong(
            role("arn:aws:sts::111122223333:assumed-role/oust/x"),
            "ARN of a role",
        );
        wrong(role("arn:aws:iam::111122223333:role/a b"), "ARN of a role");
        let center = |patch: Value| {
            let mut center = json!({ "accounts": null, "identity_center": {} });
            for (key, value) in patch.as_object().unwrap() {
                center[key] = value.clone();
            }
            center
        };
        wrong(center(json!({ "scp": "FullAWSAccess" })), "p-");
        let store = json!({ "identity_center": { "identity_store_id": "mine" } });
        wrong(center(store), "d-");
    }
}
