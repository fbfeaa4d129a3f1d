//! The same change to many files: to all of them, or to none.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use zeroize::Zeroizing;

use crate::parallel;
use crate::repository::RepositoryText;
use crate::{Error, Staged};

/// What is to become of a file. The text may be a secret in clear, and its `Debug` does not show it.
pub struct Change<T> {
    /// Its new text; none leaves it alone.
    pub text: Option<Zeroizing<Vec<u8>>>,
    /// What there is to tell of it.
    pub note: T,
}

impl<T: fmt::Debug> fmt::Debug for Change<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Change").field("note", &self.note).finish_non_exhaustive()
    }
}

/// How far the work is: files looked at, and all there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Files done.
    pub done: usize,
    /// Files in all.
    pub of: usize,
}

/// How the work is done.
pub struct Work<'a> {
    /// On how many threads.
    pub threads: usize,
    /// Who is told of the progress, from any of the threads.
    pub progress: &'a (dyn Fn(Progress) + Sync),
}

/// For each thread that works, so many that wait for the disk.
const WAITING: usize = 8;

/// Those of many files that `wanted` says yes to, in their order. It is asked on several threads.
pub fn choose(
    files: Vec<RepositoryText>,
    work: &Work<'_>,
    wanted: impl Fn(&RepositoryText) -> bool + Sync,
) -> Vec<RepositoryText> {
    let tell = |done| (work.progress)(Progress { done, of: files.len() });
    let answers = parallel::map(&files, work.threads, wanted, &tell);
    files.into_iter().zip(answers).filter_map(|(file, is_wanted)| is_wanted.then_some(file)).collect()
}

/// Changes many files: `change` makes the new text of each, on several threads, which is written beside it at once; only
/// when all could be made are the files replaced, as [`Staged`] does. Gives the notes in the order of the files.
///
/// Until then the new texts lie beside the files, in clear where files are decrypted; those of a program that is killed stay
/// there until the next change in the folder.
///
/// # Errors
///
/// All faults of all files; then no file has been changed.
pub fn change_all<T: Send>(
    files: &[RepositoryText],
    work: &Work<'_>,
    change: impl Fn(&RepositoryText) -> Result<Change<T>, Error> + Sync,
) -> Result<Vec<T>, Vec<Error>> {
    let tell = |done| (work.progress)(Progress { done, of: files.len() });
    let staged = Mutex::new(Staged::new());
    let make = |file: &RepositoryText| {
        let Change { text, note } = change(file)?;
        if let Some(new) = text.filter(|new| **new != *file.text) {
            Staged::add_from_thread(&staged, &file.path, &file.text, &new)?;
        }
        Ok(note)
    };
    let (mut notes, mut faults) = (Vec::new(), Vec::new());
    for answer in parallel::map(files, work.threads * WAITING, make, &tell) {
        match answer {
            Ok(note) => notes.push(note),
            Err(fault) => faults.push(fault),
        }
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    let staged = staged.into_inner().unwrap_or_else(PoisonError::into_inner);
    staged.commit_with_threads(work.threads).map_err(|fault| vec![fault])?;
    Ok(notes)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn one_fault_leaves_all_files_alone() {
        let folder = tempfile::tempdir().unwrap();
        let files: Vec<_> = (0..20)
            .map(|number| {
                let path = folder.path().join(number.to_string());
                fs::write(&path, "old").unwrap();
                RepositoryText { path, text: Zeroizing::new(b"old".to_vec()) }
            })
            .collect();
        let work = Work { threads: 3, progress: &|_| () };
        let run = |bad: &'static str| {
            change_all(&files, &work, |file| {
                if !bad.is_empty() && file.path.ends_with(bad) {
                    return Err(Error::NotASecret("bad"));
                }
                Ok(Change { text: Some(Zeroizing::new(b"new".to_vec())), note: file.path.clone() })
            })
        };
        assert_eq!(run("17").unwrap_err().len(), 1);
        assert!(files.iter().all(|file| fs::read(&file.path).unwrap() == b"old"));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 20);
        assert_eq!(run("").unwrap().len(), 20);
        assert!(files.iter().all(|file| fs::read(&file.path).unwrap() == b"new"));
    }
}
