//! The names of things: partitions, and the ARNs of roles.
//!
//! Source: IAM User Guide, "Amazon Resource Names" [docs*]; hosts of the partitions from AWS's list
//! of service endpoints [docs*].

use std::fmt;

/// One AWS of its own: nothing of one is known in another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Partition {
    /// The commercial one.
    Aws,
    /// GovCloud.
    UsGov,
    /// China.
    China,
}

impl Partition {
    const ALL: [Self; 3] = [Self::Aws, Self::UsGov, Self::China];

    /// By its id.
    pub(super) fn of(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|each| each.id() == id)
    }

    /// The one that a region belongs to.
    pub(super) fn of_region(region: &str) -> Self {
        if region.starts_with("us-gov-") {
            Self::UsGov
        } else if region.starts_with("cn-") {
            Self::China
        } else {
            Self::Aws
        }
    }

    /// As it stands in ARNs.
    pub(super) fn id(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::UsGov => "aws-us-gov",
            Self::China => "aws-cn",
        }
    }

    /// The region in which its global services are signed for, and people sign in by default.
    pub(super) fn region(self) -> &'static str {
        match self {
            Self::Aws => "us-east-1",
            Self::UsGov => "us-gov-west-1",
            Self::China => "cn-north-1",
        }
    }

    /// The region in which a service of the organisation is signed for.
    pub(super) fn region_of_organizations(self) -> &'static str {
        match self {
            Self::China => "cn-northwest-1",
            other => other.region(),
        }
    }

    /// Where a service is; one without a region has one address for the whole partition.
    pub(super) fn host(self, service: &str, region: Option<&str>) -> String {
        let end = match self {
            Self::China => "amazonaws.com.cn",
            Self::Aws | Self::UsGov => "amazonaws.com",
        };
        let region = match (self, service, region) {
            (_, _, Some(region)) => region,
            (Self::Aws, "iam", None) => return format!("https://iam.{end}"),
            (Self::UsGov, "iam", None) => return format!("https://iam.us-gov.{end}"),
            (_, "organizations", None) => self.region_of_organizations(),
            (_, _, None) => self.region(),
        };
        format!("https://{service}.{region}.{end}")
    }
}

/// The ARN of a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Arn {
    /// Which AWS.
    pub(super) partition: Partition,
    /// Twelve digits.
    pub(super) account: String,
    /// `/`, or `/with/more/`.
    pub(super) path: String,
    /// Its name.
    pub(super) name: String,
}

impl Arn {
    /// Reads a role's ARN; `key` is where it stands.
    ///
    /// # Errors
    /// A sentence that says what is wrong with it.
    pub(super) fn role(key: &str, text: &str) -> Result<Self, String> {
        let wrong = || {
            format!("`{key}` is the ARN of a role: arn:aws:iam::111122223333:role/oust-responder")
        };
        let parts: Vec<&str> = text.trim().splitn(6, ':').collect();
        let ["arn", partition, "iam", "", account, resource] = parts[..] else {
            return Err(wrong());
        };
        let partition = Partition::of(partition).ok_or_else(|| {
            format!(
                "`{key}`: there is no partition `{partition}`; aws, aws-us-gov and aws-cn are known"
            )
        })?;
        let role = resource.strip_prefix("role").ok_or_else(wrong)?;
        let (path, name) = role.rsplit_once('/').ok_or_else(wrong)?;
        let fits = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
        let is_name = !name.is_empty() && name.len() <= 64 && name.chars().all(fits);
        let is_path = path.is_empty() || path.starts_with('/');
        if !is_account(account) || !is_name || !is_path {
            return Err(wrong());
        }
        Ok(Self {
            partition,
            account: account.to_owned(),
            path: format!("{path}/"),
            name: name.to_owned(),
        })
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            partition,
            account,
            path,
            name,
        } = self;
        write!(f, "arn:{}:iam::{account}:role{path}{name}", partition.id())
    }
}

/// Whether a text is an account's id.
pub(super) fn is_account(text: &str) -> bool {
    text.len() == 12 && text.chars().all(|c| c.is_ascii_digit())
}
