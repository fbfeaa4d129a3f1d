//! A folder for one plaintext: in memory, for its owner alone, and gone when the work is done.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::trouble::Trouble;

/// A folder with mode 0700 that is wiped and removed when it is dropped.
pub(crate) struct PrivateFolder {
    path: PathBuf,
    /// Whether it lies in memory, and no disk ever sees what is in it.
    pub(crate) is_in_memory: bool,
}

const PREFIX: &str = "windlass-secrets-";

impl PrivateFolder {
    /// Makes one: in /dev/shm, else in $XDG_RUNTIME_DIR, else in the folder for temporary files.
    pub(crate) fn new() -> anyhow::Result<Self> {
        let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
        let candidates = [Some(PathBuf::from("/dev/shm")), runtime];
        for parent in candidates.into_iter().flatten().filter(|parent| is_memory(parent)) {
            if let Ok(folder) = Self::in_folder(&parent, true) {
                return Ok(folder);
            }
        }
        let parent = std::env::temp_dir();
        Self::in_folder(&parent, false).map_err(|error| {
            Trouble::new(format!("cannot make a folder in {}", parent.display())).because(error).code(3).into()
        })
    }

    fn in_folder(parent: &Path, is_in_memory: bool) -> io::Result<Self> {
        sweep(parent);
        let mut random = 0u128;
        loop {
            random += 1;
            let path = parent.join(format!("{PREFIX}{}-{random}", std::process::id()));
            let mut builder = fs::DirBuilder::new();
            #[cfg(unix)]
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
            match builder.create(&path) {
                Ok(()) => return Ok(Self { path, is_in_memory }),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a file in it, for its owner alone.
    pub(crate) fn write(&self, name: &str, text: &[u8]) -> io::Result<PathBuf> {
        let path = self.path.join(name);
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&path)?.write_all(text)?;
        Ok(path)
    }
}

impl Drop for PrivateFolder {
    fn drop(&mut self) {
        wipe(&self.path);
    }
}

/// Overwrites all files in a folder, those too that an editor left there, and removes it.
pub(crate) fn wipe(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => wipe(&entry.path()),
            Ok(kind) if kind.is_file() => {
                let _ = overwrite(&entry.path());
            }
            _ => {}
        }
    }
    let _ = fs::remove_dir_all(folder);
}

fn overwrite(path: &Path) -> io::Result<()> {
    let mut file = File::options().write(true).open(path)?;
    let mut left = file.metadata()?.len();
    let zeros = [0; 4096];
    while left > 0 {
        let count = left.min(zeros.len() as u64);
        file.write_all(&zeros[..usize::try_from(count).unwrap_or(zeros.len())])?;
        left -= count;
    }
    file.sync_all()
}

/// Removes what killed programs of this user left.
fn sweep(parent: &Path) {
    let Ok(entries) = fs::read_dir(parent) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let process = name.to_string_lossy().strip_prefix(PREFIX).and_then(|rest| {
            let (process, _) = rest.split_once('-')?;
            process.parse::<u32>().ok()
        });
        let is_alive = |process: u32| Path::new(&format!("/proc/{process}")).exists();
        if Path::new("/proc/self").exists() && process.is_some_and(|process| !is_alive(process)) {
            wipe(&entry.path());
        }
    }
}

#[cfg(target_os = "linux")]
fn is_memory(folder: &Path) -> bool {
    // From statfs(2).
    const TMPFS: rustix::fs::FsWord = 0x0102_1994;
    rustix::fs::statfs(folder).is_ok_and(|found| found.f_type == TMPFS)
}

#[cfg(not(target_os = "linux"))]
fn is_memory(_folder: &Path) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left() {
        let folder = PrivateFolder::new().unwrap();
        let path = folder.path().to_owned();
        let file = folder.write("secret.yaml", b"hunter2").unwrap();
        fs::create_dir(path.join("swap")).unwrap();
        fs::write(path.join("swap/x"), "hunter2").unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
            assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        }
        let other = fs::hard_link(&file, path.with_extension("linked"));
        drop(folder);
        assert!(!path.exists());
        if other.is_ok() {
            let linked = path.with_extension("linked");
            assert_eq!(fs::read(&linked).unwrap(), [0; 7], "the content is overwritten, not only unlinked");
            fs::remove_file(linked).unwrap();
        }
    }

    #[test]
    fn what_a_killed_program_left_is_removed() {
        let parent = tempfile::tempdir().unwrap();
        let dead = parent.path().join(format!("{PREFIX}4294967295-1"));
        let alive = parent.path().join(format!("{PREFIX}1-1"));
        fs::create_dir(&dead).unwrap();
        fs::create_dir(&alive).unwrap();
        let folder = PrivateFolder::in_folder(parent.path(), false).unwrap();
        assert!(!dead.exists() && alive.exists() && folder.path().exists());
    }
}
