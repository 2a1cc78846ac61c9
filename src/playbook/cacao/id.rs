//! Ids that are the same for the same playbook, whoever exports it and whenever.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

/// Our own namespace. The standard's is for those alone who name a playbook by its `name` and
/// `playbook_types`, so that all its versions share an id and differ by date (section 10.10).
const NAMESPACE: Uuid = Uuid::from_u128(0x5b2d_7c1e_93a4_4f0b_8e6d_1a2c_f7e0_9d53);

/// Makes the ids of one playbook.
pub(super) struct Ids {
    playbook: Uuid,
}

impl Ids {
    /// Those of the playbook with this digest.
    pub(super) fn of(playbook_digest: &str) -> Self {
        // UUIDv5 is SHA-1 by definition (RFC 9562, section 5.5); nothing rests on its strength.
        let mut named = NAMESPACE.as_bytes().to_vec();
        named.extend_from_slice(playbook_digest.as_bytes());
        let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, &named);
        let bytes = hash.as_ref().first_chunk();
        let playbook = Builder::from_sha1_bytes(*bytes.expect("SHA-1 has 20 bytes"));
        Self {
            playbook: playbook.into_uuid(),
        }
    }

    /// The playbook's.
    pub(super) fn playbook(&self) -> String {
        format!("playbook--{}", self.playbook)
    }

    /// Of something in it: its type, and where it stands.
    ///
    /// The standard wants UUIDv4 of steps. This has its form, and is made from the place instead of
    /// by chance: that is what keeps two exports alike.
    pub(super) fn part(&self, kind: &str, place: &str) -> String {
        let mut hash = Sha256::new();
        for text in [self.playbook.as_bytes(), kind.as_bytes(), place.as_bytes()] {
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text);
        }
        let hash = hash.finalize();
        let bytes = hash.first_chunk().expect("SHA-256 has 32 bytes");
        let id = Builder::from_random_bytes(*bytes).into_uuid();
        format!("{kind}--{id}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_place_has_the_same_id_and_no_other_has() {
        let (one, other) = (Ids::of("5e"), Ids::of("5f"));
        assert_eq!(
            one.part("action", "0/1"),
            Ids::of("5e").part("action", "0/1")
        );
        assert_ne!(one.part("action", "0/1"), one.part("action", "0/2"));
        assert_ne!(one.part("action", "0/1"), one.part("end", "0/1"));
        assert_ne!(one.part("action", "0/1"), other.part("action", "0/1"));
        assert_ne!(one.playbook(), other.playbook());
        let version = |id: &str| id.rsplit("--").next().unwrap().as_bytes()[14];
        assert_eq!(version(&one.playbook()), b'5');
        assert_eq!(version(&one.part("action", "0/1")), b'4');
    }
}
