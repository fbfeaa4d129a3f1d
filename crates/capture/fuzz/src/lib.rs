//! Archives and bundles out of a fuzzer's bytes, with sums that fit: with wrong ones everything is refused at the door.

use sha1::{Digest, Sha1};

const BLOCK: usize = 512;

/// The archive with the sum of each header as its bytes have it.
pub fn with_sums(archive: &[u8]) -> Vec<u8> {
    let mut archive = archive.to_vec();
    let mut at = 0;
    while let Some(header) = archive.get_mut(at..at + BLOCK) {
        if header.iter().all(|byte| *byte == 0) {
            break;
        }
        header[148..156].fill(b' ');
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        let size = std::str::from_utf8(&header[124..135]).ok().and_then(|text| usize::from_str_radix(text, 8).ok());
        at += BLOCK + size.unwrap_or(0).min(1 << 20).next_multiple_of(BLOCK);
    }
    archive
}

/// The bundle with the sum at the end of its pack as its bytes have it.
pub fn with_trailer(bundle: &[u8]) -> Option<Vec<u8>> {
    let start = bundle.windows(6).position(|window| window == b"\n\nPACK")? + 2;
    let end = bundle.len().checked_sub(20).filter(|end| *end >= start)?;
    let mut fitting = bundle[..end].to_vec();
    fitting.extend(Sha1::digest(&bundle[start..end]));
    Some(fitting)
}

const NAMES: [&str; 16] =
    ["a", "b", "A", ".git", "..", ".", "a/b", "", ".gitmodules", "git~1", "x y", "é", "CON", "-", "a\0", "zz"];
const MODES: [&str; 8] = ["100644", "100755", "120000", "40000", "160000", "040000", "100664", "0"];
const REFERENCES: [&str; 12] = [
    "refs/heads/main",
    "refs/heads/a",
    "refs/heads/a/b",
    "refs/tags/v1",
    "HEAD",
    "refs/heads/../x",
    "refs/heads/a.lock",
    "refs/notes/n",
    "main",
    "refs/heads/",
    "refs/tags/a b",
    "refs/heads/master",
];

/// A bundle by a script: each byte chooses an object, what it names, and what is wrong with it.
pub fn bundle(script: &[u8]) -> Vec<u8> {
    let mut script = Script(script);
    let mut pack = Pack::default();
    let mut header = String::from("# v2 git bundle\n");
    for _ in 0..40 {
        let Some(step) = script.next() else { break };
        match step % 8 {
            0 => {
                let content = script.take(usize::from(script.peek() % 64));
                pack.add("blob", 3, content);
            }
            1 => {
                let mut tree = Vec::new();
                for _ in 0..script.number() % 5 {
                    let (mode, name) = (script.of(&MODES), script.of(&NAMES));
                    tree.extend(format!("{mode} {name}\0").bytes());
                    tree.extend(pack.id(script.number()));
                }
                pack.add("tree", 2, tree);
            }
            2 => {
                let mut commit = format!("tree {}\n", hex(&pack.id(script.number())));
                for _ in 0..script.number() % 3 {
                    commit += &format!("parent {}\n", hex(&pack.id(script.number())));
                }
                commit += "author a <a@b> 1 +0000\ncommitter a <a@b> 1 +0000\n\ntext\n";
                // How a commit says which one it stands for.
                if script.number() % 3 == 0 {
                    commit += &format!("\nWindlass-Commit: {}\n", hex(&pack.id(script.number())));
                }
                pack.add("commit", 1, commit.into_bytes());
            }
            3 => {
                let kind = script.of(&["commit", "tree", "blob", "tag"]);
                let id = hex(&pack.id(script.number()));
                let tag = format!("object {id}\ntype {kind}\ntag v1\ntagger a <a@b> 1 +0000\n\ntext\n");
                pack.add("tag", 4, tag.into_bytes());
            }
            4 | 5 => header += &format!("{} {}\n", hex(&pack.id(script.number())), script.of(&REFERENCES)),
            6 => {
                let (base, by_offset) = (script.number(), script.number() % 2 == 0);
                let copy = script.number();
                let insert = script.take(usize::from(script.peek() % 16));
                pack.add_delta(base, by_offset, copy, insert);
            }
            _ => pack.wrong = script.number(),
        }
    }
    let mut bundle = header.into_bytes();
    bundle.push(b'\n');
    bundle.extend(pack.bytes());
    bundle
}

struct Script<'a>(&'a [u8]);

impl Script<'_> {
    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn number(&mut self) -> u8 {
        self.next().unwrap_or(0)
    }

    fn peek(&self) -> u8 {
        self.0.first().copied().unwrap_or(0)
    }

    fn take(&mut self, count: usize) -> Vec<u8> {
        let (taken, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        taken.to_vec()
    }

    fn of<'t>(&mut self, choices: &[&'t str]) -> &'t str {
        choices[usize::from(self.number()) % choices.len()]
    }
}

