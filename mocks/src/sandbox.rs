//! A stand-alone range: the contoso world on loopback, and all that a client must know of it.
//!
//! Writes no configuration file and prints nothing: whoever opens it does.

use std::io;

use crate::attacker::Attacker;
use crate::aws;
use crate::certificate::Certificate;
use crate::faults::Faults;
use crate::keys::KeyPair;
use crate::m365;
use crate::range::Range;
use crate::server::{Server, clock_ms};
use crate::time::DAY;
use crate::world::{ALEX, CLIENT_ID, READER_CLIENT_ID, World};

/// How a stand-alone range is opened.
#[derive(Debug, Clone, Default)]
pub struct SandboxOptions {
    /// The port; 0 takes any.
    pub port: u16,
    /// How long every answer takes, milliseconds.
    pub latency_ms: u64,
    /// Whether the intruder is awake.
    pub attacker: bool,
    /// Faults, in the form of [`Faults::parse`].
    pub faults: String,
    /// The seed of all chance.
    pub seed: u64,
    /// Services in which nobody has an account, for a client that cannot reach them.
    pub without: Vec<String>,
}

/// A stand-alone range, and all that a client needs to know of it.
#[derive(Debug)]
pub struct Sandbox {
    /// The server; dropping it ends the sandbox.
    pub server: Server,
    /// The service app that may act.
    pub client_id: String,
    /// Its key, PKCS#8 PEM.
    pub private_key_pem: String,
    /// The key's id.
    pub kid: String,
    /// A service app with the same key that may only read.
    pub reader_client_id: String,
    /// The org.
    pub org_id: String,
    /// The group whose policy denies sign-in.
    pub quarantine_group: String,
    /// The account taken over.
    pub victim: String,
    /// What a client of Microsoft 365 needs.
    pub m365: M365Access,
    /// What a client of Google needs.
    pub google: GoogleAccess,
    /// What a client of Slack needs.
    pub slack: SlackAccess,
    /// What a client of Salesforce needs.
    pub salesforce: SalesforceAccess,
    /// What a client of GitHub needs.
    pub github: GitHubAccess,
    /// What a client of the intranet needs.
    pub gtr: GtrAccess,
    /// What a client of AWS needs.
    pub aws: AwsAccess,
}

/// How a client reaches the sandbox's Microsoft 365: by secret or by certificate.
#[derive(Debug, Clone)]
pub struct M365Access {
    /// Where Graph stands; `/v1.0` lies below.
    pub graph_url: String,
    /// Where sign-in stands; `/{tenant}/oauth2/v2.0/token` lies below.
    pub login_url: String,
    /// The tenant.
    pub tenant: String,
    /// The app that may act.
    pub client_id: String,
    /// Its secret.
    pub secret: String,
    /// The app that may only read.
    pub reader_client_id: String,
    /// Its secret.
    pub reader_secret: String,
    /// A certificate of both, PEM.
    pub certificate_pem: String,
    /// The certificate's private key, PKCS#8 PEM.
    pub private_key_pem: String,
}

/// How a client reaches the sandbox's Google Workspace.
#[derive(Debug, Clone)]
pub struct GoogleAccess {
    /// Where the APIs stand; `/admin/directory/v1` and `/admin/reports/v1` lie below.
    pub api_url: String,
    /// The token endpoint.
    pub token_url: String,
    /// The service account.
    pub service_account: String,
    /// The administrator it acts for.
    pub admin: String,
    /// The key's id.
    pub key_id: String,
    /// Its private key, PKCS#8 PEM.
    pub private_key_pem: String,
}

/// How a client reaches the sandbox's Slack.
#[derive(Debug, Clone)]
pub struct SlackAccess {
    /// Where the Web API's methods stand.
    pub api_url: String,
    /// Where SCIM stands; `/v2/Users` lies below.
    pub scim_url: String,
    /// The organisation's user token.
    pub token: String,
}

/// How a client reaches the sandbox's Salesforce.
#[derive(Debug, Clone)]
pub struct SalesforceAccess {
    /// The org; `/services/data` lies below.
    pub instance_url: String,
    /// Where tokens are given; `/services/oauth2/token` lies below.
    pub login_url: String,
    /// The app's consumer key.
    pub client_id: String,
    /// The integration user.
    pub username: String,
    /// The private key of the app's certificate, PKCS#8 PEM.
    pub private_key_pem: String,
}

/// How a client reaches the sandbox's GitHub: by the App or by an owner's token.
#[derive(Debug, Clone)]
pub struct GitHubAccess {
    /// Where REST stands.
    pub api_url: String,
    /// Where GraphQL stands.
    pub graphql_url: String,
    /// The organisation.
    pub org: String,
    /// Its enterprise.
    pub enterprise: String,
    /// The App's number.
    pub app_id: u64,
    /// Its installation's.
    pub installation_id: u64,
    /// Its private key, PKCS#8 PEM.
    pub private_key_pem: String,
    /// An owner's token.
    pub token: String,
}

/// How a client reaches the sandbox's intranet, an app with a Global Token Revocation endpoint.
#[derive(Debug, Clone)]
pub struct GtrAccess {
    /// The endpoint.
    pub url: String,
    /// Whose signature it trusts.
    pub issuer: String,
    /// The key's id.
    pub key_id: String,
    /// Its private key, PKCS#8 PEM.
    pub private_key_pem: String,
    /// The id of the app at Okta that leads there.
    pub app: String,
}

