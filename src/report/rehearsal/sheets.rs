//! A sheet for each owner: what happens to his apps when the cord is pulled, what stops, what we need
//! him to do, how to reach us, and when it was last rehearsed.
//!
//! Apps without an owner share one, so that the gap has a paper too. The file's name is made of
//! letters and digits of the owner's name alone.

use std::collections::BTreeMap;

use askama::Template;
use jiff::tz::TimeZone;

use super::super::page;
use super::super::sheet::{Cell, Row, Section, Table};
use super::super::text::{count, moment, zone_name};
use crate::model::{Action, ActionId};
use crate::rehearsals::{AppOwner, Intended, Rehearsal, WhomIs};

/// Letters of a file's name at most.
const NAME_MAX: usize = 60;

/// A sheet, and what its file is called.
pub struct OwnerSheet {
    /// Without its ending: `workplace-it`.
    pub name: String,
    /// Whose, for people; empty for apps that nobody owns.
    pub owner: String,
    /// As a page.
    pub html: String,
    /// As Markdown.
    pub markdown: String,
}

struct View {
    word: &'static str,
    headline: String,
    lead: String,
    about: String,
    sections: Vec<Section>,
    footer: String,
}

#[derive(Template)]
#[template(path = "sheet.html")]
struct HtmlPage<'v> {
    view: &'v View,
    css: &'static str,
    policy: String,
}

#[derive(Template)]
#[template(path = "sheet.md")]
struct MarkdownPage<'v> {
    view: &'v View,
}

/// A sheet for each owner that the rehearsal names.
#[must_use]
pub fn owner_sheets(
    rehearsal: &Rehearsal,
    action: &dyn Fn(&ActionId) -> Option<&'static Action>,
    zone: &TimeZone,
) -> Vec<OwnerSheet> {
    let mut by_owner = BTreeMap::<(String, String), Vec<&AppOwner>>::new();
    for app in &rehearsal.owners {
        let owner = (app.owner.clone(), app.contact.clone());
        by_owner.entry(owner).or_default().push(app);
    }
    let mut taken = BTreeMap::<String, usize>::new();
    by_owner
        .into_iter()
        .map(|((owner, contact), apps)| {
            let view = View::of(rehearsal, (&owner, &contact), &apps, action, zone);
            OwnerSheet {
                name: file_name(&owner, &mut taken),
                html: HtmlPage {
                    view: &view,
                    css: page::CSS,
                    policy: page::policy(),
                }
                .render()
                .expect("writing to a String cannot fail"),
                markdown: MarkdownPage { view: &view }
                    .render()
                    .expect("writing to a String cannot fail"),
                owner,
            }
        })
        .collect()
}

/// Letters and digits with dashes between; a number where two would be alike.
fn file_name(owner: &str, taken: &mut BTreeMap<String, usize>) -> String {
    let mut name = String::new();
    for character in owner.chars().take(NAME_MAX) {
        if character.is_ascii_alphanumeric() {
            name.push(character.to_ascii_lowercase());
        } else if !name.ends_with('-') && !name.is_empty() {
            name.push('-');
        }
    }
    let name = match name.trim_end_matches('-') {
        "" if owner.is_empty() => "nobody".to_owned(),
        "" => "owner".to_owned(),
        name => name.to_owned(),
    };
    let before = taken.entry(name.clone()).or_default();
    *before += 1;
    match *before {
        1 => name,
        many => format!("{name}-{many}"),
    }
}

impl View {
    fn of(
        rehearsal: &Rehearsal,
        (owner, contact): (&str, &str),
        apps: &[&AppOwner],
        action: &dyn Fn(&ActionId) -> Option<&'static Action>,
        zone: &TimeZone,
    ) -> Self {
        let mut sections: Vec<Section> = apps
            .iter()
            .enumerate()
            .map(|(place, app)| app_section(place, rehearsal, app, action))
            .collect();
        sections.push(stops(rehearsal));
        sections.push(to_do(owner, contact, apps));
        sections.push(us(rehearsal));
        let names: Vec<&str> = apps.iter().map(|app| app.app.as_str()).collect();
        Self {
            word: "When we pull the cord",
            headline: names.join(", "),
            lead: format!(
                "If an account such as {} is stolen, we throw the intruder out of it everywhere, with \
                 one command and without asking first. This is what that does to your apps.",
                rehearsal.subject.login
            ),
            about: format!(
                "Last rehearsed {} {} ({}, playbook {}){}",
                moment(rehearsal.at, zone),
                zone_name(rehearsal.at, zone),
                rehearsal.kind.word(),
                rehearsal.playbook.name,
                if owner.is_empty() {
                    ". Nobody is named as owner of these apps.".to_owned()
                } else {
                    format!(". For {owner}, {contact}")
                }
            ),
            sections,
            footer: format!("{} {}", rehearsal.tool, rehearsal.id),
        }
    }
}

