//! The evidence of one run as one file that anybody can check with `tar` and `sha256sum`.
//!
//! `oust.evidence/v1`: a gzip-compressed tar with one directory, in which a manifest tells what the
//! rest is, where it came from and what is missing, and `SHA256SUMS` covers every file but itself.
//! The same pieces give the same bytes: sorted, dated by the run, without owner or machine. Why it is
//! so: decision 0018.
//!
//! Gathers nothing and writes no file; whoever packs has escaped what vendors said.

use std::io::{self, Write as _};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Serialize;
use sha2::{Digest, Sha256};
use tar::{Builder, EntryType, Header};

use super::escape::{harmless_json, visible};
use super::object::LedgerHead;
use crate::model::{RunId, UserId, Utc, Verdict, hex};

/// The name of the format, in the manifest's first field.
pub const EVIDENCE_SCHEMA: &str = "oust.evidence/v1";

/// How to check it, for whoever is handed it.
const README: &str = include_str!("../../templates/evidence.txt");

/// One file of the bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Its name, without a directory.
    pub name: &'static str,
    /// What it is, for people.
    pub what: &'static str,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// What the bundle is made of.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Manifest {
    /// `oust.evidence/v1`
    pub schema: &'static str,
    /// `oust/<version>` that packed it.
    pub tool: String,
    /// The run.
    pub run_id: RunId,
    /// The directory's own immutable id.
    pub org_id: Option<String>,
    /// Its host, for people.
    pub org: Option<String>,
    /// When it was packed.
    pub made_at: Utc,
    /// What the run came to, as read so far.
    pub verdict: Option<Verdict>,
    /// Where the ledger stood.
    pub ledger: LedgerPart,
    /// Where the events came from.
    pub events: EventsPart,
    /// Every file but `SHA256SUMS` and this one; filled in by [`pack`].
    pub files: Vec<FilePart>,
    /// What should be here and is not.
    pub missing: Vec<Missing>,
}

/// The ledger, as it was when this was packed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LedgerPart {
    /// Its end; records of other runs may stand between this run's and it.
    pub head: LedgerHead,
    /// How many records of this run there are.
    pub records: usize,
    /// How many of them were emptied by a purge.
    pub purged: usize,
    /// Whether the whole chain was found as it was written.
    pub verified: bool,
    /// The same in a sentence.
    pub check: String,
}

/// The System Log's events.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct EventsPart {
    /// `live`, `file` or `none`.
    pub source: &'static str,
    /// The file's name, if they come from one.
    pub file: Option<String>,
    /// About whom.
    pub subjects: Vec<UserId>,
    /// From when on they were asked for.
    pub since: Option<Utc>,
    /// Up to when; what arrived in the log later is not here.
    pub until: Option<Utc>,
    /// How many.
    pub count: usize,
    /// When the latest of them was published.
    pub latest: Option<Utc>,
}

/// A file of the bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FilePart {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub what: &'static str,
    /// Its size.
    pub bytes: usize,
    /// Its SHA-256, hex.
    pub sha256: String,
}

/// Something that is not in the bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Missing {
    /// What.
    pub what: String,
    /// Why.
    pub why: String,
}

/// The SHA-256 of some bytes, hex.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// The directory within a run's bundle, and the beginning of its file name.
#[must_use]
pub fn evidence_name(run: &RunId) -> String {
    format!("oust-{run}-evidence")
}

/// Packs the pieces, dated `at`, and fills in the manifest's list of files.
///
/// # Errors
/// If a piece is larger than a tar archive can say: 8 GiB.
pub fn pack(manifest: &mut Manifest, at: Utc, mut pieces: Vec<Piece>) -> io::Result<Vec<u8>> {
    pieces.push(Piece {
        name: "README.txt",
        what: "how to check all this",
        bytes: readme(manifest).into_bytes(),
    });
    pieces.sort_by_key(|piece| piece.name);
    let files = pieces.iter().map(|piece| FilePart {
        name: piece.name,
        what: piece.what,
        bytes: piece.bytes.len(),
        sha256: sha256(&piece.bytes),
    });
    manifest.files = files.collect();
    let text = serde_json::to_string_pretty(manifest).expect("plain values always serialise");
    pieces.push(Piece {
        name: "manifest.json",
        what: "",
        bytes: (harmless_json(&text) + "\n").into_bytes(),
    });
    pieces.sort_by_key(|piece| piece.name);
    let sums: String = pieces
        .iter()
        .map(|piece| format!("{}  {}\n", sha256(&piece.bytes), piece.name))
        .collect();
    pieces.push(Piece {
        name: "SHA256SUMS",
        what: "",
        bytes: sums.into_bytes(),
    });
    pieces.sort_by_key(|piece| piece.name);
    archive(&evidence_name(&manifest.run_id), at, &pieces)
}

