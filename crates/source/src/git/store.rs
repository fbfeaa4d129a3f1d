use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use gix_hash::Kind;

use crate::git::generation::Generation;
use crate::{Error, Revision};

/// The directory of one source: generations of objects, and a small file that says which commit counts.
///
/// The state file is replaced in one step after everything it speaks of is on disk. Killed at any moment, the store
/// shows either the old commit or the new one.
pub(crate) struct Store {
    root: PathBuf,
    _lock: File,
    current: Option<Current>,
}

struct Current {
    generation: Arc<Generation>,
    state: State,
}

/// What the state file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
struct State {
    generation: u64,
    /// Of URL and reference: another source's commit in the same directory is not ours.
    source: String,
    revision: Revision,
}

const HEADER: &str = "windlass git store 1";

impl Store {
    pub(crate) fn open(root: &Path, source: &str) -> Result<Self, Error> {
        fs::create_dir_all(root).map_err(Error::store("create", root))?;
        let lock_path = root.join("lock");
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&lock_path)
            .map_err(Error::store("open", &lock_path))?;
        lock_alone(&lock, root)?;
        let mut store = Self { root: root.to_owned(), _lock: lock, current: None };
        if let Some(state) = store.read_state()?.filter(|state| state.source == source) {
            let hash = if state.revision.algorithm() == "sha256" { Kind::Sha256 } else { Kind::Sha1 };
            if store.root.join(format!("objects-{}", state.generation)).is_dir() {
                let generation = Arc::new(Generation::open(root, state.generation, hash)?);
                store.current = Some(Current { generation, state });
            }
        }
        Generation::delete_others(root, store.current.as_ref().map(|current| current.state.generation))?;
        Ok(store)
    }

    /// The commit that counts, and where its objects are.
    pub(crate) fn current(&self) -> Option<(&Arc<Generation>, &Revision)> {
        self.current.as_ref().map(|current| (&current.generation, &current.state.revision))
    }

    /// An empty generation, to be made current with [`commit`](Self::commit), or dropped.
    pub(crate) fn fresh(&self, hash: Kind) -> Result<Arc<Generation>, Error> {
        let number = Generation::numbers(&self.root)?.into_iter().max().unwrap_or(0) + 1;
        Generation::create(&self.root, number, hash).map(Arc::new)
    }

    /// Makes `revision` in `generation` the commit that counts, and retires the generation before.
    pub(crate) fn commit(
        &mut self,
        generation: Arc<Generation>,
        source: &str,
        revision: Revision,
    ) -> Result<(), Error> {
        generation.sync()?;
        let state = State { generation: generation.number(), source: source.to_owned(), revision };
        self.write_state(&state)?;
        if let Some(old) = self.current.replace(Current { generation, state })
            && let Some(new) = &self.current
            && old.state.generation != new.state.generation
        {
            old.generation.retire();
        }
        Ok(())
    }

    fn state_path(&self) -> PathBuf {
        self.root.join("state")
    }

    /// `None` where there is none, or where it is not understood: then the store starts anew.
    fn read_state(&self) -> Result<Option<State>, Error> {
        let path = self.state_path();
        match fs::read_to_string(&path) {
            Ok(text) => Ok(State::parse(&text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => Ok(None),
            Err(error) => Err(Error::store("read", path)(error)),
        }
    }

    fn write_state(&self, state: &State) -> Result<(), Error> {
        let (path, temporary) = (self.state_path(), self.root.join("state.new"));
        let mut file = File::create(&temporary).map_err(Error::store("create", &temporary))?;
        file.write_all(state.text().as_bytes())
            .and_then(|()| file.sync_all())
            .map_err(Error::store("write", &temporary))?;
        fs::rename(&temporary, &path).map_err(Error::store("replace", &path))?;
        File::open(&self.root).and_then(|root| root.sync_all()).map_err(Error::store("sync", &self.root))
    }
}

/// Takes the lock, or says that another one has it.
///
/// A process that is just being started by another thread holds copies of all our files for an instant, so one refusal
/// proves nothing.
fn lock_alone(lock: &File, root: &Path) -> Result<(), Error> {
    for _ in 0..50 {
        match lock.try_lock() {
            Ok(()) => return Ok(()),
            Err(fs::TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(10)),
            Err(fs::TryLockError::Error(error)) => return Err(Error::store("lock", root)(error)),
        }
    }
    Err(Error::StoreBusy { path: root.to_owned() })
}

impl State {
    fn text(&self) -> String {
        let Self { generation, source, revision } = self;
        format!("{HEADER}\ngeneration {generation}\nsource {source}\nrevision {revision}\n")
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let mut field = |name: &str| lines.next()?.strip_prefix(name)?.strip_prefix(' ');
        field("windlass").filter(|rest| *rest == "git store 1")?;
        Some(Self {
            generation: field("generation")?.parse().ok()?,
            source: field("source")?.to_owned(),
            revision: field("revision")?.parse().ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn revision(digit: char) -> Revision {
        format!("main@sha1:{}", digit.to_string().repeat(40)).parse().unwrap()
    }

    #[test]
    fn state_text_is_read_back() {
        let state = State { generation: 7, source: "abc".into(), revision: revision('a') };
        assert_eq!(State::parse(&state.text()), Some(state));
        assert_eq!(State::parse(""), None);
        assert_eq!(State::parse("windlass git store 2\n"), None);
    }

    #[test]
    fn a_retired_generation_goes_with_its_last_reader() {
        let dir = tempfile::tempdir().unwrap();
        let mut store = Store::open(dir.path(), "s").unwrap();
        let first = store.fresh(Kind::Sha1).unwrap();
        let path = first.path().to_owned();
        store.commit(Arc::clone(&first), "s", revision('a')).unwrap();
        let second = store.fresh(Kind::Sha1).unwrap();
        store.commit(second, "s", revision('b')).unwrap();
        assert!(path.exists());
        drop(first);
        assert!(!path.exists());
        assert_eq!(store.current().unwrap().1, &revision('b'));
    }

    #[test]
    fn another_source_in_the_same_directory_starts_anew() {
        let dir = tempfile::tempdir().unwrap();
        let mut store = Store::open(dir.path(), "s").unwrap();
        assert!(matches!(Store::open(dir.path(), "s"), Err(Error::StoreBusy { .. })));
        let generation = store.fresh(Kind::Sha1).unwrap();
        store.commit(generation, "s", revision('a')).unwrap();
        drop(store);
        assert!(Store::open(dir.path(), "s").unwrap().current().is_some());
        assert!(Store::open(dir.path(), "other").unwrap().current().is_none());
    }
}
