use tar::{EntryType, Header};

/// What tar calls a block.
pub(super) const BLOCK: usize = 512;
/// The longest name that a header holds itself.
const NAME: usize = 100;

/// What a header says besides the name.
pub(super) struct Fields {
    pub(super) kind: EntryType,
    pub(super) size: u64,
    pub(super) mode: u32,
    pub(super) user: u32,
    pub(super) group: u32,
    /// In seconds since 1970.
    pub(super) changed: u64,
}

/// Appends the header of an entry to `out`, with GNU's extra entries before it where a name is too long.
pub(super) fn write(out: &mut Vec<u8>, name: &[u8], target: &[u8], fields: &Fields) {
    for (kind, long) in [(EntryType::GNULongLink, target), (EntryType::GNULongName, name)] {
        if long.len() > NAME {
            write_long(out, kind, long);
        }
    }
    let mut header = Header::new_gnu();
    header.set_entry_type(fields.kind);
    header.set_size(fields.size);
    header.set_mode(fields.mode);
    header.set_uid(fields.user.into());
    header.set_gid(fields.group.into());
    header.set_mtime(fields.changed);
    finish(out, header, name, target);
}

fn write_long(out: &mut Vec<u8>, kind: EntryType, long: &[u8]) {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    // The name ends with a zero.
    header.set_size(long.len() as u64 + 1);
    header.set_mode(0o644);
    for set in [Header::set_uid, Header::set_gid, Header::set_mtime] {
        set(&mut header, 0);
    }
    finish(out, header, b"././@LongLink", b"");
    out.extend_from_slice(long);
    out.push(0);
    out.resize(out.len().next_multiple_of(BLOCK), 0);
}

fn finish(out: &mut Vec<u8>, mut header: Header, name: &[u8], target: &[u8]) {
    let old = header.as_old_mut();
    for (field, value) in [(&mut old.name, name), (&mut old.linkname, target)] {
        let length = value.len().min(NAME);
        field[..length].copy_from_slice(&value[..length]);
    }
    header.set_cksum();
    out.extend_from_slice(header.as_bytes());
}

/// How many zeros follow content of `size` bytes.
pub(super) fn padding(size: u64) -> usize {
    // Less than a block.
    (size.next_multiple_of(BLOCK as u64) - size) as usize
}
