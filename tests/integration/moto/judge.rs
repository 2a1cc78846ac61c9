//! A moto server, what is in it, and what it and iam-simulate say.
//!
//! Signs by itself with `aws-sigv4`, so that nothing of what is judged is used to judge it.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{Request, Response};
use oust::transport::{HttpWire, Wire as _, WireLimits};
use serde_json::{Value, json};

/// The account that moto has.
pub(super) const ACCOUNT: &str = "123456789012";

/// The role that we act by.
pub(super) const RESPONDER: &str = "OustResponder";

/// A server has one world: one story at a time.
static TURN: LazyLock<tokio::sync::Mutex<()>> = LazyLock::new(|| tokio::sync::Mutex::new(()));

/// Keys of somebody.
#[derive(Clone)]
pub(super) struct Keys {
    pub(super) id: String,
    pub(super) secret: String,
    token: Option<String>,
}

impl Keys {
    pub(super) fn with_a_wrong_secret(&self) -> Self {
        let secret = self.secret.chars().rev().collect();
        Self {
            secret,
            ..self.clone()
        }
    }
}

pub(super) struct Moto {
    pub(super) url: String,
    /// Of the user who may assume the responder's role.
    pub(super) keys: Keys,
    /// Of somebody who may look.
    onlooker: Keys,
    simulate: PathBuf,
    wire: HttpWire,
    home: tempfile::TempDir,
    _turn: tokio::sync::MutexGuard<'static, ()>,
}

impl Moto {
    /// A server with roles that people sign in to by SAML, and nobody's policy but theirs; `None`,
    /// said aloud, if there is none here.
    pub(super) async fn furnished() -> Option<Self> {
        let told = |name: &str| std::env::var(name).ok().filter(|text| !text.is_empty());
        let (Some(url), Some(simulate)) = (told("OUST_MOTO"), told("OUST_IAM_SIMULATE")) else {
            let why = "skipped: OUST_MOTO and OUST_IAM_SIMULATE name no judges (`.ci/moto` does)";
            assert!(told("OUST_JUDGED").is_none(), "{why}");
            say(why);
            return None;
        };
        // Nothing is enforced while it is furnished.
        let anybody = Keys {
            id: "AKIAEXAMPLE".into(),
            secret: "any".into(),
            token: None,
        };
        let mut moto = Self {
            url,
            keys: anybody.clone(),
            onlooker: anybody,
            simulate: simulate.into(),
            wire: HttpWire::new().unwrap(),
            home: tempfile::tempdir().unwrap(),
            _turn: TURN.lock().await,
        };
        moto.raw("/moto-api/reset-auth", "1000000").await;
        moto.raw("/moto-api/reset", "").await;
        moto.furnish().await;
        Some(moto)
    }

    async fn furnish(&mut self) {
        let allow = |actions: &[&str]| {
            let statement = json!({ "Effect": "Allow", "Action": actions, "Resource": "*" });
            json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string()
        };
        let trust = |principal: Value, action: &str| {
            let statement = json!({ "Effect": "Allow", "Principal": principal, "Action": action });
            json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string()
        };
        let okta = format!("arn:aws:iam::{ACCOUNT}:saml-provider/okta");
        let by_saml = trust(json!({ "Federated": okta }), "sts:AssumeRoleWithSAML");
        let user = format!("arn:aws:iam::{ACCOUNT}:user/oust");
        let by_us = trust(json!({ "AWS": user }), "sts:AssumeRole");
        let metadata = "x".repeat(1_100);
        self.iam(
            "CreateSAMLProvider",
            &[("Name", "okta"), ("SAMLMetadataDocument", &metadata)],
        )
        .await;
        let ours = [
            "iam:ListRoles",
            "iam:GetRole",
            "iam:ListRolePolicies",
            "iam:GetRolePolicy",
            "iam:PutRolePolicy",
            "iam:DeleteRolePolicy",
            "iam:SimulatePrincipalPolicy",
            "cloudtrail:LookupEvents",
        ];
        for (role, trust, rights) in [
            ("Admin", &by_saml, allow(&["*"])),
            ("Auditor", &by_saml, allow(&["iam:List*", "iam:Get*"])),
            (RESPONDER, &by_us, allow(&ours)),
        ] {
            self.iam(
                "CreateRole",
                &[("RoleName", role), ("AssumeRolePolicyDocument", trust)],
            )
            .await;
            let policy = [
                ("RoleName", role),
                ("PolicyName", "work"),
                ("PolicyDocument", &rights),
            ];
            self.iam("PutRolePolicy", &policy).await;
        }
        let keys = self.user("oust", &allow(&["sts:AssumeRole"])).await;
        self.onlooker = self
            .user("onlooker", &allow(&["iam:Get*", "iam:List*"]))
            .await;
        self.keys = keys;
    }

