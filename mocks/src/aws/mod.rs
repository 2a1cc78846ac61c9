//! Amazon's accounts, as far as throwing a person out goes: IAM, STS, CloudTrail, and the organisation.
//!
//! One mock for all services and all accounts: `/iam` and `/sts` speak the Query protocol (XML), the
//! others JSON 1.1. The account of a call is the one its credentials belong to. Signatures are
//! verified (`sigv4`), permissions enforced (`policy`): a role of ours may do what its documents
//! allow, narrowed by the policy its session was asked with, and by the policies of the organisation.
//!
//! A write in IAM has effect at once here, although AWS speaks of minutes. Absent: permission boundaries, policy
//! variables, other partitions than `aws`, paging of what is never long.

mod answers;
mod callers;
mod contoso;
mod directory;
mod iam;
mod inside;
mod organization;
mod policy;
mod roles;
mod sigv4;
mod simulate;
pub mod state;
mod sts;
mod trail;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

pub(crate) use contoso::is_federated;
pub use contoso::{
    ACCESS_KEY, APP, DEVELOPMENT, MANAGEMENT, POLICY, PORTAL_APP, PRODUCTION, RESPONDER, SCP,
    SECRET_KEY, WEB_ISSUER, WEB_SUBJECT, responder_in,
};
pub use sigv4::{Signing, sign};

use crate::http::{Request, Response, form};
use crate::rng::Rng;
use crate::time::http_date;
use crate::vendor::{Handled, Trouble, Vendor, Windows};
use answers::{Api, Done, Outcome, refuse};
use callers::Caller;
use state::{AccessKey, Account, IdentityCenter, Organization, Person, Session};

/// How these accounts differ from ordinary ones.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How long CloudTrail takes to deliver an event.
    pub trail_lag_ms: i64,
    /// Requests that CloudTrail answers in a second, for each account and region.
    pub trail_per_second: u32,
    /// How many roles one answer lists, unless asked for less.
    pub roles_page: usize,
    /// How many characters all inline policies of a role may have.
    pub inline_max: usize,
    /// How many characters a policy of the organisation may have.
    pub scp_max: usize,
    /// So many writes are refused, for somebody else writes at the same time.
    pub conflicts: u32,
    /// An inline policy with this in it is malformed, for whatever reason.
    pub minds: Option<String>,
    /// How long every answer takes, milliseconds.
    pub latency_ms: u64,
}

/// All accounts.
#[derive(Debug, Clone)]
pub struct Aws {
    /// How they are configured.
    pub settings: Settings,
    /// Where they stand; `/iam` lies below. No slash at the end.
    pub base_url: String,
    /// Accounts by their number.
    pub accounts: BTreeMap<String, Account>,
    /// The organisation, of which [`MANAGEMENT`] is the management account.
    pub organization: Organization,
    /// Identity Center.
    pub center: IdentityCenter,
    /// People by their login at Okta.
    pub people: BTreeMap<String, Person>,
    /// Sessions of everybody but us, by access key.
    pub sessions: BTreeMap<String, Session>,
    /// Keys that requests may be signed with.
    pub keys: BTreeMap<String, AccessKey>,
    /// The public key of the issuer of web identities.
    pub web_key: Option<Value>,
    pub(crate) used_pages: BTreeSet<String>,
    pub(crate) windows: Windows,
    pub(crate) now_ms: i64,
    pub(crate) rng: Rng,
}

/// One request on its way through an operation.
pub(crate) struct Call<'a> {
    pub(crate) caller: &'a Caller,
    /// Fields of the form, for the Query protocol.
    form: Vec<(String, String)>,
    /// The body, for JSON.
    pub(crate) json: Value,
    pub(crate) now_ms: i64,
}

impl Call<'_> {
    /// A field of the form; empty for none.
    pub(crate) fn field(&self, name: &str) -> &str {
        self.given(name).unwrap_or_default()
    }

    pub(crate) fn given(&self, name: &str) -> Option<&str> {
        let found = self.form.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The texts of `name.member.1` and so on.
    pub(crate) fn members(&self, name: &str) -> Vec<&str> {
        (1..)
            .map_while(|n| self.given(&format!("{name}.member.{n}")))
            .collect()
    }

    pub(crate) fn account(&self) -> &str {
        self.caller.account()
    }
}

