//! AWS as an organisation has it: one entry of the config, two accounts and the Identity Center, each a
//! system of its own in one incident.

use std::sync::Arc;

use oust::config::Config;
use oust::connector::System;
use oust::connectors::{Opened, Opening, REGISTER};
use oust::engine::{PlanError, Run, Tools, plan};
use oust::guard::GuardConfig;
use oust::ledger::MemoryStore;
use oust::model::{ActionId, Plan, Skip, SystemId, Verdict};
use oust::playbook::{CheckedPlaybook, check};
use oust_mocks::World;
use oust_mocks::aws::{ACCESS_KEY, DEVELOPMENT, PRODUCTION, SECRET_KEY};

use crate::downstream::story::Told;
use crate::lab::{Lab, NOON, NoTap, ORIGIN};

const ALEX: &str = "alex@contoso.example";
const CENTER: &str = "aws:identity-center";

/// Contoso with nothing but Okta and AWS.
fn contoso() -> World {
    let others = ["m365", "google", "salesforce", "slack", "github", "gtr"];
    let world = World::contoso(NOON);
    others.into_iter().fold(world, World::without)
}

/// A laboratory whose services are those of one `vendor: aws`.
fn lab(world: World, more: &str) -> (Lab, Tools) {
    let lab = Lab::tapped(world, 7, Arc::new(NoTap), 0);
    let mut tools = lab.tools(Arc::new(MemoryStore::new()));
    tools.vendors = oust::connectors::vendors().collect();
    let id = lab.secret("aws-id", ACCESS_KEY);
    let secret = lab.secret("aws-secret", SECRET_KEY);
    let text = format!(
        "connectors:\n\
         - vendor: okta\n  \
           org_url: {ORIGIN}\n  \
           auth: {{ api_token: {{ env: NONE }} }}\n\
         - vendor: aws\n  \
           auth:\n    \
             access_key_id: {{ file: {} }}\n    \
             secret_access_key: {{ file: {} }}\n  \
           accounts:\n  \
           - {{ id: '{PRODUCTION}', role_arn: 'arn:aws:iam::{PRODUCTION}:role/oust-responder' }}\n  \
           - {{ id: '{DEVELOPMENT}', role_arn: 'arn:aws:iam::{DEVELOPMENT}:role/oust-responder' }}\n  \
           identity_center: {{ role_arn: 'arn:aws:iam::999988887777:role/oust-responder' }}\n  \
           iam_url: {ORIGIN}/aws/iam\n  \
           sts_url: {ORIGIN}/aws/sts\n  \
           cloudtrail_url: {ORIGIN}/aws/cloudtrail\n  \
           sso_admin_url: {ORIGIN}/aws/sso\n  \
           identitystore_url: {ORIGIN}/aws/identitystore\n  \
           organizations_url: {ORIGIN}/aws/organizations\n{more}\
         guards: {{}}\n",
        id.display(),
        secret.display(),
    );
    let config =
        Config::parse("oust.yaml", &text, REGISTER).unwrap_or_else(|wrong| panic!("{wrong}"));
    for connector in config
        .connectors
        .iter()
        .filter(|each| each.id.vendor() == "aws")
    {
        let opening = Opening {
            id: connector.id.clone(),
            settings: connector.settings.clone(),
            wire: lab.wire.clone(),
            clock: Arc::clone(&lab.clock),
            rng: lab.rng.clone(),
            user_agent: "oust/test run=r_lab".into(),
            budgets: oust::transport::Budgets::default(),
        };
        match (connector.row.open)(&opening) {
            Ok(Opened::Service(system)) => tools.services.push(system),
            Ok(Opened::Directory(_)) => panic!("aws is a service"),
            Err(error) => panic!("{error}"),
        }
    }
    let ids: Vec<&str> = tools
        .services
        .iter()
        .map(|system| system.id.as_str())
        .collect();
    assert_eq!(
        ids,
        [
            format!("aws:{PRODUCTION}"),
            format!("aws:{DEVELOPMENT}"),
            CENTER.into()
        ]
    );
    (lab, tools)
}

const WITH_SCP: &str = "  scp: p-oustblock01\n";

async fn contained(lab: &Lab, tools: &Tools) -> (Plan, Told) {
    let prepared = lab.prepare(tools, &[ALEX], "account-takeover").await;
    let planned = prepared.plan.clone();
    let start = lab.start(&prepared.plan, prepared.snapshot);
    let run = Run::begin(tools.clone(), prepared.plan, start)
        .await
        .unwrap();
    let ended = run.carry_out().await;
    (planned, Told::of(ended, run.state()))
}

/// Where the steps of an action stand.
fn systems_of(plan: &Plan, verb: &str) -> Vec<SystemId> {
    let action = ActionId::new("aws", verb);
    let steps = plan.stages.iter().flat_map(|stage| &stage.steps);
    let steps = steps.filter(|step| step.action == action);
    steps.map(|step| step.system.clone()).collect()
}