/// How a client reaches the sandbox's AWS accounts: as a user who assumes a role in each.
#[derive(Debug, Clone)]
pub struct AwsAccess {
    /// Below which each service stands under its own name, as `/iam`.
    pub url: String,
    /// The user's access key.
    pub access_key_id: String,
    /// Its secret.
    pub secret_access_key: String,
    /// Accounts, and the role in each.
    pub accounts: Vec<(String, String)>,
    /// The role in the management account.
    pub management_role: String,
    /// The prepared policy of the organisation.
    pub scp: String,
}

/// Opens the contoso world on loopback with two service apps.
///
/// # Errors
/// If the faults cannot be read or the port cannot be taken.
pub async fn serve(options: SandboxOptions) -> io::Result<Sandbox> {
    let faults = Faults::parse(&options.faults)
        .map_err(|why| io::Error::new(io::ErrorKind::InvalidInput, why))?;
    let key = KeyPair::es256("oust-sandbox");
    let now_ms = clock_ms(0);
    let certificate = Certificate::self_signed("oust-sandbox", now_ms - DAY, now_ms + 300 * DAY);
    let google_key = KeyPair::rs256("oust-sandbox-google");
    let salesforce_key = KeyPair::rs256("oust-sandbox-salesforce");
    let github_key = KeyPair::rs256("oust-sandbox-github");
    let gtr_key = KeyPair::rs256(crate::gtr::KEY_ID);
    let mut world = World::contoso(now_ms)
        .m365_certificate(&certificate)
        .google_key(&google_key)
        .salesforce_key(&salesforce_key)
        .github_key(&github_key)
        .gtr_key(&gtr_key)
        .client(CLIENT_ID, key.public_jwk.clone(), &World::all_scopes())
        .client(
            READER_CLIENT_ID,
            key.public_jwk.clone(),
            &World::read_scopes(),
        )
        .latency_ms(options.latency_ms);
    for system in &options.without {
        world = world.without(system);
    }
    if options.attacker {
        world = world.attacker(Attacker::new(ALEX, 1_500).with_services());
    }
    let mut range = Range::new(world, options.seed);
    range.faults = faults;
    let mut server = Server::start(range, options.port).await?;
    if options.attacker {
        server.keep_attacker_awake(500);
    }
    let (org_id, quarantine_group) = {
        let range = server.range();
        (
            range.okta.org_id.clone(),
            range.okta.quarantine_group.clone(),
        )
    };
    let base = server.url();
    Ok(Sandbox {
        m365: M365Access {
            graph_url: format!("{base}/m365/graph"),
            login_url: format!("{base}/m365/login"),
            tenant: m365::TENANT.to_owned(),
            client_id: m365::CLIENT_ID.to_owned(),
            secret: m365::SECRET.to_owned(),
            reader_client_id: m365::READER_CLIENT_ID.to_owned(),
            reader_secret: m365::READER_SECRET.to_owned(),
            certificate_pem: certificate.pem,
            private_key_pem: certificate.key.private_pem,
        },
        google: GoogleAccess {
            api_url: format!("{base}/google/api"),
            token_url: format!("{base}/google/oauth/token"),
            service_account: crate::google::SERVICE_ACCOUNT.to_owned(),
            admin: crate::google::ADMIN.to_owned(),
            key_id: google_key.kid,
            private_key_pem: google_key.private_pem,
        },
        slack: SlackAccess {
            api_url: format!("{base}/slack/api"),
            scim_url: format!("{base}/slack/scim"),
            token: crate::slack::TOKEN.to_owned(),
        },
        salesforce: SalesforceAccess {
            instance_url: format!("{base}/salesforce"),
            login_url: format!("{base}/salesforce"),
            client_id: crate::salesforce::CLIENT_ID.to_owned(),
            username: crate::salesforce::USERNAME.to_owned(),
            private_key_pem: salesforce_key.private_pem,
        },
        github: GitHubAccess {
            api_url: format!("{base}/github"),
            graphql_url: format!("{base}/github/graphql"),
            org: crate::github::ORG.to_owned(),
            enterprise: crate::github::ENTERPRISE.to_owned(),
            app_id: crate::github::APP_ID,
            installation_id: crate::github::INSTALLATION_ID,
            private_key_pem: github_key.private_pem,
            token: crate::github::TOKEN.to_owned(),
        },
        gtr: GtrAccess {
            url: format!("{base}/gtr{}", crate::gtr::PATH),
            issuer: crate::gtr::ISSUER.to_owned(),
            key_id: gtr_key.kid,
            private_key_pem: gtr_key.private_pem,
            app: crate::gtr::APP.to_owned(),
        },
        aws: AwsAccess {
            url: format!("{base}/aws"),
            access_key_id: aws::ACCESS_KEY.to_owned(),
            secret_access_key: aws::SECRET_KEY.to_owned(),
            accounts: [aws::PRODUCTION, aws::DEVELOPMENT]
                .map(|id| (id.to_owned(), aws::responder_in(id)))
                .into(),
            management_role: aws::responder_in(aws::MANAGEMENT),
            scp: aws::SCP.to_owned(),
        },
        server,
        client_id: CLIENT_ID.to_owned(),
        private_key_pem: key.private_pem,
        kid: key.kid,
        reader_client_id: READER_CLIENT_ID.to_owned(),
        org_id,
        quarantine_group,
        victim: "alex@contoso.example".to_owned(),
    })
}