type Run = fn(&mut Aws, &Call<'_>) -> Outcome;

/// Service, operation, whether it changes anything that matters, and what carries it out.
/// `AssumeRole` makes a session of ours, which is none of anybody's business.
#[rustfmt::skip]
const OPERATIONS: &[(Api, &str, bool, Run)] = &[
    (Api::Sts, "GetCallerIdentity", false, Aws::get_caller_identity),
    (Api::Sts, "AssumeRole", false, Aws::assume_role),
    (Api::Iam, "ListRoles", false, Aws::list_roles),
    (Api::Iam, "GetRole", false, Aws::get_role),
    (Api::Iam, "ListRolePolicies", false, Aws::list_role_policies),
    (Api::Iam, "GetRolePolicy", false, Aws::get_role_policy),
    (Api::Iam, "PutRolePolicy", true, Aws::put_role_policy),
    (Api::Iam, "DeleteRolePolicy", true, Aws::delete_role_policy),
    (Api::Iam, "SimulatePrincipalPolicy", false, Aws::simulate_principal_policy),
    (Api::CloudTrail, "LookupEvents", false, Aws::lookup_events),
    (Api::Organizations, "DescribeOrganization", false, Aws::describe_organization),
    (Api::Organizations, "DescribePolicy", false, Aws::describe_policy),
    (Api::Organizations, "ListTargetsForPolicy", false, Aws::list_targets_for_policy),
    (Api::Organizations, "UpdatePolicy", true, Aws::update_policy),
    (Api::IdentityStore, "GetUserId", false, Aws::get_user_id),
    (Api::IdentityStore, "DescribeUser", false, Aws::describe_user),
    (Api::SsoAdmin, "ListInstances", false, Aws::list_instances),
];

/// Service, operation and effect of every operation the mock carries out; beside them stands
/// `AssumeRoleWithWebIdentity`, which nobody signs.
#[must_use]
pub fn operations() -> Vec<(&'static str, &'static str, bool)> {
    let signed = OPERATIONS
        .iter()
        .map(|(api, name, writes, _)| (api.signing_name(), *name, *writes));
    signed
        .chain([("sts", "AssumeRoleWithWebIdentity", false)])
        .collect()
}

/// What a request is called in the journal and in faults: every one is a POST to its service, so
/// that the operation is what tells them apart, as in `/iam/PutRolePolicy`.
#[must_use]
pub fn label(request: &Request) -> String {
    let path = request.path.trim_end_matches('/');
    match operation(request) {
        Some(name) => format!("{path}/{name}"),
        None => request.path.clone(),
    }
}

/// The operation that is asked for, whether or not there is one.
fn operation(request: &Request) -> Option<String> {
    let api = Api::of(&request.path)?;
    if api.is_query() {
        let fields = form(&String::from_utf8_lossy(&request.body));
        return fields
            .into_iter()
            .find(|(key, _)| key == "Action")
            .map(|(_, value)| value)
            .filter(|name| name.chars().all(|c| c.is_ascii_alphanumeric()));
    }
    let target = request.header("x-amz-target")?;
    target.rsplit_once('.').map(|(_, name)| name.to_owned())
}

impl Aws {
    /// Answers one request at `now_ms`.
    pub fn handle(&mut self, request: &Request, now_ms: i64) -> Handled {
        self.now_ms = now_ms;
        let mutating = is_write(request);
        let Some(api) = Api::of(&request.path).filter(|_| request.method == "POST") else {
            let response = self.canned(
                404,
                b"<UnknownOperationException/>".to_vec(),
                request,
                now_ms,
            );
            return Handled {
                response,
                principal: String::new(),
                mutating,
                effective: false,
            };
        };
        let name = operation(request).unwrap_or_default();
        let (principal, outcome) = self.carry_out(api, &name, request, now_ms);
        let effective = outcome.as_ref().is_ok_and(|done| done.effective);
        let mut response = answers::write(api, &name, &outcome, &mut self.rng);
        finish(&mut response, now_ms);
        Handled {
            response,
            principal,
            mutating,
            effective,
        }
    }

    fn carry_out(
        &mut self,
        api: Api,
        name: &str,
        request: &Request,
        now_ms: i64,
    ) -> (String, Outcome) {
        let fields = if api.is_query() {
            form(&String::from_utf8_lossy(&request.body))
        } else {
            Vec::new()
        };
        if api == Api::Sts && name == "AssumeRoleWithWebIdentity" {
            return (
                String::new(),
                self.assume_role_with_web_identity(&fields, now_ms),
            );
        }
        let caller = match self.caller(api, request, now_ms) {
            Ok(caller) => caller,
            Err(why) => return (String::new(), Err(why)),
        };
        let principal = format!("aws:{}", caller.principal.arn());
        let unknown = || Err(answers::unknown(api, name));
        if !speaks(api, request, &fields) {
            return (principal, unknown());
        }
        let Some((.., run)) = OPERATIONS.iter().find(|o| o.0 == api && o.1 == name) else {
            return (principal, unknown());
        };
        let json = if api.is_query() {
            Value::Null
        } else {
            match serde_json::from_slice(&request.body) {
                Ok(json) => json,
                Err(_) => {
                    let why = refuse(400, "SerializationException", "Unable to parse the body");
                    return (principal, Err(why));
                }
            }
        };
        let call = Call {
            caller: &caller,
            form: fields,
            json,
            now_ms,
        };
        (principal, run(self, &call))
    }

    /// Somebody else writes at the same time, as often as the settings say.
    fn disturbed(&mut self) -> bool {
        let disturbed = self.settings.conflicts > 0;
        self.settings.conflicts = self.settings.conflicts.saturating_sub(1);
        disturbed
    }
}

/// Whether a request is in the version, or to the target, that the service understands.
fn speaks(api: Api, request: &Request, fields: &[(String, String)]) -> bool {
    if api.is_query() {
        return fields
            .iter()
            .any(|(key, value)| key == "Version" && value == api.dialect());
    }
    let target = request.header("x-amz-target").unwrap_or_default();
    let by_type = request
        .header("content-type")
        .is_some_and(|kind| kind.starts_with("application/x-amz-json-1.1"));
    let named = target.rsplit_once('.');
    by_type && named.is_some_and(|(before, _)| before == api.dialect())
}

fn is_write(request: &Request) -> bool {
    let (Some(api), Some(name)) = (Api::of(&request.path), operation(request)) else {
        return false;
    };
    OPERATIONS
        .iter()
        .any(|(of, operation, writes, _)| *of == api && *operation == name && *writes)
}

fn finish(response: &mut Response, now_ms: i64) {
    let date = ("Date".to_owned(), http_date(now_ms));
    response.headers.push(date);
}

impl Vendor for Aws {
    fn handle(&mut self, request: &Request, now_ms: i64) -> Handled {
        Self::handle(self, request, now_ms)
    }

    fn is_write(&self, request: &Request) -> bool {
        is_write(request)
    }

    fn advance(&mut self, now_ms: i64) {
        self.now_ms = now_ms;
    }

    fn latency_ms(&self) -> u64 {
        self.settings.latency_ms
    }

    fn canned(&mut self, status: u16, body: Vec<u8>, _request: &Request, now_ms: i64) -> Response {
        let mut answer = Response {
            status,
            headers: vec![("x-amzn-RequestId".to_owned(), self.rng.uuid())],
            body,
        };
        finish(&mut answer, now_ms);
        answer
    }

    fn trouble(&mut self, what: Trouble, request: &Request, now_ms: i64) -> Response {
        let api = Api::of(&request.path).unwrap_or(Api::Iam);
        let name = operation(request).unwrap_or_default();
        let outcome: Result<Done, _> = answers::trouble(what, api, &name, request);
        let mut response = answers::write(api, &name, &outcome, &mut self.rng);
        finish(&mut response, now_ms);
        response
    }
}
