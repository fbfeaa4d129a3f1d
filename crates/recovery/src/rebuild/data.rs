//! Data into place, in steps that are written down before each is done.

use std::path::Path;

use windlass_backup::{Identities, Repository};
use windlass_capture::Format;
use windlass_cluster::Cluster;

use super::memory::{Identity, Memory, State};
use super::same::{self, Found};
use super::{Clock, RebuildOptions};
use crate::Error;
use crate::choose::Chosen;
use crate::fetched::{DataInPlace, PutData, blocking, is_free, put_data};

/// What is needed to put data into place.
pub(super) struct Placing<'a> {
    pub(super) cluster: &'a Cluster,
    pub(super) repository: &'a Repository,
    pub(super) identities: &'a Identities,
    pub(super) chosen: &'a Chosen,
    pub(super) options: &'a RebuildOptions,
}

impl Placing<'_> {
    /// Puts all items there that are not yet. Whether all are in place afterwards; what fails does not keep the others.
    ///
    /// # Errors
    /// Where it cannot be written down how far it is: what is not known again must not be begun.
    pub(super) async fn all(&self, memory: &mut Memory, clock: &mut Clock<'_>) -> Result<bool, Error> {
        let mut all = true;
        for (item, path) in &self.options.data {
            if memory.all_in_place {
                clock.report.data.push(self.as_it_is(item, path));
                continue;
            }
            match self.one(item, path, memory).await? {
                Ok((placed, how)) => {
                    clock.done(&format!("{item} {how} {}", path.display()));
                    clock.report.data.push(placed);
                }
                Err(error) => {
                    all = false;
                    clock.failure(item, crate::error::chain(&error));
                }
            }
        }
        if all && !memory.all_in_place {
            memory.all_in_place = true;
            memory.write(self.cluster).await?;
        }
        Ok(all)
    }

    /// Puts one item there. The outer error is that it cannot be written down.
    async fn one(
        &self,
        item: &str,
        path: &Path,
        memory: &mut Memory,
    ) -> Result<Result<(DataInPlace, &'static str), Error>, Error> {
        let state = memory.state(item, path);
        let replace = match self.look(item, path, &state).await {
            Ok(Look::InPlace) => {
                self.note_placed(item, path, memory).await?;
                return Ok(Ok((self.as_it_is(item, path), "is already at")));
            }
            Ok(Look::Put { replace }) => replace,
            Err(error) => return Ok(Err(error)),
        };
        // What was found the first time is what the person wanted moved aside.
        let found = match state {
            State::Begun { found } if !self.options.replace_data => found,
            _ => Identity::of(path).filter(|_| replace),
        };
        self.note(item, State::Begun { found }, memory).await?;
        let how = PutData { replace, progress: self.options.progress.clone(), ..PutData::default() };
        let Chosen { snapshot, manifest, .. } = self.chosen;
        match put_data(self.repository, snapshot, manifest, self.identities, item, path, &how).await {
            Ok(placed) => {
                self.note_placed(item, path, memory).await?;
                Ok(Ok((placed, "is at")))
            }
            Err(error) => Ok(Err(error)),
        }
    }

    /// What is to be done about an item.
    async fn look(&self, item: &str, path: &Path, state: &State) -> Result<Look, Error> {
        if is_free(path) {
            return Ok(Look::Put { replace: false });
        }
        let now = Identity::of(path);
        let other = || Error::OtherData { item: item.to_owned(), path: path.to_owned() };
        let wants_replace = self.options.replace_data;
        match state {
            State::Placed(placed) if now == Some(*placed) => Ok(Look::InPlace),
            State::Placed(_) if !wants_replace => Err(other()),
            State::Begun { found } => match self.compare(item, path).await? {
                Found::Whole => Ok(Look::InPlace),
                Found::Part => Ok(Look::Put { replace: true }),
                Found::Other if wants_replace || (found.is_some() && *found == now) => Ok(Look::Put { replace: true }),
                Found::Other => Err(other()),
            },
            State::Placed(_) => Ok(Look::Put { replace: true }),
            State::Wanted if wants_replace => Ok(Look::Put { replace: true }),
            State::Wanted => {
                let source = Box::new(windlass_capture::Error::Exists { path: path.to_owned() });
                Err(Error::Data { item: item.to_owned(), path: path.to_owned(), source })
            }
        }
    }

    /// Compares what is there with what was saved.
    async fn compare(&self, item: &str, path: &Path) -> Result<Found, Error> {
        let Chosen { snapshot, manifest, .. } = self.chosen;
        let progress = self.options.progress.as_ref();
        let format = manifest.items.get(item).map(|described| described.format);
        if format == Some(Format::Bundle) {
            let parent = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            let scratch = tempfile::Builder::new().prefix("windlass-rebuild-").tempdir_in(parent);
            let scratch = scratch.map_err(|source| Error::Io { path: parent.to_owned(), source })?;
            let fresh = scratch.path().join("repository");
            let how = PutData { progress: progress.cloned(), ..PutData::default() };
            put_data(self.repository, snapshot, manifest, self.identities, item, &fresh, &how).await?;
            let is_same = same::repositories(&fresh, path).unwrap_or(false);
            return Ok(if is_same { Found::Whole } else { Found::Other });
        }
        let fetched = self.repository.fetch_telling(snapshot, manifest, item, self.identities, progress).await?;
        let path = path.to_owned();
        blocking("compare data", fetched, move |fetched| {
            let mut reader = fetched.reader()?;
            Ok(match format {
                Some(Format::Tar) => same::folder(&mut reader, &path),
                _ => same::file(&mut reader, &path),
            })
        })
        .await
    }

    /// An item that is there, with what was counted when it was saved.
    fn as_it_is(&self, item: &str, path: &Path) -> DataInPlace {
        let facts = self.chosen.manifest.items.get(item).map(|described| described.facts.clone()).unwrap_or_default();
        DataInPlace { item: item.to_owned(), path: path.to_owned(), facts, aside: None }
    }

    async fn note_placed(&self, item: &str, path: &Path, memory: &mut Memory) -> Result<(), Error> {
        let gone = || Error::Io { path: path.to_owned(), source: std::io::ErrorKind::NotFound.into() };
        let identity = Identity::of(path).ok_or_else(gone)?;
        self.note(item, State::Placed(identity), memory).await
    }

    async fn note(&self, item: &str, state: State, memory: &mut Memory) -> Result<(), Error> {
        if let Some(remembered) = memory.data.get_mut(item).filter(|remembered| remembered.state != state) {
            remembered.state = state;
            memory.write(self.cluster).await?;
        }
        Ok(())
    }
}

/// What is to be done about an item.
enum Look {
    /// Nothing: it is there.
    InPlace,
    /// It is put there; what is there is moved aside, where that may be.
    Put { replace: bool },
}
