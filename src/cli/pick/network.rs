//! Networks as people write them: `203.0.113.0/24`, one address, `2001:db8::/32`.
//!
//! Compared on our side, because Okta's filter knows no networks.

use std::net::IpAddr;

/// Addresses that begin alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Network {
    address: IpAddr,
    bits: u8,
}

impl Network {
    /// Reads one.
    ///
    /// # Errors
    /// A sentence, if it is none, or holds every address.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let wrong = || format!("`{text}` is no network: write 203.0.113.0/24 or 203.0.113.66");
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            Some(bits) => bits.parse().ok().filter(|bits| *bits <= most),
            None => Some(most),
        };
        match bits.ok_or_else(wrong)? {
            0 => Err(format!("`{text}` holds every address: that is everybody")),
            bits => Ok(Self { address, bits }),
        }
    }

    /// Whether this address, as the log has it, is one of them.
    pub(super) fn holds(self, text: &str) -> bool {
        let Ok(address) = text.parse::<IpAddr>() else {
            return false;
        };
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                (u32::from(own) ^ u32::from(other)) >> (32 - u32::from(self.bits)) == 0
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                (u128::from(own) ^ u128::from(other)) >> (128 - u32::from(self.bits)) == 0
            }
            _ => false,
        }
    }
}

impl std::fmt::Display for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_holds_its_own_addresses_and_no_others() {
        let holds = |network: &str, address: &str| Network::read(network).unwrap().holds(address);
        assert!(holds("203.0.113.0/24", "203.0.113.255"));
        assert!(!holds("203.0.113.0/24", "203.0.114.0"));
        assert!(
            holds("203.0.113.77/25", "203.0.113.1"),
            "bits beyond do not count"
        );
        assert!(!holds("203.0.113.0/25", "203.0.113.128"));
        assert!(holds("203.0.113.66", "203.0.113.66"));
        assert!(!holds("203.0.113.6", "203.0.113.66"), "no prefix of a text");
        assert!(holds("203.0.113.0/24", "::ffff:203.0.113.9"));
        assert!(holds("2001:db8::/32", "2001:0db8:0:1::9"));
        assert!(!holds("2001:db8::/32", "203.0.113.9"));
        assert!(!holds("203.0.113.0/24", "unknown"));
    }

    #[test]
    fn what_is_no_network_or_everybody_is_refused() {
        for wrong in [
            "",
            "203.0.113",
            "203.0.113.0/33",
            "::1/129",
            "203.0.113.0/",
            "a/24",
        ] {
            assert!(
                Network::read(wrong).unwrap_err().contains("no network"),
                "{wrong}"
            );
        }
        for all in ["0.0.0.0/0", "::/0"] {
            assert!(
                Network::read(all).unwrap_err().contains("everybody"),
                "{all}"
            );
        }
    }
}
