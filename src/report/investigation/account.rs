//! What was changed in the account itself: factors, apps, groups, roles, tokens, consents,
//! devices, identity providers, profile. And why we say that somebody else is in it.

use super::super::sheet::{Cell, Row, Section, Table};
use super::super::text::count;
use super::context::{Context, now, row_of, whose};
use super::still::{few, or};
use crate::evidence::investigation::{FactorFate, GrantRow, Now, SubjectFindings, TokenRow, Whose};
use crate::model::{Address, Confirmation, Sign, Trace, Tri};

/// Why we say so: the witnesses, then what is the intruder's and by which event.
pub(super) fn why(context: &Context<'_>, subject: &SubjectFindings) -> Section {
    let intruder = &subject.intruder;
    let mut section = Section::new(format!("{}-why", context.prefix), "Why we say so");
    if let Some(why) = &intruder.unread {
        section = section.say("alarm", format!("not all was read: {why}"));
    }
    if intruder.because.is_empty() {
        let text = match intruder.answer {
            Confirmation::Confirmed => "no witness is named",
            _ => "nothing in what was read looked bad",
        };
        section = section.say("soft", text);
    } else {
        let rows = intruder.because.iter().map(|one| {
            Row::new(
                "",
                [
                    Cell::time(one.at.map_or_else(String::new, |at| context.at(at))),
                    Cell::text(&one.says),
                    Cell::text(sign(one.sign)),
                    event_cell(context, &one.event),
                ],
            )
        });
        let caption = match intruder.answer {
            Confirmation::NotConfirmed => "Looked bad, and can be explained",
            Confirmation::Undecided => "Looks bad",
            Confirmation::Confirmed => "Witnesses: each can be looked up by its event",
        };
        section = section.table(Table::new(
            caption,
            &["when", "what it says", "kind of sign", "event"],
            rows,
        ));
    }
    let traces = [
        ("session", &intruder.sessions),
        ("API token", &intruder.tokens),
        ("device", &intruder.devices),
    ];
    let mut rows: Vec<Row> = traces
        .into_iter()
        .flat_map(|(kind, all)| all.iter().map(move |one| trace(context, kind, one)))
        .collect();
    rows.extend(intruder.addresses.iter().map(|one| address(context, one)));
    if !rows.is_empty() {
        section = section.table(Table::new(
            "The intruder's sessions, tokens, devices and addresses",
            &[
                "kind",
                "which",
                "first and last",
                "why it is the intruder's",
                "event",
            ],
            rows,
        ));
    }
    section
}

fn event_cell(context: &Context<'_>, id: &str) -> Cell {
    Cell {
        events: context.event(id).into_iter().collect(),
        ..Cell::default()
    }
}

fn span(
    context: &Context<'_>,
    first: crate::model::Utc,
    last: crate::model::Utc,
    events: usize,
) -> Cell {
    Cell::time(context.at(first))
        .under(context.at(last))
        .under(count(events, "event"))
}

fn trace(context: &Context<'_>, kind: &'static str, one: &Trace) -> Row {
    Row::new(
        "intruder",
        [
            Cell::text(kind),
            Cell::text(&one.id).under(&one.name),
            span(context, one.first, one.last, one.events),
            Cell::text(&one.witness.says),
            event_cell(context, &one.witness.event),
        ],
    )
}

fn address(context: &Context<'_>, one: &Address) -> Row {
    let proxy = match one.proxy {
        Tri::Yes => "a proxy",
        Tri::No => "no proxy",
        Tri::Unread => "",
    };
    Row::new(
        "intruder",
        [
            Cell::text("address"),
            Cell::text(&one.ip)
                .under([&one.asn[..], &one.network].join(" ").trim())
                .under(proxy),
            span(context, one.first, one.last, one.events),
            Cell::text(&one.witness.says),
            event_cell(context, &one.witness.event),
        ],
    )
}

fn sign(sign: Sign) -> &'static str {
    match sign {
        Sign::SplitSession => "one session in two places",
        Sign::NewProxy => "first use of a proxy",
        Sign::Suspected => "let in although suspected",
        Sign::Persistence => "something made to come back",
        Sign::Reported => "reported by the person",
        Sign::Alerted => "named by the alert",
        Sign::Shared => "shared with what is the intruder's",
        Sign::Token => "made with the intruder's token",
    }
}

