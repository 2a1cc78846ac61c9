//! How often somebody may try to get in: by address, and by address and token.
//!
//! By a token alone nothing is limited: its public part is no secret, and whoever knows it must not
//! be able to keep its owner out at 03:00. A secret of 256 bits is not found by trying; the limit
//! spares the desk and the audit.

use std::net::IpAddr;
use std::num::NonZeroU32;

use governor::clock::Clock as _;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

/// Tries a minute from one address.
const PER_ADDRESS: NonZeroU32 = NonZeroU32::new(20).unwrap();
/// Tries a minute from one address with one token.
const PER_TOKEN: NonZeroU32 = NonZeroU32::new(6).unwrap();
/// Keys that are kept before those that have recovered are dropped.
const KEYS_MAX: usize = 10_000;

/// Counts tries.
pub(in crate::server) struct Attempts {
    by_address: DefaultKeyedRateLimiter<IpAddr>,
    by_token: DefaultKeyedRateLimiter<(IpAddr, String)>,
}

impl Attempts {
    pub(in crate::server) fn new() -> Self {
        Self {
            by_address: RateLimiter::keyed(Quota::per_minute(PER_ADDRESS)),
            by_token: RateLimiter::keyed(Quota::per_minute(PER_TOKEN)),
        }
    }

    /// Counts one.
    ///
    /// # Errors
    /// After how many seconds he may try again.
    pub(in crate::server) fn count(&self, from: IpAddr, token: &str) -> Result<(), u64> {
        if self.by_address.len() + self.by_token.len() > KEYS_MAX {
            self.by_address.retain_recent();
            self.by_token.retain_recent();
        }
        // A whole /64 is one sender, as it is with whoever gives out addresses.
        let from = prefix(from);
        let clock = self.by_address.clock();
        let wait =
            |not_until: governor::NotUntil<_>| not_until.wait_time_from(clock.now()).as_secs() + 1;
        self.by_address.check_key(&from).map_err(wait)?;
        let clock = self.by_token.clock();
        let wait =
            |not_until: governor::NotUntil<_>| not_until.wait_time_from(clock.now()).as_secs() + 1;
        self.by_token
            .check_key(&(from, token.to_owned()))
            .map_err(wait)
    }
}

fn prefix(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let masked = u128::from(address) & !u128::from(u64::MAX);
            IpAddr::V6(masked.into())
        }
        four => four,
    }
}

#[cfg(test)]
mod tests {
    use super::Attempts;

    #[test]
    fn who_tries_too_often_waits_and_keeps_nobody_else_out() {
        let attempts = Attempts::new();
        let here = "192.0.2.1".parse().unwrap();
        let there = "192.0.2.2".parse().unwrap();
        let tries = (0..8).filter(|_| attempts.count(here, "t_1").is_ok());
        assert_eq!(tries.count(), 6);
        assert!(attempts.count(here, "t_2").is_ok());
        assert!(attempts.count(there, "t_1").is_ok());
        assert!(attempts.count(here, "t_1").unwrap_err() >= 1);
    }

    #[test]
    fn a_neighbourhood_of_addresses_is_one_sender() {
        let attempts = Attempts::new();
        let tries = (0..40u32).filter(|last| {
            let from = format!("2001:db8::{last:x}").parse().unwrap();
            attempts.count(from, &last.to_string()).is_ok()
        });
        assert_eq!(tries.count(), 20);
    }
}
