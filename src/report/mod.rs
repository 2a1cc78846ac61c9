//! What is said about a run: one object, and its renderings.
//!
//! [`Report`] is computed from the ledger's fold and never templated; screen, HTML and Markdown
//! are renderings of that one object and decide nothing. Every string in it may have been
//! written by the intruder, so each rendering goes through [`escape`].
//!
//! Prints nothing: whoever has a terminal or a file (`cli`) writes what is returned here.

mod brief;
mod bundle;
mod chart;
mod compute;
pub mod escape;
mod fragment;
mod frame;
mod html;
mod investigation;
mod left;
mod live;
mod many;
mod markdown;
mod object;
mod pace;
mod page;
mod plan_view;
mod problems;
mod rehearsal;
mod released;
mod residual;
mod schema;
mod screen;
mod sheet;
mod stats;
mod steps;
mod summary;
mod sums;
mod techniques;
mod text;
mod times;
mod unreached;
mod view;

pub use brief::{BriefKind, BriefLine, brief, brief_difference};
pub use bundle::{
    EVIDENCE_SCHEMA, EventsPart, FilePart, LedgerPart, Manifest, Missing, Piece, evidence_name,
    pack, sha256,
};
pub use fragment::{Progress, page_css, plan_fragment, run_fragment};
pub use html::html;
pub use investigation::{investigation_html, investigation_markdown};
pub use live::{Live, SUBJECTS_TOLD_MAX, Tight, so_far_screen};
pub use many::Aside;
pub use markdown::markdown;
pub use object::{
    Because, BeganBy, Call, Captured, ChangeReport, ConsentReport, Counts, DoneForMany, Ending,
    Evidence, GuardReport, KeptReport, LedgerHead, Manual, NotDone, OfAll, Planted, Playbook,
    ProofReport, Report, ReportWindow, Requests, Residual, ResidualOfMany, SCHEMA, ScopeReport,
    Sign, StepOutcome, StepReport, SubjectReport, SubjectSystem, SystemPace, SystemReport,
    SystemRequests, TargetReport, Timings, WhoThere, WholeTime,
};
pub use rehearsal::{
    OwnerSheet, overdue_screen, owner_sheets, rehearsal_fragment, rehearsal_html,
    rehearsal_markdown, rehearsal_screen, trend_fragment,
};
pub use schema::{investigation_schema, schema};
pub use screen::{
    Granting, check_screen, grants_screen, investigation_screen, plan_screen, predicted_screen,
    prompt_line, refused_screen, result_screen, stopped_screen,
};
pub use stats::{Counting, Group, LeftOut, Leg, Legs, Stats, stats_screen};
pub use text::Style;
