//! CloudTrail: what happened in an account and region, some minutes later, two questions a second.
//!
//! Records hold what a search for sessions needs; of the rest of a real one only what is cheap to
//! have. A record of a session shows its session token, as real ones do. An event counts as told once
//! an answer has held it, or when it was delivered before the range opened: of what nobody could
//! know, nobody can be asked to act on it.

use serde_json::{Value, json};

use super::answers::{Done, Outcome, refuse};
use super::state::{Event, Principal, Role, Session};
use super::{Aws, Call};
use crate::time::{DAY, second};

/// What one answer holds at most.
const PAGE_MAX: usize = 50;
/// Where everything happens here.
pub(super) const REGION: &str = "us-east-1";

/// Something that happened, before it is an event.
pub(super) struct Happening {
    pub(super) name: &'static str,
    pub(super) source: &'static str,
    pub(super) username: String,
    /// Who did it, as `userIdentity`.
    pub(super) actor: Value,
    pub(super) request: Value,
    pub(super) response: Value,
    pub(super) ip: String,
    pub(super) at_ms: i64,
}

impl Aws {
    pub(super) fn lookup_events(&mut self, call: &Call<'_>) -> Outcome {
        self.allow(call.caller, "cloudtrail:LookupEvents", "*", "*")?;
        let (account, region) = (call.account().to_owned(), call.caller.region.clone());
        let key = format!("{account} {region}");
        let limit = self.settings.trail_per_second;
        if self
            .windows
            .take(&key, 1, limit, 1000, call.now_ms)
            .is_err()
        {
            return Err(refuse(400, "ThrottlingException", "Rate exceeded"));
        }
        let asked = &call.json;
        let wrong = |code, text: &str| Err(refuse(400, code, text));
        let attribute = match asked["LookupAttributes"].as_array().map(Vec::as_slice) {
            None | Some([]) => None,
            Some([one]) => Some(one),
            Some(_) => {
                let text = "Multiple lookup attributes are not allowed.";
                return wrong("InvalidLookupAttributesException", text);
            }
        };
        let max = match &asked["MaxResults"] {
            Value::Null => PAGE_MAX,
            given => match given.as_u64().and_then(|n| usize::try_from(n).ok()) {
                Some(n) if (1..=PAGE_MAX).contains(&n) => n,
                _ => return wrong("InvalidMaxResultsException", "Invalid MaxResults."),
            },
        };
        let time = |name: &str| asked[name].as_f64();
        let (from, to) = (time("StartTime"), time("EndTime"));
        if from.zip(to).is_some_and(|(from, to)| from > to) {
            return wrong("InvalidTimeRangeException", "The time range is invalid.");
        }
        let skip = match asked["NextToken"].as_str() {
            None => 0,
            Some(token) => match self.page_of(token, asked) {
                Some(at) => at,
                None => return wrong("InvalidNextTokenException", "Invalid NextToken."),
            },
        };
        let edge_ms = call.now_ms - self.settings.trail_lag_ms;
        let oldest_ms = call.now_ms - 90 * DAY;
        let Some(held) = self.accounts.get_mut(&account) else {
            return Ok(Done::told(json!({ "Events": [] })));
        };
        let fits = |event: &Event| {
            #[expect(clippy::cast_precision_loss, reason = "milliseconds of this century")]
            let at = event.at_ms.div_euclid(1000) as f64;
            event.region == region
                && (oldest_ms..=edge_ms).contains(&event.at_ms)
                && from.is_none_or(|from| at >= from)
                && to.is_none_or(|to| at <= to)
                && attribute.is_none_or(|attribute| has(event, attribute))
        };
        let mut found: Vec<&mut Event> = held.trail.iter_mut().filter(|e| fits(e)).collect();
        found.sort_by_key(|event| std::cmp::Reverse(event.at_ms));
        let more = found.len() > skip + max;
        let mut rows = Vec::new();
        for event in found.into_iter().skip(skip).take(max) {
            event.told = true;
            rows.push(shown(event));
        }
        let mut answer = json!({ "Events": rows });
        if more {
            answer["NextToken"] = json!(self.next_token(skip + max, asked));
        }
        Ok(Done::told(answer))
    }

