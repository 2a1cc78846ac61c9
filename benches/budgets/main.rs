//! The budgets: what oust costs, each as a ratio to something measured in the same run.
//!
//! `cargo bench` measures them all, `cargo bench -- cpu memory` some. Ends with one table, a
//! line per budget: name, ratio, bound, `ok` or `OVER`. Nothing here is a test: the exit code
//! is 0 whatever was measured, unless `OUST_BENCH_STRICT=1`. `docs/benchmarks.md` says what
//! each measures and what was seen.
//!
//! Not criterion: it times one function against its own past; a budget compares two things of
//! now, often two processes, or counts commits and bytes.

mod commits;
mod contained;
mod cpu;
mod detect;
mod durable;
mod everywhere;
mod evicted;
mod fake;
mod intake;
mod kit;
mod log;
mod machine;
mod memory;
mod range;
mod resume;
mod start;
mod table;

use std::process::ExitCode;

use table::Table;

/// Measures one budget and adds its lines.
type Bench = fn(&mut Table);

const BENCHES: &[(&str, Bench)] = &[
    ("durable", durable::measure),
    ("commits", commits::measure),
    ("start", start::measure),
    ("cpu", cpu::measure),
    ("evicted", evicted::measure),
    ("contained", contained::measure),
    ("memory", memory::measure),
    ("resume", resume::measure),
    ("detect", detect::measure),
    ("intake", intake::measure),
];

/// What a process does that is measured from outside.
type Child = fn(&str);

/// Those, by the word that they are started with.
const CHILDREN: &[(&str, Child)] = &[
    (memory::CHILD, memory::child),
    (detect::CHILD, detect::child),
];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let [word, count] = &args[..]
        && let Some((_, child)) = CHILDREN.iter().find(|(name, _)| name == word)
    {
        child(count);
        return ExitCode::SUCCESS;
    }
    // `cargo test --all-targets` runs this too, and is not what benchmarks are for.
    if !args.iter().any(|arg| arg == "--bench") {
        return ExitCode::SUCCESS;
    }
    let asked: Vec<&String> = args.iter().filter(|arg| !arg.starts_with('-')).collect();
    let mut table = Table::default();
    for (name, measure) in BENCHES {
        if asked.is_empty() || asked.iter().any(|asked| name.contains(asked.as_str())) {
            measure(&mut table);
        }
    }
    table.print();
    let strict = std::env::var("OUST_BENCH_STRICT").is_ok_and(|on| on == "1");
    if strict && table.is_over() {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}