#[derive(Default)]
struct Pack {
    objects: Vec<Object>,
    body: Vec<u8>,
    count: u32,
    /// What is wrong with the whole.
    wrong: u8,
}

struct Object {
    id: [u8; 20],
    kind: &'static str,
    content: Vec<u8>,
    offset: usize,
}

impl Pack {
    /// The id of an object that was made, or of none.
    fn id(&self, number: u8) -> [u8; 20] {
        match self.objects.len() {
            0 => [number; 20],
            _ if number == 255 => [7; 20],
            count => self.objects[usize::from(number) % count].id,
        }
    }

    fn add(&mut self, kind: &'static str, code: u8, content: Vec<u8>) {
        let offset = self.begin(code, content.len());
        self.body.extend(zlib(&content));
        self.remember(kind, content, offset);
    }

    /// An object as the difference to one that came before: a part of it, and something new.
    fn add_delta(&mut self, base: u8, by_offset: bool, copy: u8, insert: Vec<u8>) {
        if self.objects.is_empty() {
            return;
        }
        let base = &self.objects[usize::from(base) % self.objects.len()];
        let (id, offset_of_base, kind) = (base.id, base.offset, base.kind);
        let copied = base.content[..usize::from(copy).min(base.content.len())].to_vec();
        let mut delta = Vec::new();
        size(&mut delta, base.content.len());
        size(&mut delta, copied.len() + insert.len());
        if !copied.is_empty() {
            delta.extend([0b1001_0000, copied.len() as u8]);
        }
        if !insert.is_empty() {
            delta.push(insert.len() as u8);
            delta.extend(&insert);
        }
        let offset = self.begin(if by_offset { 6 } else { 7 }, delta.len());
        if by_offset {
            let mut distance = offset - offset_of_base;
            let mut bytes = vec![(distance & 0x7f) as u8];
            while distance > 0x7f {
                distance = (distance >> 7) - 1;
                bytes.push(0x80 | (distance & 0x7f) as u8);
            }
            self.body.extend(bytes.iter().rev());
        } else {
            self.body.extend(id);
        }
        self.body.extend(zlib(&delta));
        let content = [copied, insert].concat();
        self.remember(kind, content, offset);
    }

    /// Kind and length; returns where it begins.
    fn begin(&mut self, code: u8, length: usize) -> usize {
        let offset = self.body.len();
        let mut rest = length >> 4;
        let mut byte = code << 4 | (length & 15) as u8;
        while rest > 0 {
            self.body.push(byte | 0x80);
            byte = (rest & 0x7f) as u8;
            rest >>= 7;
        }
        self.body.push(byte);
        self.count += 1;
        offset
    }

    fn remember(&mut self, kind: &'static str, content: Vec<u8>, offset: usize) {
        let mut hash = Sha1::new();
        hash.update(format!("{kind} {}\0", content.len()));
        hash.update(&content);
        self.objects.push(Object { id: hash.finalize().into(), kind, content, offset });
    }

    fn bytes(self) -> Vec<u8> {
        let count = if self.wrong == 1 { self.count + 1 } else { self.count };
        let version: u32 = if self.wrong == 2 { 3 } else { 2 };
        let mut bytes = b"PACK".to_vec();
        bytes.extend(version.to_be_bytes());
        bytes.extend(count.to_be_bytes());
        bytes.extend(self.body);
        let sum = Sha1::digest(&bytes);
        bytes.extend(sum);
        if self.wrong == 3 {
            bytes.push(0);
        }
        bytes
    }
}

/// A length as deltas have it.
fn size(out: &mut Vec<u8>, mut length: usize) {
    while length > 0x7f {
        out.push(0x80 | (length & 0x7f) as u8);
        length >>= 7;
    }
    out.push(length as u8);
}

/// Stored, not compressed: what is in it can be seen, and mutated.
fn zlib(content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap_or(u16::MAX);
    let content = &content[..usize::from(length)];
    let mut out = vec![0x78, 0x01, 0x01];
    out.extend(length.to_le_bytes());
    out.extend((!length).to_le_bytes());
    out.extend(content);
    let (mut a, mut b) = (1_u32, 0_u32);
    for byte in content {
        a = (a + u32::from(*byte)) % 65_521;
        b = (b + a) % 65_521;
    }
    out.extend((b << 16 | a).to_be_bytes());
    out
}

fn hex(id: &[u8; 20]) -> String {
    id.iter().map(|byte| format!("{byte:02x}")).collect()
}
