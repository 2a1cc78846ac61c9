//! The intruder, alive: he comes back whenever the org lets him and digs in while he can.
//!
//! One move per turn, a turn at most every `gap_ms` (plus chance, seeded). He signs in when he
//! has no session, and with one he enrols a factor, makes an API token, or goes to an app.
//! Every move leaves its System Log event, failed sign-ins too. He uses no knowledge that an
//! intruder with the password, his own factors and his own tokens would not have.

use std::collections::BTreeMap;

use crate::okta::Okta;
use crate::rng::Rng;

/// How many things of one kind he makes before he stops.
const GREED_MAX: u32 = 20;

/// One intruder on one account.
#[derive(Debug, Clone)]
pub struct Attacker {
    /// Whose account he has.
    pub user_id: String,
    /// The shortest time between two moves, milliseconds.
    pub gap_ms: u64,
    /// A second compromised admin through whom he unsuspends the account; off if absent.
    pub accomplice: Option<String>,
    /// How often each move succeeded: `sign_in`, `enrol_factor`, `mint_token`, `sso`,
    /// `unsuspend`; and `refused`, a sign-in that was not let in.
    pub moves: BTreeMap<&'static str, u32>,
    next_ms: Option<i64>,
    rng: Rng,
}

impl Attacker {
    /// An intruder who moves at most every `gap_ms`.
    #[must_use]
    pub fn new(user_id: &str, gap_ms: u64) -> Self {
        Self {
            user_id: user_id.to_owned(),
            gap_ms,
            accomplice: None,
            moves: BTreeMap::new(),
            next_ms: None,
            rng: Rng::new(0),
        }
    }

    /// Lets him unsuspend the account through this admin.
    #[must_use]
    pub fn with_accomplice(mut self, admin_id: &str) -> Self {
        self.accomplice = Some(admin_id.to_owned());
        self
    }

    pub(crate) fn reseed(&mut self, seed: u64) {
        self.rng = Rng::new(seed ^ 0xA77A_C4E2);
    }

    /// How often a move succeeded.
    #[must_use]
    pub fn count(&self, what: &str) -> u32 {
        self.moves.get(what).copied().unwrap_or(0)
    }

    /// Makes one move if his time has come. His first turn is the first call.
    pub(crate) fn tick(&mut self, okta: &mut Okta, now_ms: i64) {
        if self.next_ms.is_some_and(|next| now_ms < next) {
            return;
        }
        let wait = self.gap_ms + self.rng.below(self.gap_ms / 2 + 1);
        self.next_ms = Some(now_ms.saturating_add_unsigned(wait));
        let what = self.act(okta, now_ms);
        *self.moves.entry(what).or_default() += 1;
    }

    fn act(&mut self, okta: &mut Okta, now_ms: i64) -> &'static str {
        let user = self.user_id.clone();
        if okta.intruder_session(&user, now_ms).is_some() {
            return self.dig_in(okta, now_ms);
        }
        if okta.sign_in_as_attacker(&user, now_ms).is_some() {
            return "sign_in";
        }
        if let Some(admin) = &self.accomplice
            && okta.can_sign_in(admin)
            && okta.unsuspend_by_hand(&user, admin, now_ms)
        {
            return "unsuspend";
        }
        let live_token = okta.intruder_api_token(&user);
        if live_token && self.count("mint_token") < GREED_MAX {
            let name = format!("backup-{}", self.rng.text(4));
            okta.mint_api_token_by_hand(&user, &name, now_ms);
            return "mint_token";
        }
        "refused"
    }

    fn dig_in(&mut self, okta: &mut Okta, now_ms: i64) -> &'static str {
        let user = self.user_id.clone();
        match self.rng.below(3) {
            0 if self.count("enrol_factor") < GREED_MAX => {
                let name = format!("Pixel {}", self.rng.text(3));
                okta.enrol_factor_by_hand(&user, "push", &name, now_ms);
                "enrol_factor"
            }
            1 if self.count("mint_token") < GREED_MAX => {
                let name = format!("backup-{}", self.rng.text(4));
                okta.mint_api_token_by_hand(&user, &name, now_ms);
                "mint_token"
            }
            _ => {
                let apps: Vec<String> = okta
                    .user(&user)
                    .map_or_else(Vec::new, |u| u.apps.keys().cloned().collect());
                let at = usize::try_from(self.rng.below(apps.len() as u64)).unwrap_or(0);
                if let Some(app) = apps.get(at) {
                    okta.sso_as_attacker(&user, app, now_ms);
                }
                "sso"
            }
        }
    }
}
