//! Throwaway self-signed certificates for client assertions: DER, PEM and thumbprint.
//!
//! X.509 (RFC 5280) without extensions, written by hand: a thumbprint and a public key are all that
//! a vendor keeps of such a certificate, and that is no reason for a crate. It says version 3, as
//! TLS wants it.

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::tz::TimeZone;
use sha2::{Digest as _, Sha256};

use crate::keys::{KeyPair, armour, unarmour};

/// A key and its certificate.
#[derive(Debug, Clone)]
pub struct Certificate {
    /// The key; it signs with PS256 as well as with RS256.
    pub key: KeyPair,
    /// The certificate, PEM.
    pub pem: String,
    /// The certificate, DER.
    pub der: Vec<u8>,
    /// SHA-256 of the DER, base64url: `x5t#S256`.
    pub thumbprint: String,
    /// When it stops being valid, milliseconds since 1970.
    pub not_after_ms: i64,
}

impl Certificate {
    /// Makes a 2048-bit RSA key and a certificate for it.
    ///
    /// # Panics
    /// If the system has no randomness.
    #[must_use]
    pub fn self_signed(name: &str, not_before_ms: i64, not_after_ms: i64) -> Self {
        let key = KeyPair::rs256(name);
        let pair = RsaKeyPair::from_pkcs8(&unarmour(&key.private_pem))
            .expect("a key made here can be read back");
        let public = pair.public_key().as_der().expect("a key has a public half");
        let algorithm = sequence(&[
            oid(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11]),
            vec![5, 0],
        ]);
        let who = sequence(&[tlv(
            0x31,
            &sequence(&[oid(&[0x55, 4, 3]), tlv(0x0c, name.as_bytes())]),
        )]);
        let serial: [u8; 8] = std::array::from_fn(|i| {
            if i == 0 {
                1
            } else {
                Sha256::digest(public.as_ref())[i]
            }
        });
        let to_sign = sequence(&[
            tlv(0xa0, &tlv(2, &[2])),
            tlv(2, &serial),
            algorithm.clone(),
            who.clone(),
            sequence(&[time(not_before_ms), time(not_after_ms)]),
            who,
            public.as_ref().to_vec(),
        ]);
        let mut signature = vec![0; pair.public_modulus_len()];
        pair.sign(
            &RSA_PKCS1_SHA256,
            &SystemRandom::new(),
            &to_sign,
            &mut signature,
        )
        .expect("an RSA key signs when the system has randomness");
        let mut bits = vec![0];
        bits.extend(signature);
        let der = sequence(&[to_sign, algorithm, tlv(3, &bits)]);
        Self {
            key,
            pem: armour("CERTIFICATE", &der),
            thumbprint: URL_SAFE_NO_PAD.encode(Sha256::digest(&der)),
            der,
            not_after_ms,
        }
    }
}

fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    let length = content.len().to_be_bytes();
    let digits: Vec<u8> = length.iter().copied().skip_while(|b| *b == 0).collect();
    match digits.as_slice() {
        [] => out.push(0),
        [short] if *short < 0x80 => out.push(*short),
        long => {
            out.push(0x80 | u8::try_from(long.len()).expect("at most eight bytes"));
            out.extend(long);
        }
    }
    out.extend(content);
    out
}

fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    tlv(0x30, &parts.concat())
}

fn oid(bytes: &[u8]) -> Vec<u8> {
    tlv(6, bytes)
}

/// `UTCTime`, good until 2049.
fn time(ms: i64) -> Vec<u8> {
    let at = jiff::Timestamp::from_millisecond(ms).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let text = at.to_zoned(TimeZone::UTC).strftime("%y%m%d%H%M%SZ");
    tlv(0x17, text.to_string().as_bytes())
}
