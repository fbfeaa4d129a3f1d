//! `RESTORE.txt`: for whoever finds the bucket and has a key, and nothing of ours.

use std::fmt::Write as _;

use crate::format::Marker;

const GUIDE: &str = "\
This is a backup made by Windlass. It can be restored without Windlass.

You need
  age      https://age-encryption.org (Debian: apt-get install age)
  zstd     https://facebook.github.io/zstd (apt-get install zstd)
  tar      for items that end in .tar.zst.age
  sqlite3  for items that end in .sqlite.zst.age
  git      for items that end in .bundle.zst.age
and the private key of one of the recipients below, in a file, here called key.txt.
It begins with AGE-SECRET-KEY-1, and is not in this place. (An SSH key serves as it is.)

What is here
  snapshots/<number>-<time>-<id>/commit.json           one per backup; without it there is no backup
  snapshots/<number>-<time>-<id>/manifest.json.zst.age what is in it, by name
  items/<2 digits>/<own name>.<form>.zst.age           the data; a backup may use items of older ones

1. Choose a backup: the folder in snapshots/ that sorts last and has a commit.json.
   The fields in commit.json: \"manifest\" (\"key\" says where it is) and \"items\" (\"id\", \"key\", \"size\",
   \"sha256\" of the file as it lies here).

2. Compare a file with its sha256 before you use it:
     sha256sum items/ab/abcd....tar.zst.age

3. See what is in it:
     age -d -i key.txt MANIFEST | zstd -d
   It names each item, such as \"cluster/objects\", and gives its \"id\"; the entry of commit.json with the same
   \"id\" has the \"key\" of the file.

4. Restore an item:
     age -d -i key.txt items/ab/abcd....tar.zst.age    | zstd -d | tar -x -C an-empty-folder
     age -d -i key.txt items/ab/abcd....sqlite.zst.age | zstd -d > notes.sqlite
     sqlite3 notes.sqlite 'PRAGMA integrity_check;'
     age -d -i key.txt items/ab/abcd....bundle.zst.age | zstd -d > repository.bundle
     git clone repository.bundle
     age -d -i key.txt items/ab/abcd....dump.zst.age   | zstd -d > database.sql
   Kubernetes objects in cluster/objects are YAML files, one per object: kubectl apply -f.

Who wrote a backup: the last line but one of commit.json is an Ed25519 signature (base64) over all lines before it
(head -n -2 commit.json), by the writer that the line before it names. Whoever can write to this place could put a
backup of his own here. Compare the writer with the one on your recovery card before you trust what you restore.
";

pub(crate) fn text(marker: &Marker) -> String {
    let mut text = GUIDE.to_owned();
    let _ = write!(text, "\nRepository {}, made {} by {}.\n", marker.repository, marker.created, marker.tool);
    text.push_str("Recipients then (later changes: marker.json in snapshots/):\n");
    for recipient in &marker.recipients {
        let _ = writeln!(text, "  {}: {} (fingerprint {})", recipient.label, recipient.key, recipient.fingerprint());
    }
    text.push_str("Writers then:\n");
    for writer in &marker.writers {
        let _ = writeln!(text, "  {writer}");
    }
    text
}
