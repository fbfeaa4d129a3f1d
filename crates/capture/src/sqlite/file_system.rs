use std::path::Path;

use crate::Error;

/// File systems whose locks reach beyond this machine, or do not reach at all: magic numbers of `statfs(2)`.
///
/// FUSE is among them because sshfs, GlusterFS, JuiceFS and rclone look the same from here.
const SHARED: [(u64, &str); 13] = [
    (0x6969, "NFS"),
    (0x517b, "SMB"),
    (0xff53_4d42, "CIFS"),
    (0xfe53_4d42, "SMB 2"),
    (0x0102_1997, "9P"),
    (0x6573_5546, "FUSE"),
    (0x00c3_6400, "CephFS"),
    (0x0bd0_0bd0, "Lustre"),
    (0x5346_414f, "AFS"),
    (0x7375_7245, "Coda"),
    (0x0116_1970, "GFS2"),
    (0x7461_636f, "OCFS2"),
    (0x1983_0326, "FhGFS"),
];

/// Refuses `path` where it lies on one of them.
pub(super) fn refuse_shared(path: &Path) -> Result<(), Error> {
    let found =
        rustix::fs::statfs(path).map_err(|errno| Error::file("look at the file system of", path)(errno.into()))?;
    match shared(found.f_type) {
        Some(file_system) => Err(Error::NetworkFileSystem { path: path.to_owned(), file_system }),
        None => Ok(()),
    }
}

/// The name of a shared file system by its magic number, whatever width the platform gives it.
fn shared(magic: impl TryInto<i128>) -> Option<&'static str> {
    let magic = (magic.try_into().ok()? & 0xffff_ffff) as u64;
    SHARED.iter().find(|(known, _)| *known == magic).map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn network_file_systems_are_known_by_their_magic() {
        assert_eq!(shared(0x6969_i64), Some("NFS"));
        // CIFS does not fit 31 bits, and is negative where the field is a signed word.
        assert_eq!(shared(0xff53_4d42_u32 as i32), Some("CIFS"));
        assert_eq!(shared(0xff53_4d42_i64), Some("CIFS"));
        // ext4, tmpfs, overlay.
        for local in [0xef53_i64, 0x0102_1994, 0x794c_7630] {
            assert_eq!(shared(local), None);
        }
    }

    #[test]
    fn the_temporary_folder_is_local() {
        refuse_shared(&std::env::temp_dir()).unwrap();
    }
}