/// What happens to one app.
fn app_section(
    place: usize,
    rehearsal: &Rehearsal,
    app: &AppOwner,
    action: &dyn Fn(&ActionId) -> Option<&'static Action>,
) -> Section {
    let title = format!("What happens at {}", app.app);
    let section = Section::new(format!("app-{place}"), title);
    let Some(system) = &app.system else {
        return section.say(
            "alarm",
            "We have no way in: nothing is done there. Who is signed in stays signed in, until you \
             end it when we call.",
        );
    };
    let mut identities = rehearsal.identities.iter();
    let is = identities.find(|whom| whom.system == *system);
    match is.map(|whom| (whom.is, &whom.why)) {
        Some((WhomIs::Found, _)) | None => {}
        Some((WhomIs::NoAccount, _)) => {
            return section.say("", "The account of this rehearsal has none there.");
        }
        Some((_, why)) => {
            let text = format!("In this rehearsal we did not get in: {why}");
            return section.say("alarm", text);
        }
    }
    let here = rehearsal.writes.iter();
    let here: Vec<&Intended> = here
        .filter(|write| write.system == *system && !write.asks)
        .collect();
    if here.is_empty() {
        return section.say("", "Nothing would have to be done there today.");
    }
    let mut actions: Vec<&ActionId> = Vec::new();
    for write in &here {
        if !actions.contains(&&write.action) {
            actions.push(&write.action);
        }
    }
    let rows = actions.iter().map(|id| {
        let many = here.iter().filter(|write| write.action == **id).count();
        let about = action(id);
        let does = about.map_or_else(|| id.to_string(), |about| about.does.to_owned());
        let still = about.map(|about| about.residual).unwrap_or_default();
        let still: Vec<String> = still.iter().map(crate::model::Left::sentence).collect();
        let touches = about.map(|about| about.collateral).unwrap_or_default();
        let cells = [
            Cell::text(does).under(touches),
            Cell::text(count(many, "write")),
            Cell::lines(&still),
        ];
        Row::new("", cells)
    });
    let names = &["What we do", "Today", "What still works afterwards"];
    section.table(Table::new("What we do there", names, rows))
}

fn stops(rehearsal: &Rehearsal) -> Section {
    let section = Section::new("stops".into(), "What stops with such an account");
    if rehearsal.stops.is_empty() {
        return section.say("", "Of this account nothing that we could read.");
    }
    let rows = rehearsal.stops.iter().map(|each| {
        let kind = each.kind.replace('_', " ");
        Row::new("", [Cell::text(kind), Cell::text(&*each.why)])
    });
    section.table(Table::new("What stops", &["Kind", "What"], rows))
}

fn to_do(owner: &str, contact: &str, apps: &[&AppOwner]) -> Section {
    let mut section = Section::new("you".into(), "What we need you to do");
    if owner.is_empty() {
        return section.say(
            "alarm",
            "Find who owns these apps, and add them to the config under `owners:`.",
        );
    }
    section = section.say(
        "",
        format!("Be reached at {contact}, at night as well; say so if that is wrong."),
    );
    if apps.iter().any(|app| app.system.is_none()) {
        section = section.say(
            "",
            "Where we have no way in: know how to end all sessions of one account and how to lock it, \
             and do it when we call.",
        );
    }
    section.say(
        "",
        "Look at what stops: if anything of yours runs by a person's account, move it to a service \
         account now.",
    )
}

fn us(rehearsal: &Rehearsal) -> Section {
    let text = match &rehearsal.us {
        Some(us) => format!("{}: {}", us.owner, us.contact),
        None => format!("{}, who rehearsed this", rehearsal.by),
    };
    Section::new("us".into(), "How to reach us").say("", text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_s_name_never_leads_out_of_the_directory() {
        let mut taken = BTreeMap::new();
        let mut named = |owner: &str| file_name(owner, &mut taken);
        assert_eq!(named("Workplace IT"), "workplace-it");
        assert_eq!(named("../../etc/passwd"), "etc-passwd");
        assert_eq!(named("workplace/it"), "workplace-it-2");
        assert_eq!(named("Ω"), "owner");
        assert_eq!(named(""), "nobody");
    }
}
