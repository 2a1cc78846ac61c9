//! The intruder, alive: he comes back whenever the org lets him and digs in while he can.
//!
//! One move per turn, a turn at most every `gap_ms` (plus chance, seeded). He signs in when he
//! has no session, and with one he enrols a factor, makes an API token, or goes to an app.
//! Every move leaves its System Log event, failed sign-ins too. He uses no knowledge that an
//! intruder with the password, his own factors and his own tokens would not have.
//!
//! [`Attacker::with_services`] lets him also visit the services behind Okta, with turns and
//! chance of their own: what he does at Okta is the same with it or without. Where he has no
//! session he signs on as long as he has one at Okta; where he has one he leaves things behind.

use std::collections::BTreeMap;

use crate::instance::{app_id_of, app_of};
use crate::okta::Okta;
use crate::range::Range;
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
    /// `unsuspend`, with grants `join_group` and so on; and `refused`, a sign-in that was not let in. At the services `slack_sso` and
    /// so on, and what he left there, such as `slack_session`.
    pub moves: BTreeMap<&'static str, u32>,
    services: bool,
    grants: bool,
    next_ms: Option<i64>,
    rng: Rng,
    next_visit_ms: Option<i64>,
    visit_rng: Rng,
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
            services: false,
            grants: false,
            next_ms: None,
            rng: Rng::new(0),
            next_visit_ms: None,
            visit_rng: Rng::new(0),
        }
    }

    /// Lets him unsuspend the account through this admin.
    #[must_use]
    pub fn with_accomplice(mut self, admin_id: &str) -> Self {
        self.accomplice = Some(admin_id.to_owned());
        self
    }

    /// Lets him visit the services that Okta signs the account on to.
    #[must_use]
    pub fn with_services(mut self) -> Self {
        self.services = true;
        self
    }

    /// Lets him give the account groups, roles, apps and devices, too, and let Okta support in.
    #[must_use]
    pub fn with_grants(mut self) -> Self {
        self.grants = true;
        self
    }

    pub(crate) fn reseed(&mut self, seed: u64) {
        self.rng = Rng::new(seed ^ 0xA77A_C4E2);
        self.visit_rng = Rng::new(seed ^ 0x5E17_1CE5);
    }

    /// How often a move succeeded.
    #[must_use]
    pub fn count(&self, what: &str) -> u32 {
        self.moves.get(what).copied().unwrap_or(0)
    }

    /// Makes one move if his time has come. His first turn is the first call.
    pub(crate) fn tick(&mut self, range: &mut Range, now_ms: i64) {
        self.move_at_okta(&mut range.okta, now_ms);
        if self.services && self.next_visit_ms.is_none_or(|next| now_ms >= next) {
            let wait = self.gap_ms + self.visit_rng.below(self.gap_ms / 2 + 1);
            self.next_visit_ms = Some(now_ms.saturating_add_unsigned(wait));
            if let Some(what) = self.visit(range, now_ms) {
                *self.moves.entry(what).or_default() += 1;
            }
        }
    }

    fn move_at_okta(&mut self, okta: &mut Okta, now_ms: i64) {
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
        if self.grants && self.rng.below(2) == 0 {
            return self.grant(okta, now_ms);
        }
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

    /// Gives the account something that outlives the session.
    fn grant(&mut self, okta: &mut Okta, now_ms: i64) -> &'static str {
        let user = self.user_id.clone();
        let groups = okta
            .groups
            .values()
            .filter(|g| g.kind == "OKTA_GROUP" && !g.denies);
        let group = groups.map(|g| g.id.clone()).next();
        let app = okta.apps.keys().next().cloned();
        match (self.rng.below(5), group, app) {
            (0, Some(group), _) => {
                okta.join_group_by_hand(&user, &group, &user, now_ms);
                "join_group"
            }
            (1, _, Some(app)) => {
                okta.assign_app_by_hand(&user, &app, &user, now_ms);
                "assign_app"
            }
            (2, ..) => {
                okta.give_role_by_hand(&user, "ORG_ADMIN", &user, now_ms);
                "give_role"
            }
            (3, ..) => {
                okta.grant_support_by_hand(&user, now_ms);
                "grant_support"
            }
            _ => {
                okta.add_device_by_hand(&user, "Pixel 10", now_ms);
                "add_device"
            }
        }
    }

    /// Signs on where he has no session; if he has one everywhere, or cannot, uses what he left, or
    /// digs in somewhere.
    fn visit(&mut self, range: &mut Range, now_ms: i64) -> Option<&'static str> {
        let user = self.user_id.clone();
        let login = range.okta.user(&user)?.login.clone();
        let okta = range.okta.intruder_session(&user, now_ms);
        let systems = range.systems();
        if let Some((_, ip)) = &okta {
            for system in &systems {
                let Some((app, name)) = door(&range.okta, &user, system, &systems) else {
                    continue;
                };
                let service = range.service_mut(system)?;
                let id = service.id_of(&login);
                if service.is_inside(&id) || !service.enter(&id, ip, now_ms) {
                    continue;
                }
                self.leave_sso_event(&mut range.okta, &app, now_ms);
                return Some(name);
            }
        }
        for system in &systems {
            let service = range.service_mut(system)?;
            let id = service.id_of(&login);
            if !service.is_inside(&id)
                && let Some(name) = service.come_back(&id, now_ms)
            {
                return Some(name);
            }
        }
        let open: Vec<&String> = systems
            .iter()
            .filter(|system| {
                range.service(system).is_some_and(|service| {
                    let may = okta.is_some() || !service.asks_for_sign_on();
                    may && service.is_inside(&service.id_of(&login))
                })
            })
            .collect();
        let at = usize::try_from(self.visit_rng.below(open.len() as u64)).unwrap_or(0);
        let service = range.service_mut(open.get(at)?)?;
        let id = service.id_of(&login);
        Some(service.dig_in(&id, &mut self.visit_rng, now_ms))
    }

    /// The event takes its chance from here, so that Okta's own stays what it was.
    fn leave_sso_event(&mut self, okta: &mut Okta, app: &str, now_ms: i64) {
        std::mem::swap(&mut okta.rng, &mut self.visit_rng);
        okta.sso_as_attacker(&self.user_id, app, now_ms);
        std::mem::swap(&mut okta.rng, &mut self.visit_rng);
    }
}

/// The Okta app by which he reaches a system, and the name of that move; none if it is not his.
fn door(
    okta: &Okta,
    user: &str,
    system: &str,
    systems: &[String],
) -> Option<(String, &'static str)> {
    let (app, name) = app_of(system)?;
    let further = system.contains(':').then(|| app_id_of(system));
    let is_further = |id: &str| systems.iter().any(|other| app_id_of(other) == id);
    let his = &okta.user(user)?.apps;
    let mut apps = okta.apps.values().filter(|a| his.contains_key(&a.id));
    let found = apps.find(|a| match &further {
        Some(id) => a.id == *id,
        None => a.name == app && !is_further(&a.id),
    })?;
    Some((found.id.clone(), name))
}
