//! Over TLS: by its certificate, and by a new one without a restart.

use std::fs;

use oust_mocks::Certificate;

use super::world::*;

/// Puts a new certificate where the config says it is.
fn renew(home: &Home, name: &str) {
    let made = Certificate::self_signed(name, 1_700_000_000_000, 2_400_000_000_000);
    fs::write(home.at("server.pem"), &made.pem).unwrap();
    let key = home.at("server-key.pem");
    fs::write(&key, &made.key.private_pem).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(key, fs::Permissions::from_mode(0o600)).unwrap();
    }
}

const TLS: &str = "listen: 127.0.0.1:0\ntls: { certificate: server.pem, key: server-key.pem }";

#[test]
fn an_alert_comes_over_tls_and_a_new_certificate_needs_no_restart() {
    let home = Home::with(TLS, SOURCES);
    renew(&home, "first");
    let serving = home.serve();
    let at = serving.at;
    let runtime = tokio::runtime::Runtime::new().unwrap();
    // The certificate is nobody's: that it is ours is not what this is about.
    let post = |id: &str| {
        let client = reqwest::Client::builder()
            .no_proxy()
            .danger_accept_invalid_certs(true)
            .build()
            .unwrap();
        let request = client.post(format!("https://localhost:{}/v1/alerts/soc", at.port()));
        let request = request
            .bearer_auth(SECRET)
            .header("content-type", "application/json")
            .body(alert(id).to_string());
        runtime
            .block_on(request.send())
            .map(|answer| answer.status().as_u16())
    };
    assert_eq!(post("INC-1").unwrap(), 200);
    // Plain http at a port that speaks TLS is no request at all.
    assert!(!serving.alert("INC-2").contains("200"));
    serving.logs("no TLS");

    fs::write(home.at("server.pem"), "nonsense").unwrap();
    assert_eq!(post("INC-3").unwrap(), 200, "a broken file changes nothing");
    serving.logs("the new certificate cannot be used");
    renew(&home, "second");
    assert_eq!(post("INC-4").unwrap(), 200);
    serving.logs("the certificate was read anew");
    assert_eq!(home.keys(), ["INC-1", "INC-3", "INC-4"]);
}
