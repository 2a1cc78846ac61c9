//! Apps that the intruder opened. Which of our systems cut one off is not for the log to say.

use super::Material;
use crate::evidence::investigation::{ReachedApp, Whose};

const OPENED: &[&str] = &["user.authentication.sso", "user.session.access_admin_app"];

/// The directory's own apps, by the names that its events give them.
const OWN: &[&str] = &[
    "Okta Dashboard",
    "Okta Admin Console",
    "Okta Browser Plugin",
    "Okta Workflows",
    "Okta Access Requests",
    "Okta Identity Governance",
];

/// The apps, the first opened first.
pub(super) fn rows(m: &Material<'_>) -> Vec<ReachedApp> {
    let mut rows: Vec<ReachedApp> = Vec::new();
    let his = m
        .seen()
        .filter(|seen| seen.whose == Whose::Intruder && seen.did(OPENED));
    for seen in his {
        let Some(app) = seen.thing("AppInstance") else {
            continue;
        };
        let place = rows.iter().position(|row| match app.id {
            "" => row.app.is_empty() && row.name == app.name,
            id => row.app == id,
        });
        let place = place.unwrap_or_else(|| {
            rows.push(ReachedApp {
                app: app.id.to_owned(),
                name: app.name.to_owned(),
                times: 0,
                first: seen.at,
                last: seen.at,
                ips: Vec::new(),
                systems: Vec::new(),
                owner: String::new(),
                own_app: OWN.contains(&app.name),
            });
            rows.len() - 1
        });
        let row = &mut rows[place];
        row.times += 1;
        row.last = row.last.max(seen.at);
        if let Some(ip) = seen.event.ip()
            && !row.ips.iter().any(|each| each == ip)
        {
            row.ips.push(ip.to_owned());
        }
    }
    rows
}