    /// Where a page begins, if the token was given for just this question.
    fn page_of(&self, token: &str, asked: &Value) -> Option<usize> {
        let (at, _) = token.split_once('.')?;
        let at = at.parse().ok()?;
        self.used_pages
            .contains(&format!("{token} {}", question(asked)))
            .then_some(at)
    }

    fn next_token(&mut self, at: usize, asked: &Value) -> String {
        let token = format!("{at}.{}", self.rng.text(24));
        self.used_pages
            .insert(format!("{token} {}", question(asked)));
        token
    }

    /// Writes an event down; its id.
    pub(super) fn happens(&mut self, account: &str, what: Happening) -> String {
        let id = self.rng.uuid();
        let request_id = self.rng.uuid();
        let told = what.at_ms + self.settings.trail_lag_ms <= self.now_ms;
        let role = &what.request["roleArn"];
        let resources = if role.is_null() {
            json!([])
        } else {
            json!([{ "accountId": account, "type": "AWS::IAM::Role", "ARN": role }])
        };
        let record = json!({
            "eventVersion": "1.10", "userIdentity": what.actor, "eventTime": second(what.at_ms),
            "eventSource": what.source, "eventName": what.name, "awsRegion": REGION,
            "sourceIPAddress": what.ip, "userAgent": "aws-sdk", "requestParameters": what.request,
            "responseElements": what.response, "requestID": request_id, "eventID": id,
            "readOnly": what.source == "sts.amazonaws.com", "resources": resources,
            "eventType": "AwsApiCall", "managementEvent": true, "recipientAccountId": account,
            "eventCategory": "Management",
        });
        let event = Event {
            id: id.clone(),
            name: what.name.to_owned(),
            source: what.source.to_owned(),
            at_ms: what.at_ms,
            region: REGION.to_owned(),
            username: what.username,
            record,
            told,
        };
        if let Some(account) = self.accounts.get_mut(account) {
            account.trail.push(event);
        }
        id
    }

    /// Whether any answer has held an event, or could have before anybody asked.
    pub(super) fn was_told(&self, account: &str, id: &str) -> bool {
        let account = self.accounts.get(account);
        account.is_some_and(|account| account.trail.iter().any(|e| e.id == id && e.told))
    }

    /// A session of ours: seen in the account of the role, and in that of the caller.
    pub(super) fn record_assumed(
        &mut self,
        call: &Call<'_>,
        account: &str,
        role: &Role,
        name: &str,
        key_id: &str,
    ) {
        let caller = call.caller;
        let response = assumed(account, role, name, key_id, call.now_ms + 3_600_000);
        let request = json!({ "roleArn": role.arn(account), "roleSessionName": name });
        let from = caller.account().to_owned();
        let username = match &caller.principal {
            Principal::User { name, .. } => name.clone(),
            Principal::Role { session, .. } => session.clone(),
        };
        for recipient in [account, &from] {
            let own = recipient == from;
            let actor = if own {
                self.actor(&caller.principal, &caller.key_id, caller.issued_ms)
            } else {
                json!({ "type": "AWSAccount", "principalId": caller.key_id, "accountId": from })
            };
            let what = Happening {
                name: "AssumeRole",
                source: "sts.amazonaws.com",
                username: if own { username.clone() } else { String::new() },
                actor,
                request: request.clone(),
                response: response.clone(),
                ip: "192.0.2.50".to_owned(),
                at_ms: call.now_ms,
            };
            self.happens(recipient, what);
            if own && account == from {
                break;
            }
        }
    }