    async fn user(&self, name: &str, rights: &str) -> Keys {
        self.iam("CreateUser", &[("UserName", name)]).await;
        let policy = [
            ("UserName", name),
            ("PolicyName", "own"),
            ("PolicyDocument", rights),
        ];
        self.iam("PutUserPolicy", &policy).await;
        let made = self.iam("CreateAccessKey", &[("UserName", name)]).await;
        Keys {
            id: element(&made, "AccessKeyId"),
            secret: element(&made, "SecretAccessKey"),
            token: None,
        }
    }

    /// From here on policies and signatures are enforced.
    pub(super) async fn enforce(&self) {
        self.raw("/moto-api/reset-auth", "0").await;
    }

    /// A session by an assertion, as Okta would send it.
    pub(super) async fn signs_in(&self, name: &str, role: &str) -> Keys {
        let role = format!("arn:aws:iam::{ACCOUNT}:role/{role}");
        let provider = format!("arn:aws:iam::{ACCOUNT}:saml-provider/okta");
        let attribute = |key: &str, value: &str| {
            format!(
                "<saml:Attribute Name=\"https://aws.amazon.com/SAML/Attributes/{key}\">\
                 <saml:AttributeValue>{value}</saml:AttributeValue></saml:Attribute>"
            )
        };
        let assertion = format!(
            "<samlp:Response xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" \
             xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\"><saml:Assertion>\
             <saml:AttributeStatement>{}{}</saml:AttributeStatement></saml:Assertion>\
             </samlp:Response>",
            attribute("RoleSessionName", name),
            attribute("Role", &format!("{role},{provider}")),
        );
        let assertion = STANDARD.encode(assertion);
        let pairs = [
            ("RoleArn", &*role),
            ("PrincipalArn", &*provider),
            ("SAMLAssertion", &*assertion),
        ];
        let answer = self.call(
            "sts",
            "2011-06-15",
            "AssumeRoleWithSAML",
            &pairs,
            &self.keys,
        );
        let answer = good(answer.await);
        Keys {
            id: element(&answer, "AccessKeyId"),
            secret: element(&answer, "SecretAccessKey"),
            token: Some(element(&answer, "SessionToken")),
        }
    }

    /// Whether somebody may list the account's roles.
    pub(super) async fn may_act(&self, who: &Keys) -> bool {
        let answer = self.call("iam", "2010-05-08", "ListRoles", &[], who).await;
        match answer.status().as_u16() {
            200 => true,
            403 => false,
            other => panic!("{other}: {}", text(&answer)),
        }
    }

    /// The role's inline policies, as an onlooker reads them.
    pub(super) async fn policies(&self, role: &str) -> BTreeMap<String, Value> {
        let listed = self.looked("ListRolePolicies", &[("RoleName", role)]).await;
        let mut policies = BTreeMap::new();
        for name in elements(&listed, "member") {
            let pairs = [("RoleName", role), ("PolicyName", &*name)];
            let got = self.looked("GetRolePolicy", &pairs).await;
            let document = element(&got, "PolicyDocument");
            let document = decoded(&document);
            policies.insert(name, serde_json::from_str(&document).unwrap());
        }
        policies
    }

    pub(super) async fn role_id(&self, role: &str) -> String {
        let got = self.looked("GetRole", &[("RoleName", role)]).await;
        element(&got, "RoleId")
    }

