//! The Sigma rules that come with the program, each file once.

/// A file's name below `config/detections/`, and its text.
pub(super) type File = (&'static str, &'static str);

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../../config/detections/", $name)))),*]
    };
}

/// All of them.
pub(super) const FILES: &[File] = files![
    "admin-console-new.yml",
    "admin-role.yml",
    "api-token-created.yml",
    "api-token-revoked.yml",
    "app-added-by-self.yml",
    "client-roaming.yml",
    "client-secret-read.yml",
    "device-added.yml",
    "dthash-changes-in-session.yml",
    "factor-activated.yml",
    "factor-changed.yml",
    "factor-removed.yml",
    "fastpass-phish-blocked.yml",
    "geolocations.yml",
    "idp-created.yml",
    "itp-hijack.yml",
    "itp-risk-high.yml",
    "log-stream.yml",
    "many-sessions.yml",
    "many-users-one-device-proxy.yml",
    "mfa-abandoned-proxy.yml",
    "mfa-abandoned.yml",
    "mfa-failures.yml",
    "mfa-reset-all.yml",
    "new-behaviour.yml",
    "new-device-and-proxy.yml",
    "org-mfa-off.yml",
    "other-app.yml",
    "password-changed.yml",
    "password-revealed.yml",
    "policy-weaker.yml",
    "proxy-success.yml",
    "rapid-apps.yml",
    "reset-flood.yml",
    "support-impersonation.yml",
    "support-reset.yml",
    "third-party-idp-login.yml",
    "threat-source-allowed.yml",
    "threatinsight.yml",
    "token-reuse.yml",
    "user-reported.yml",
];