    /// A change of ours to a role.
    pub(super) fn record_written(&mut self, call: &Call<'_>, name: &'static str, role: &Role) {
        let caller = call.caller;
        let Principal::Role { session, .. } = &caller.principal else {
            return;
        };
        let what = Happening {
            name,
            source: "iam.amazonaws.com",
            username: session.clone(),
            actor: self.actor(&caller.principal, &caller.key_id, caller.issued_ms),
            request: json!({ "roleName": role.name, "policyName": call.field("PolicyName") }),
            response: Value::Null,
            ip: "192.0.2.50".to_owned(),
            at_ms: call.now_ms,
        };
        self.happens(call.account(), what);
    }

    /// A principal as `userIdentity` shows it.
    pub(super) fn actor(&self, who: &Principal, key_id: &str, issued_ms: i64) -> Value {
        let account = who.account();
        match who {
            Principal::User { name, .. } => json!({
                "type": "IAMUser", "principalId": format!("AIDA{:0<17}", name.to_uppercase()),
                "arn": who.arn(), "accountId": account, "accessKeyId": key_id, "userName": name,
            }),
            Principal::Role { role, session, .. } => {
                let held = self.role(account, role);
                let id = held.map_or("", |role| role.id.as_str());
                let arn = held.map_or_else(String::new, |role| role.arn(account));
                json!({
                    "type": "AssumedRole", "principalId": format!("{id}:{session}"),
                    "arn": who.arn(), "accountId": account, "accessKeyId": key_id,
                    "sessionContext": {
                        "sessionIssuer": {
                            "type": "Role", "principalId": id, "arn": arn, "accountId": account,
                            "userName": role,
                        },
                        "attributes": { "creationDate": second(issued_ms), "mfaAuthenticated": "false" },
                    },
                })
            }
        }
    }
}

impl Session {
    /// Who it is to AWS.
    #[must_use]
    pub fn principal(&self) -> Principal {
        Principal::Role {
            account: self.account.clone(),
            role: self.role.clone(),
            session: self.name.clone(),
        }
    }
}

/// `responseElements` of a session that was given.
pub(super) fn assumed(
    account: &str,
    role: &Role,
    name: &str,
    key_id: &str,
    expires_ms: i64,
) -> Value {
    let expiration = jiff::Timestamp::from_millisecond(expires_ms)
        .unwrap_or(jiff::Timestamp::UNIX_EPOCH)
        .strftime("%b %-d, %Y, %-I:%M:%S %p")
        .to_string();
    json!({
        "credentials": {
            "accessKeyId": key_id, "expiration": expiration,
            "sessionToken": "IQoJb3JpZ2luX2VjEMockSessionTokenOfTheTrail",
        },
        "assumedRoleUser": {
            "assumedRoleId": format!("{}:{name}", role.id),
            "arn": format!("arn:aws:sts::{account}:assumed-role/{}/{name}", role.name),
        },
    })
}

/// All of a question that a token belongs to.
fn question(asked: &Value) -> String {
    let mut asked = asked.clone();
    if let Some(all) = asked.as_object_mut() {
        all.remove("NextToken");
    }
    asked.to_string()
}

fn has(event: &Event, attribute: &Value) -> bool {
    let value = attribute["AttributeValue"].as_str().unwrap_or_default();
    match attribute["AttributeKey"].as_str().unwrap_or_default() {
        "EventId" => event.id == value,
        "EventName" => event.name == value,
        "EventSource" => event.source == value,
        "Username" => event.username == value,
        "AccessKeyId" => event.record["userIdentity"]["accessKeyId"] == value,
        "ReadOnly" => event.record["readOnly"].as_bool() == value.parse().ok(),
        _ => false,
    }
}

/// An event as the list shows it, its record as a text.
fn shown(event: &Event) -> Value {
    let mut row = json!({
        "EventId": event.id, "EventName": event.name, "EventSource": event.source,
        "EventTime": event.at_ms.div_euclid(1000), "ReadOnly": event.record["readOnly"].to_string(),
        "Resources": [], "CloudTrailEvent": event.record.to_string(),
    });
    if !event.username.is_empty() {
        row["Username"] = json!(event.username);
    }
    let key = &event.record["userIdentity"]["accessKeyId"];
    if !key.is_null() {
        row["AccessKeyId"] = key.clone();
    }
    row
}