#[tokio::test(start_paused = true)]
async fn each_account_and_the_identity_center_are_contained_for_themselves() {
    let (lab, tools) = lab(contoso(), WITH_SCP);
    let (plan, told) = contained(&lab, &tools).await;
    let accounts = [PRODUCTION, DEVELOPMENT].map(|id| SystemId::new(format!("aws:{id}")));
    assert_eq!(systems_of(&plan, "deny_sessions"), accounts);
    assert_eq!(
        systems_of(&plan, "block_identity_center_user"),
        [SystemId::new(CENTER)]
    );
    assert_eq!(
        told.at(CENTER).verdict,
        Verdict::Contained,
        "{}",
        told.screen
    );
    let production = &accounts[0];
    assert_eq!(
        told.at(production.as_str()).verdict,
        Verdict::Contained,
        "{}",
        told.screen
    );
}

#[tokio::test(start_paused = true)]
async fn without_a_prepared_policy_that_alone_is_open_and_the_text_to_deploy_is_there() {
    let (lab, tools) = lab(contoso(), "");
    let (plan, told) = contained(&lab, &tools).await;
    assert_eq!(told.at(CENTER).verdict, Verdict::Partial, "{}", told.screen);
    let production = format!("aws:{PRODUCTION}");
    assert_eq!(
        told.at(&production).verdict,
        Verdict::Contained,
        "{}",
        told.screen
    );
    let steps = plan.stages.iter().flat_map(|stage| &stage.steps);
    let rows = steps.flat_map(|step| &step.subjects);
    let row = rows
        .filter(|row| {
            row.notes
                .iter()
                .any(|note| note.contains("identitystore:userId"))
        })
        .find_map(|row| row.skip.clone());
    assert!(matches!(row, Some(Skip::Unsupported { why }) if why == "no SCP prepared"));
}

#[tokio::test(start_paused = true)]
async fn one_account_that_lets_us_in_no_more_shields_no_other() {
    let (lab, tools) = lab(contoso().aws_account_denies(PRODUCTION), WITH_SCP);
    let (_, told) = contained(&lab, &tools).await;
    let production = told.at(&format!("aws:{PRODUCTION}"));
    assert_eq!(production.verdict, Verdict::Partial, "{}", told.screen);
    assert!(told.screen.contains("could not assume"), "{}", told.screen);
    assert_eq!(
        told.at(CENTER).verdict,
        Verdict::Contained,
        "{}",
        told.screen
    );
    let range = lab.range.lock().unwrap();
    let writes = range.journal.writes();
    let of = |what: &str| writes.iter().any(|entry| entry.path.ends_with(what));
    assert!(of("/PutRolePolicy"), "development was written to");
}

fn playbook(at: &str) -> CheckedPlaybook {
    let text = format!(
        "playbook: oust/v1\nname: narrow\ntitle: T\ndescription: D\nstages:\n  - name: evict\n    \
         steps:\n      - okta.clear_sessions: {{}}\n      - okta.suspend_user: {{}}\n      - \
         okta.clear_sessions: {{}}\n  - name: downstream\n    order: parallel\n    steps:\n      - \
         aws.deny_sessions: {{}}\n        at: [{at}]\n"
    );
    let vendors: Vec<_> = oust::connectors::vendors().collect();
    check("narrow.yaml", &text, &vendors).unwrap_or_else(|wrong| panic!("{wrong}"))
}

#[tokio::test(start_paused = true)]
async fn a_step_at_a_system_that_does_not_carry_it_stops_the_plan() {
    let (lab, tools) = lab(contoso(), WITH_SCP);
    let limits = GuardConfig::default();
    let refused = plan(&tools, &playbook(CENTER), &limits, lab.request(&[ALEX])).await;
    let error = refused.err().expect("it acts nowhere there");
    assert!(matches!(error, PlanError::NotAtPlace { .. }), "{error}");
    assert!(
        error
            .hint()
            .contains(&format!("aws:{PRODUCTION} or aws:{DEVELOPMENT}"))
    );
    let one = format!("'aws:{DEVELOPMENT}'");
    let planned = plan(&tools, &playbook(&one), &limits, lab.request(&[ALEX])).await;
    let systems = systems_of(&planned.unwrap().plan, "deny_sessions");
    assert_eq!(systems, [SystemId::new(format!("aws:{DEVELOPMENT}"))]);
}

/// What a test reads of an opened system.
#[tokio::test(start_paused = true)]
async fn each_system_is_led_to_by_its_own_app() {
    let (_lab, tools) = lab(contoso(), WITH_SCP);
    let apps = |system: &System| system.apps.clone();
    assert_eq!(apps(&tools.services[0]), ["amazon_aws"]);
    assert_eq!(apps(&tools.services[2]), ["amazon_aws_sso"]);
}
