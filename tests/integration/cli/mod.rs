//! Stories of the real binary, told through what a person or a script sees of it: arguments,
//! exit codes, the two outputs, the files; and what the mock vendors saw meanwhile.

mod approvals;
mod broken_ledger;
mod client;
mod consent;
pub(crate) mod desk;
mod evidence;
mod exits;
mod help;
mod instances;
mod json;
mod listener;
mod logs;
mod notices;
mod pause;
mod pick;
mod release;
mod runs;
mod secrets;
mod stats;
mod stop;
mod wrong_config;
mod wrong_key;
mod wrong_words;
