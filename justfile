# Our commands. `just` lists them; CI runs `.ci/run` and nothing else.

set positional-arguments

_default:
    @just --list --unsorted

# formatting and lints
check:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings

# every test, or those whose name contains the words given
test *words:
    cargo test --workspace -- "$@"

# N simulated incidents, each from its own seed, from seed FROM on
simulate n="1000" from="0":
    OUST_SIMULATE="$1" OUST_SIMULATE_FROM="$2" cargo test --profile bench --test integration simulation::what

# tests that kill the process at every durable point
kill:
    cargo test --test integration kill

# N accounts at once, killed twice on the way, and a table of what it took
mass n="10000":
    OUST_MASS="$1" cargo test --profile bench --test integration mass::all -- --nocapture

# measure; on a quiet machine
bench *names:
    cargo bench -- "$@"

# what may enter the dependency tree (needs `cargo install cargo-deny --locked`)
deny:
    cargo deny --locked check bans licenses sources

# the same, and whether an advisory speaks of it (reaches for the advisory database)
advisories:
    cargo deny --locked check

# a whole incident against the stand-in vendors, on loopback
drill *args:
    cargo run --quiet -- sandbox drill "$@"

# the documentation of the code, warnings denied
docs:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps

# our pages in a browser
pages:
    .ci/pages

# our API, asked by what its description allows
api:
    .ci/schemathesis

# the README's examples
readme:
    .ci/readme-commands

# everything that must hold before a merge
ci:
    .ci/run
