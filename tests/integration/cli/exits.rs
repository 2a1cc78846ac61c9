//! Every exit code, driven as it is written in the help, and what was sent meanwhile.

use oust_mocks::world::{ALEX, CLIENT_ID};

use super::desk::{ALEX_LOGIN, Desk};

#[test]
fn contained_and_proven_is_0() {
    let desk = Desk::contoso();
    desk.oust("contain alex@contoso.example --since 2h --case INC-1 --yes")
        .exits(0)
        .says("CONTAINED alex@contoso.example at 1 of 1 system");
    desk.is_contained();
    assert_eq!(desk.report_file()["verdict"], "contained");
    assert_eq!(desk.report_file()["requester"], "kim");
}

#[test]
fn a_clean_plan_is_0_and_sends_no_write() {
    let desk = Desk::contoso();
    desk.oust("plan alex@contoso.example --since 2h").exits(0);
    desk.oust("contain alex@contoso.example --since 2h --dry-run")
        .exits(0)
        .says("oust contain --consent");
    desk.saw_no_writes();
}

#[test]
fn what_could_not_start_is_1_and_nothing_is_written() {
    let desk = Desk::contoso();
    desk.faults("/oauth2/v1/token=forbidden");
    desk.oust("contain alex@contoso.example --since 2h --yes")
        .exits(1)
        .hints("");
    desk.saw_no_writes();

    let nobody = format!(
        "connectors:\n- vendor: okta\n  org_url: http://127.0.0.1:9\n  \
         auth: {{ client_id: {CLIENT_ID}, private_key: {{ file: {} }} }}\n",
        desk.at("key.pem").display()
    );
    desk.write_config(&nobody);
    desk.oust("contain alex@contoso.example --since 2h --yes")
        .exits(1)
        .says("could not connect")
        .hints("check the address in the config file and the network");
    desk.saw_no_writes();
}

#[test]
fn wrong_words_are_2_and_nothing_is_sent() {
    let desk = Desk::contoso();
    desk.oust("contain --nonsense").exits(2);
    desk.oust("contain alex@contoso.example --playbook nope --yes")
        .exits(2)
        .hints("shipped are account-takeover");
    desk.oust("contain alex@contoso.example --since 2h")
        .exits(2)
        .says("there is no terminal to ask at")
        .hints("--yes");
    desk.oust("runs resume --last").exits(2).says("no terminal");
    desk.saw_nothing();
}

#[test]
fn what_stays_open_is_3_and_says_what_to_do() {
    let desk = Desk::contoso();
    desk.faults("lifecycle/suspend=forbidden");
    desk.oust("contain alex@contoso.example --since 2h --yes")
        .exits(3)
        .says("PARTIAL alex@contoso.example")
        .says("oust runs resume");
    // Mended at the vendor, the same run goes on to the end.
    desk.faults("");
    desk.oust("runs resume --last --yes")
        .exits(0)
        .says("CONTAINED");
    desk.is_contained();
}

#[test]
fn a_cap_and_a_protected_account_are_4_and_nothing_is_written() {
    let desk = Desk::of(|world| world.crowd(26));
    let crowd: String = (1..=26)
        .map(|n| format!("crowd-{n:05}@contoso.example\n"))
        .collect();
    let list = desk.write("work/crowd.txt", crowd);
    let list = list.to_str().unwrap();
    desk.oust_words(&["contain", "--subjects", list, "--since", "2h", "--yes"])
        .exits(4)
        .says("cap_run")
        .says("--lift cap_run=REASON");
    desk.oust_words(&["plan", "--subjects", list, "--since", "2h"])
        .exits(4)
        .says("cap_run");

    desk.configure(&format!("guards:\n  protected: [{ALEX}]\n"));
    desk.oust("contain alex@contoso.example --since 2h --yes")
        .exits(4)
        .says("REFUSED")
        .says("protected");
    desk.saw_no_writes();

    let lift = "--lift=protected=the owner asked for it on the phone";
    desk.oust_words(&["contain", ALEX_LOGIN, "--since", "2h", "--yes", lift])
        .exits(0);
    desk.is_contained();
    let guards = desk.report_file()["guards"].clone();
    assert!(guards.to_string().contains("on the phone"), "{guards}");
}

#[test]
fn a_subject_of_an_unfinished_run_is_4_and_the_way_on_is_named() {
    let desk = Desk::of(|world| world.latency_ms(40));
    let run = desk.start("contain alex@contoso.example --since 2h --yes");
    desk.until("a write", |range| !range.journal.writes().is_empty());
    run.interrupt();
    run.ended().exits(6);
    let before = desk.server.range().journal.writes().len();
    desk.oust("contain alex@contoso.example --since 2h --yes")
        .exits(4)
        .says("is unfinished since")
        .hints("oust runs resume r_");
    let after = desk.server.range().journal.writes().len();
    assert_eq!(before, after, "{}", desk.journal());
    desk.oust("runs resume --last --yes").exits(0);
    desk.is_contained();
}

#[test]
fn nobody_listening_to_stderr_or_stdout_stops_no_containment() {
    let desk = Desk::of(|world| world.latency_ms(10));
    let mut run = desk.start("-vv contain alex@contoso.example --since 2h --yes");
    drop(run.child_mut().stderr.take());
    drop(run.child_mut().stdout.take());
    run.ended().exits(0);
    desk.is_contained();
}
