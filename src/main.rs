//! The `oust` command. Everything is in the library; see `oust::cli`.

use std::process::ExitCode;

fn main() -> ExitCode {
    oust::cli::main()
}
