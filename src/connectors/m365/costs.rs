//! What each verb costs in requests, for the projection of a run of many: batches of twenty.
//!
//! Few of them are full: what leaves is whoever came within a moment, and answers take their time.

use http::Method;

use super::limits::{bucket, of_batches};
use super::together::BATCH_MAX;
use crate::connector::{Ask, Costs, Round};
use crate::transport::Bucket;

/// So many are in a batch when it leaves, on average, as runs of two hundred showed.
const USUALLY: usize = BATCH_MAX / 2;

/// What a verb costs; `None` for those that only give back.
pub(super) fn of(verb: &str) -> Option<Costs> {
    let user = "/v1.0/users/1";
    let mailbox = "/v1.0/users/1/mailFolders/inbox/messageRules";
    let directory = |also: Round| {
        let (read, write) = (batches(&Method::GET, user), batches(&Method::POST, user));
        costs(read, write, also)
    };
    Some(match verb {
        "revoke_sessions" | "disable_account" | "delete_auth_methods" => directory(vec![]),
        // What the audit tells is one list for all who wait for it.
        "revoke_consents" => {
            let reports = bucket(&Method::GET, "/v1.0/auditLogs/directoryAudits");
            directory(vec![Ask::all(reports, "audit", usize::MAX)])
        }
        "disable_inbox_rules" => {
            let of = |method| batches(&method, mailbox);
            costs(of(Method::GET), of(Method::PATCH), vec![])
        }
        _ => return None,
    })
}

fn costs(read: Bucket, write: Bucket, also: Round) -> Costs {
    Costs {
        again: vec![[vec![Ask::together(read, read.name, USUALLY)], also].concat()],
        send: vec![Ask::together(write, "writes", USUALLY)],
        prove: vec![vec![Ask::many(read, USUALLY)]],
        ..Costs::default()
    }
}

fn batches(method: &Method, path: &str) -> Bucket {
    let bucket = bucket(method, path);
    of_batches(bucket).unwrap_or(bucket)
}