    /// Whether each session may list buckets, says iam-simulate, with these policies of its role.
    pub(super) fn weigh(
        &self,
        policies: &BTreeMap<String, Value>,
        sessions: &[Value],
    ) -> Vec<bool> {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/.ci/weigh.mjs");
        let mut child = Command::new("node")
            .arg(script)
            .arg(&self.simulate)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node is there");
        let asked = json!({ "account": ACCOUNT, "policies": policies, "sessions": sessions });
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(asked.to_string().as_bytes()).unwrap();
        drop(stdin);
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        serde_json::from_slice(&output.stdout).unwrap()
    }

    async fn iam(&self, action: &str, pairs: &[(&str, &str)]) -> String {
        good(
            self.call("iam", "2010-05-08", action, pairs, &self.keys)
                .await,
        )
    }

    async fn looked(&self, action: &str, pairs: &[(&str, &str)]) -> String {
        good(
            self.call("iam", "2010-05-08", action, pairs, &self.onlooker)
                .await,
        )
    }

    /// One call of the query form, signed.
    async fn call(
        &self,
        service: &str,
        version: &str,
        action: &str,
        pairs: &[(&str, &str)],
        who: &Keys,
    ) -> Response<Vec<u8>> {
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        body.append_pair("Action", action);
        body.append_pair("Version", version);
        body.extend_pairs(pairs);
        let request = Request::post(format!("{}/", self.url))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body.finish().into_bytes());
        let mut request = request.unwrap();
        signed(&mut request, service, who);
        self.wire
            .send(request, WireLimits::default())
            .await
            .unwrap()
    }

    /// moto's own switches.
    async fn raw(&self, path: &str, body: &str) {
        let request = Request::post(format!("{}{path}", self.url))
            .header("content-type", "text/plain")
            .body(body.as_bytes().to_vec());
        let answer = self
            .wire
            .send(request.unwrap(), WireLimits::default())
            .await;
        good(answer.unwrap());
    }

    /// A secret in a file of this story's.
    pub(super) fn secret(&self, name: &str, text: &str) -> PathBuf {
        let path = self.home.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }
}

fn signed(request: &mut Request<Vec<u8>>, service: &str, who: &Keys) {
    let (id, secret) = (who.id.clone(), who.secret.clone());
    let identity = Credentials::new(id, secret, who.token.clone(), None, "test").into();
    #[expect(clippy::disallowed_methods, reason = "moto's clock is this machine's")]
    let now = SystemTime::now();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region("us-east-1")
        .name(service)
        .time(now)
        .settings(SigningSettings::default())
        .build()
        .unwrap()
        .into();
    let uri = request.uri().to_string();
    let kind = request.headers()["content-type"]
        .to_str()
        .unwrap()
        .to_owned();
    let headers = [("content-type", &*kind)].into_iter();
    let body = SignableBody::Bytes(request.body());
    let signable = SignableRequest::new("POST", uri, headers, body).unwrap();
    let (instructions, _) = sign(signable, &params).unwrap().into_parts();
    instructions.apply_to_request_http1x(request);
}

fn good(answer: Response<Vec<u8>>) -> String {
    let said = text(&answer);
    assert!(answer.status().is_success(), "{}: {said}", answer.status());
    said
}

fn text(answer: &Response<Vec<u8>>) -> String {
    String::from_utf8_lossy(answer.body()).into_owned()
}

/// The text of the first element of this name.
fn element(xml: &str, name: &str) -> String {
    let mut all = elements(xml, name);
    assert!(!all.is_empty(), "no {name} in {xml}");
    all.remove(0)
}

fn elements(xml: &str, name: &str) -> Vec<String> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let parts = xml.split(&open).skip(1);
    let each = parts.filter_map(|part| part.split_once(&close));
    each.map(|(text, _)| text.to_owned()).collect()
}

/// Policies come percent-encoded.
fn decoded(document: &str) -> String {
    let whole = format!("document={document}");
    let mut pairs = url::form_urlencoded::parse(whole.as_bytes());
    pairs.next().unwrap().1.into_owned()
}

#[expect(clippy::print_stderr, reason = "a skip must be seen")]
fn say(text: &str) {
    eprintln!("moto: {text}");
}
