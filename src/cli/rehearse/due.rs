//! `oust rehearse --due AGE`: what was not rehearsed for so long. Asks nobody; exits 3 if anything is.

use jiff::tz::TimeZone;
use serde_json::json;

use super::{open, playbooks, unkept};
use crate::cli::args::{Global, Output};
use crate::cli::exit::{Exit, Failure};
use crate::cli::setup::configured;
use crate::cli::{print, show, when};
use crate::given::{Clock as _, SystemClock};
use crate::rehearsals::{Rehearsable, overdue};
use crate::report::overdue_screen;

pub(super) fn due(global: &Global, age: &str) -> Result<Exit, Failure> {
    let wrong = || {
        let what = format!("--due `{age}` is no age");
        Failure::say(Exit::Usage, what, "write 90d, 24h")
    };
    let lasts = when::duration(age).ok_or_else(wrong)?;
    let (config, systems) = configured(global)?;
    let rehearsable = Rehearsable {
        playbooks: playbooks(&config)?
            .into_iter()
            .map(|playbook| playbook.reference)
            .collect(),
        systems,
    };
    let kept = open(global)?;
    let all = crate::cli::runtime(false)?.block_on(kept.all());
    let all = all.map_err(unkept)?;
    let due = overdue(&all, &rehearsable, SystemClock::new().now(), lasts);
    match global.output {
        Output::Json => print(&json!({ "age": age, "overdue": due }).to_string()),
        Output::Human => {
            let screen = overdue_screen(&due, age, &TimeZone::system(), show::style(global));
            print(screen.trim_end_matches('\n'));
        }
    }
    Ok(if due.is_empty() {
        Exit::Good
    } else {
        Exit::NotAllGood
    })
}