fn readme(manifest: &Manifest) -> String {
    let org = manifest.org.as_deref().unwrap_or("unknown");
    let head = &manifest.ledger.head;
    README
        .replace("{RUN}", &visible(manifest.run_id.as_str()))
        .replace("{ORG}", &visible(org))
        .replace("{MADE}", &manifest.made_at.to_string())
        .replace("{TOOL}", &visible(&manifest.tool))
        .replace("{HEAD}", &format!("{}:{}", head.seq, head.hash))
}

fn archive(dir: &str, at: Utc, pieces: &[Piece]) -> io::Result<Vec<u8>> {
    // Its own header has neither a name nor a time.
    let mut tar = Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
    let mut folder = header(at, EntryType::Directory, 0o700, 0);
    tar.append_data(&mut folder, format!("{dir}/"), io::empty())?;
    for piece in pieces {
        let mut file = header(at, EntryType::Regular, 0o600, piece.bytes.len() as u64);
        let path = format!("{dir}/{}", piece.name);
        tar.append_data(&mut file, path, piece.bytes.as_slice())?;
    }
    let mut packed = tar.into_inner()?;
    packed.flush()?;
    packed.finish()
}

fn header(at: Utc, kind: EntryType, mode: u32, size: u64) -> Header {
    let mut header = Header::new_ustar();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_mtime(u64::try_from(at.seconds()).unwrap_or_default());
    header.set_uid(0);
    header.set_gid(0);
    header.set_size(size);
    header
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read as _;

    fn manifest() -> Manifest {
        Manifest {
            schema: EVIDENCE_SCHEMA,
            tool: "oust/0.0.0".into(),
            run_id: RunId::new("r_1"),
            org_id: Some("00o1".into()),
            org: Some("contoso\u{1b}[2J.example".into()),
            made_at: Utc::from_millis(1_773_154_800_000),
            verdict: Some(Verdict::Contained),
            ledger: LedgerPart {
                head: LedgerHead {
                    seq: 7,
                    hash: "ab".repeat(32),
                },
                records: 7,
                purged: 0,
                verified: true,
                check: "\u{202e}good".into(),
            },
            events: EventsPart::default(),
            files: Vec::new(),
            missing: Vec::new(),
        }
    }

    fn pieces() -> Vec<Piece> {
        let piece = |name, bytes: &str| Piece {
            name,
            what: "a test",
            bytes: bytes.into(),
        };
        vec![piece("report.md", "# b\n"), piece("ledger.jsonl", "{}\n")]
    }

    fn packed() -> Vec<u8> {
        pack(&mut manifest(), Utc::from_millis(1_000), pieces()).unwrap()
    }

    #[test]
    fn the_same_pieces_give_the_same_bytes_in_whatever_order() {
        let mut turned = pieces();
        turned.reverse();
        let turned = pack(&mut manifest(), Utc::from_millis(1_000), turned).unwrap();
        assert_eq!(packed(), turned);
    }

    #[test]
    fn every_file_is_there_once_sorted_private_and_summed() {
        let packed = packed();
        let mut tar = tar::Archive::new(flate2::read::GzDecoder::new(packed.as_slice()));
        let mut found = Vec::new();
        for entry in tar.entries().unwrap() {
            let mut entry = entry.unwrap();
            let name = entry.path().unwrap().display().to_string();
            let header = entry.header();
            assert_eq!(header.mtime().unwrap(), 1);
            assert_eq!(header.uid().unwrap() + header.gid().unwrap(), 0);
            assert_eq!(header.username().unwrap().unwrap_or(""), "");
            let private = if name.ends_with('/') { 0o700 } else { 0o600 };
            assert_eq!(header.mode().unwrap(), private, "{name}");
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            found.push((name, bytes));
        }
        let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
        let in_dir = [
            "",
            "README.txt",
            "SHA256SUMS",
            "ledger.jsonl",
            "manifest.json",
            "report.md",
        ]
        .map(|name| format!("oust-r_1-evidence/{name}"));
        assert_eq!(names, in_dir);
        let of = |name: &str| {
            let bytes = found.iter().find(|(path, _)| path.ends_with(name));
            String::from_utf8(bytes.unwrap().1.clone()).unwrap()
        };
        let sums = of("SHA256SUMS");
        assert_eq!(sums.lines().count(), 4);
        for line in sums.lines() {
            let (sum, name) = line.split_once("  ").unwrap();
            assert_eq!(sha256(of(name).as_bytes()), sum, "{name}");
        }
        let manifest: serde_json::Value = serde_json::from_str(&of("manifest.json")).unwrap();
        assert_eq!(manifest["files"].as_array().unwrap().len(), 3);
        assert_eq!(manifest["ledger"]["check"], "\u{202e}good");
        for name in ["manifest.json", "README.txt"] {
            assert!(!of(name).contains(['\u{1b}', '\u{202e}']), "{name}");
        }
        assert!(of("README.txt").contains(&format!("--head 7:{}", "ab".repeat(32))));
    }
}