/// Every section about the account, in the order of the page.
pub(super) fn sections(context: &Context<'_>, subject: &SubjectFindings) -> Vec<Section> {
    vec![
        factors(context, subject),
        grants(
            context,
            "apps",
            "App assignments",
            &["app"],
            &subject.assignments,
        ),
        grants(context, "groups", "Groups", &["group"], &subject.groups),
        roles(context, subject),
        tokens(context, subject),
        consents(context, subject),
        devices(context, subject),
        idps(context, subject),
        profile(context, subject),
    ]
}

/// The section with a table, or with the one line that says why there is none.
fn filled(
    context: &Context<'_>,
    (id, title): (&'static str, &'static str),
    unread: &[&str],
    table: Table,
) -> Section {
    let mut section = Section::new(format!("{}-{id}", context.prefix), title);
    let missing = context.unread(unread);
    if let Some(why) = missing {
        section = section.say("alarm", format!("not read: {why}"));
    }
    match (table.rows.is_empty(), missing) {
        (false, _) => section.table(table),
        (true, None) => section.say("soft", "none in what was read"),
        (true, Some(_)) => section,
    }
}

fn factors(context: &Context<'_>, subject: &SubjectFindings) -> Section {
    let rows = subject.factors.iter().map(|one| {
        Row::new(
            row_of(one.whose),
            [
                Cell::text(&one.kind)
                    .under(&one.name)
                    .under(one.id.clone().unwrap_or_default()),
                whose(one.whose),
                context.told(one.enrolled.as_ref()),
                context.told(one.changed.as_ref()),
                context.told(one.removed.as_ref()),
                now(one.now, one.whose),
                fate(one.would),
            ],
        )
    });
    let columns = &[
        "factor",
        "whose",
        "enrolled",
        "changed",
        "removed",
        "now",
        "containment would",
    ];
    let caption =
        "Factors: enrolled, changed, removed, and what containment by the window would do";
    filled(
        context,
        ("factors", "Factors"),
        &["factor", "authenticator"],
        Table::new(caption, columns, rows),
    )
}

fn fate(fate: FactorFate) -> Cell {
    match fate {
        FactorFate::Deleted => Cell::text("delete it"),
        FactorFate::Kept => Cell::text("keep it: older than the window"),
        FactorFate::Suspect => Cell::word("warn", "keep it: look at it"),
        FactorFate::Nothing => Cell::text("nothing: gone"),
        FactorFate::Unknown => Cell::word("warn", "not known"),
    }
}

fn grant_rows(context: &Context<'_>, rows: &[GrantRow]) -> Vec<Row> {
    rows.iter()
        .map(|one| {
            let scope = match &one.scope[..] {
                "" => String::new(),
                "user" => "directly".into(),
                "group" => "by a group".into(),
                other => other.to_owned(),
            };
            Row::new(
                row_of(one.whose),
                [
                    Cell::text(or(&one.name, &one.id))
                        .under(if one.name.is_empty() { "" } else { &one.id })
                        .under(scope),
                    whose(one.whose),
                    context.told(one.given.as_ref()),
                    context.told(one.taken.as_ref()),
                    now(one.now, one.whose),
                ],
            )
        })
        .collect()
}

const GRANT_COLUMNS: &[&str] = &["what", "whose doing", "given", "taken", "now"];

fn grants(
    context: &Context<'_>,
    id: &'static str,
    title: &'static str,
    unread: &[&str],
    rows: &[GrantRow],
) -> Section {
    let table = Table::new(
        format!("{title}: given and taken"),
        GRANT_COLUMNS,
        grant_rows(context, rows),
    );
    filled(context, (id, title), unread, table)
}

fn roles(context: &Context<'_>, subject: &SubjectFindings) -> Section {
    let held = match &subject.roles {
        Some(roles) if roles.is_empty() => "holds no admin role now".into(),
        Some(roles) => format!("holds now: {}", few(roles, 12)),
        None if context.live => "not read which the account holds now".into(),
        None => "saved events do not tell which the account holds now".into(),
    };
    let tone = if subject.roles.is_none() && context.live {
        "alarm"
    } else {
        ""
    };
    let title = "Admin roles";
    let table = Table::new(
        "Admin roles: given and taken",
        GRANT_COLUMNS,
        grant_rows(context, &subject.admin_roles),
    );
    let mut section = filled(context, ("roles", title), &["role"], table);
    if section.is_line() {
        let only = &mut section.says[0];
        only.text = format!("{held}; given or taken: {}", only.text);
        only.tone = if tone.is_empty() { only.tone } else { tone };
        return section;
    }
    section.say(tone, held)
}

