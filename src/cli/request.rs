//! A request for approval as a text: what a person reads, and the whole plan for his own oust.
//!
//! The lines for people are for people alone. What is shown before anybody signs, and the digest
//! that is signed, are computed from the plan itself by the machine of whoever signs: a request that
//! says one thing and holds another fools no key.

use std::io::{Read as _, Write as _};
use std::path::Path;

use super::exit::{Exit, Failure};
use crate::model::Plan;
use crate::report::brief;
use crate::report::escape::harmless_json;
use crate::yaml::bounded;

const FIRST: &str = "# oust request for approval, version 1";

/// Bytes of a request at most: a plan of thousands of accounts is large.
const BYTES_MAX: usize = 32 << 20;

/// The text of a plan's request.
pub(super) fn text(plan: &Plan) -> String {
    let mut text = format!("{FIRST}\n# run {}\n# plan {}\n#\n", plan.run, plan.digest());
    for line in brief(plan) {
        text.push_str(&format!("# {}{}\n", line.kind.mark(), line.text));
    }
    text.push_str("#\n# To agree: oust approve --request FILE --key FILE\n");
    let body = serde_json::to_string(plan).expect("a plan has text keys and no NaN");
    text.push_str(&harmless_json(&body));
    text.push('\n');
    text
}

/// Writes it into a new file.
///
/// # Errors
/// [`Failure`] if it cannot be written, or is there.
pub(super) fn write(plan: &Plan, path: &Path) -> Result<(), Failure> {
    let made = std::fs::File::create_new(path);
    let written = made.and_then(|mut file| file.write_all(text(plan).as_bytes()));
    written.map_err(|error| {
        let what = format!("{} cannot be written: {error}", path.display());
        Failure::say(Exit::NotStarted, what, "name a file that is not there yet")
    })
}

/// Reads one, from a file or stdin.
///
/// # Errors
/// [`Failure`] if it is none.
pub(super) fn read(name: &str) -> Result<Plan, Failure> {
    let failed = |why: String| {
        let what = format!("the request {name} cannot be read: {why}");
        Failure::say(Exit::Usage, what, "oust plan --request FILE writes one")
    };
    let text = if name == "-" {
        let mut text = String::new();
        let most = BYTES_MAX as u64 + 1;
        let read = std::io::stdin().lock().take(most).read_to_string(&mut text);
        read.map_err(|error| failed(error.to_string()))?;
        if text.len() > BYTES_MAX {
            return Err(failed("it is longer than 32 MiB".into()));
        }
        text
    } else {
        bounded(Path::new(name), BYTES_MAX).map_err(failed)?
    };
    let mut lines = text.lines();
    if lines.next().map(str::trim_end) != Some(FIRST) {
        return Err(failed(format!("its first line is not `{FIRST}`")));
    }
    let body: Vec<&str> = lines
        .filter(|line| !line.starts_with('#') && !line.trim().is_empty())
        .collect();
    let [body] = body[..] else {
        return Err(failed("it holds more or less than one plan".into()));
    };
    serde_json::from_str(body).map_err(|error| failed(format!("its plan is none: {error}")))
}
