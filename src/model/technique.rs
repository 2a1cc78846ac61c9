//! Techniques by their public ids: MITRE ATT&CK for what intruders do, MITRE D3FEND for what is
//! done about it.
//!
//! The names are those of the ids that actions and detections of ours declare. An id that is not
//! here is shown alone: a wrong name misleads, and a missing one does not.
//!
//! Sources: MITRE ATT&CK for Enterprise v17, technique pages; MITRE D3FEND 1.0, technique pages.

/// ATT&CK ids and names, in order.
const ATTACK: &[(&str, &str)] = &[
    ("T1078", "Valid Accounts"),
    ("T1078.004", "Valid Accounts: Cloud Accounts"),
    ("T1090.003", "Proxy: Multi-hop Proxy"),
    ("T1098", "Account Manipulation"),
    (
        "T1098.001",
        "Account Manipulation: Additional Cloud Credentials",
    ),
    ("T1098.003", "Account Manipulation: Additional Cloud Roles"),
    ("T1098.005", "Account Manipulation: Device Registration"),
    (
        "T1098.007",
        "Account Manipulation: Additional Local or Domain Groups",
    ),
    ("T1110", "Brute Force"),
    ("T1110.003", "Brute Force: Password Spraying"),
    ("T1114.003", "Email Collection: Email Forwarding Rule"),
    ("T1133", "External Remote Services"),
    ("T1136", "Create Account"),
    ("T1185", "Browser Session Hijacking"),
    ("T1199", "Trusted Relationship"),
    (
        "T1484.002",
        "Domain or Tenant Policy Modification: Trust Modification",
    ),
    ("T1528", "Steal Application Access Token"),
    ("T1531", "Account Access Removal"),
    ("T1538", "Cloud Service Dashboard"),
    ("T1539", "Steal Web Session Cookie"),
    ("T1550", "Use Alternate Authentication Material"),
    (
        "T1550.001",
        "Use Alternate Authentication Material: Application Access Token",
    ),
    (
        "T1550.004",
        "Use Alternate Authentication Material: Web Session Cookie",
    ),
    ("T1555", "Credentials from Password Stores"),
    (
        "T1556.006",
        "Modify Authentication Process: Multi-Factor Authentication",
    ),
    (
        "T1556.007",
        "Modify Authentication Process: Hybrid Identity",
    ),
    (
        "T1556.009",
        "Modify Authentication Process: Conditional Access Policies",
    ),
    ("T1562", "Impair Defenses"),
    (
        "T1562.007",
        "Impair Defenses: Disable or Modify Cloud Firewall",
    ),
    ("T1562.008", "Impair Defenses: Disable or Modify Cloud Logs"),
    ("T1564.008", "Hide Artifacts: Email Hiding Rules"),
    ("T1566", "Phishing"),
    ("T1621", "Multi-Factor Authentication Request Generation"),
];

/// D3FEND ids, names, and what their pages are called, in order.
const D3FEND: &[(&str, &str, &str)] = &[
    ("D3-AL", "Account Locking", "AccountLocking"),
    ("D3-CR", "Credential Revocation", "CredentialRevocation"),
    ("D3-CRO", "Credential Rotation", "CredentialRotation"),
    (
        "D3-NTF",
        "Network Traffic Filtering",
        "NetworkTrafficFiltering",
    ),
    (
        "D3-RUAA",
        "Restore User Account Access",
        "RestoreUserAccountAccess",
    ),
    ("D3-ST", "Session Termination", "SessionTermination"),
    (
        "D3-UAP",
        "User Account Permissions",
        "UserAccountPermissions",
    ),
];

/// The name of a technique of either kind, if it is known here.
#[must_use]
pub fn technique_name(id: &str) -> Option<&'static str> {
    let attack = ATTACK.iter().find(|(known, _)| *known == id);
    let d3fend = D3FEND.iter().find(|(known, ..)| *known == id);
    attack
        .map(|(_, name)| *name)
        .or(d3fend.map(|(_, name, _)| *name))
}

/// Id and name, or the id alone.
#[must_use]
pub fn technique_spoken(id: &str) -> String {
    match technique_name(id) {
        Some(name) => format!("{id} {name}"),
        None => id.to_owned(),
    }
}

/// The page of a technique at MITRE; `None` where the id is not well formed or not known.
#[must_use]
pub fn technique_link(id: &str) -> Option<String> {
    if is_attack_id(id) {
        let path = id.replace('.', "/");
        return Some(format!("https://attack.mitre.org/techniques/{path}/"));
    }
    let (.., page) = D3FEND.iter().find(|(known, ..)| *known == id)?;
    Some(format!("https://d3fend.mitre.org/technique/d3f:{page}/"))
}

/// `T1234` or `T1234.567`.
#[must_use]
pub fn is_attack_id(id: &str) -> bool {
    let digits = |text: &str, count: usize| {
        text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    let Some(number) = id.strip_prefix('T') else {
        return false;
    };
    match number.split_once('.') {
        None => digits(number, 4),
        Some((technique, part)) => digits(technique, 4) && digits(part, 3),
    }
}

/// `D3-` and capitals.
#[must_use]
pub fn is_d3fend_id(id: &str) -> bool {
    let letters = id.strip_prefix("D3-").unwrap_or_default();
    !letters.is_empty() && letters.bytes().all(|byte| byte.is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_id_is_well_formed_and_stands_once_in_order() {
        assert!(ATTACK.iter().all(|(id, _)| is_attack_id(id)));
        assert!(ATTACK.is_sorted_by(|one, next| one.0 < next.0));
        assert!(D3FEND.iter().all(|(id, ..)| is_d3fend_id(id)));
        assert!(D3FEND.is_sorted_by(|one, next| one.0 < next.0));
        for wrong in [
            "T12",
            "T1078.4",
            "T10780",
            "T1078/004",
            "t1078",
            "",
            "initial-access",
        ] {
            assert!(!is_attack_id(wrong), "{wrong}");
        }
        assert!(!is_d3fend_id("D3-") && !is_d3fend_id("D3-al") && !is_d3fend_id("AL"));
    }

    #[test]
    fn what_is_not_known_has_no_name_and_no_made_up_page() {
        assert_eq!(
            technique_spoken("T1078.004"),
            "T1078.004 Valid Accounts: Cloud Accounts"
        );
        assert_eq!(technique_spoken("initial-access"), "initial-access");
        assert_eq!(
            technique_link("T1078.004").as_deref(),
            Some("https://attack.mitre.org/techniques/T1078/004/")
        );
        assert_eq!(technique_link("D3-XYZ"), None);
        assert_eq!(technique_link("T1078/../../evil"), None);
    }
}