fn tokens(context: &Context<'_>, subject: &SubjectFindings) -> Section {
    let rows = subject.api_tokens.iter().map(|one| {
        let times = match one.last_used {
            Some(last) => {
                Cell::text(count(one.used, "time")).under(format!("last {}", context.at(last)))
            }
            None => Cell::text(count(one.used, "time")),
        };
        Row::new(
            row_of(one.whose),
            [
                Cell::text(or(&one.name, &one.id)).under(if one.name.is_empty() {
                    ""
                } else {
                    &one.id
                }),
                whose(one.whose),
                context.told(one.made.as_ref()),
                Cell::text(&one.network),
                times,
                context.told(one.revoked.as_ref()),
                token_now(one),
            ],
        )
    });
    let table = Table::new(
        "API tokens: made, used, revoked",
        &[
            "token",
            "whose doing",
            "made",
            "usable from",
            "used",
            "revoked",
            "now",
        ],
        rows,
    );
    filled(
        context,
        ("tokens", "API tokens"),
        &["api token", "tokens"],
        table,
    )
}

/// A token that the intruder revoked is somebody's loss, not something of the intruder's.
fn token_now(one: &TokenRow) -> Cell {
    match (one.now, &one.made) {
        (Now::There, Some(_)) if one.whose == Whose::Intruder => Cell::word("bad", "still valid"),
        (other, Some(_)) => now(other, one.whose),
        (other, None) => now(other, Whose::Other),
    }
}

fn consents(context: &Context<'_>, subject: &SubjectFindings) -> Section {
    let rows = subject.oauth_grants.iter().map(|one| {
        Row::new(
            row_of(one.whose),
            [
                Cell::text(or(&one.name, &one.client)).under(if one.name.is_empty() {
                    ""
                } else {
                    &one.client
                }),
                Cell::lines(&one.scopes),
                whose(one.whose),
                context.told(one.given.as_ref()),
                now(one.now, one.whose),
            ],
        )
    });
    let table = Table::new(
        "OAuth grants: which app may do what",
        &["app", "scopes", "whose doing", "given", "now"],
        rows,
    );
    filled(
        context,
        ("grants", "OAuth grants and scopes"),
        &["grant", "consent", "oauth"],
        table,
    )
}

fn devices(context: &Context<'_>, subject: &SubjectFindings) -> Section {
    let rows = subject.devices.iter().map(|one| {
        Row::new(
            row_of(one.whose),
            [
                Cell::text(or(&one.name, &one.id)).under(if one.name.is_empty() {
                    ""
                } else {
                    &one.id
                }),
                Cell::text(&one.platform),
                whose(one.whose),
                context.told(one.added.as_ref()),
                now(one.now, one.whose).under(&one.status),
            ],
        )
    });
    let table = Table::new(
        "Devices of the account",
        &["device", "platform", "whose", "added", "now"],
        rows,
    );
    filled(context, ("devices", "Devices"), &["device"], table)
}

fn idps(context: &Context<'_>, subject: &SubjectFindings) -> Section {
    let rows = subject.idps.iter().map(|one| {
        Row::new(
            row_of(one.whose),
            [
                Cell::text(or(&one.name, &one.id)).under(if one.name.is_empty() {
                    ""
                } else {
                    &one.id
                }),
                Cell::text(&one.kind),
                whose(one.whose),
                context.told(one.made.as_ref()),
            ],
        )
    });
    let table = Table::new(
        "Identity providers that can sign the account in",
        &["provider", "type", "whose doing", "made"],
        rows,
    );
    filled(
        context,
        ("idps", "Identity providers"),
        &["identity provider", "idp"],
        table,
    )
}

fn profile(context: &Context<'_>, subject: &SubjectFindings) -> Section {
    let rows = subject.profile.iter().map(|one| {
        Row::new(
            row_of(one.whose),
            [
                Cell::text(&one.what),
                whose(one.whose),
                context.told(Some(&one.told)),
            ],
        )
    });
    let table = Table::new(
        "Changes of profile and password",
        &["what", "whose doing", "when"],
        rows,
    );
    filled(
        context,
        ("profile", "Profile and password"),
        &["profile"],
        table,
    )
}
