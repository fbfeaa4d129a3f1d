use std::cell::Cell;
use std::fs::File;
use std::io::{self, Read, Seek as _, SeekFrom};
use std::path::PathBuf;

use bytes::Bytes;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};
use windlass_capture::{Facts, Format, Source};

use super::{Kept, Phase, Progress, Report, Run, check_name};
use crate::Error;
use crate::format::{ItemRef, ManifestItem, item_key};
use crate::identifier::hex;
use crate::keys::parse_all;
use crate::sealing::{Measured, PartWriter, Sealed, measure, seal};
use crate::store::{PART_SIZE, Parts, StoreFault};

/// How often a source that changes while it is read is tried, before it is taken as it comes.
const TRIES: u32 = 3;

/// What became of an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Added {
    /// The name of its content.
    pub id: String,
    /// The content was there already: nothing was sent.
    pub reused: bool,
    /// The size of the plain bytes.
    pub plain_bytes: u64,
    /// The size of the ciphertext. 0 in a dry run for what would be sent.
    pub stored_bytes: u64,
}

/// A source on its way through worker threads.
struct Work {
    source: Box<dyn Source>,
    name: String,
    progress: Option<Progress>,
}

impl Run {
    /// Saves one item under a logical name, such as `cluster/objects` or `sqlite/home/notes`. What is unchanged since the
    /// last snapshot is not sent. A name added twice is an error.
    ///
    /// A source that can be read again and was saved before is read once to see whether it changed, and once more to send
    /// it. One that changes in between, or that cannot be read again, is first put, encrypted, into a nameless file in the scratch folder.
    ///
    /// # Errors
    /// When the source fails, in which case [`skip`](Self::skip) can say so in the snapshot, or when the store does.
    pub async fn add(&mut self, name: &str, source: Box<dyn Source>, meta: Map<String, Value>) -> Result<Added, Error> {
        check_name(name)?;
        if self.kept.contains_key(name) {
            return Err(Error::Name { name: name.to_owned(), reason: "it was added already in this run" });
        }
        let added = self.add_inner(name, source, meta).await;
        if let Err(error @ Error::Store(_)) = &added {
            self.repository.note_outcome(Some(error));
        }
        added
    }

    async fn add_inner(
        &mut self,
        name: &str,
        source: Box<dyn Source>,
        meta: Map<String, Value>,
    ) -> Result<Added, Error> {
        let format = source.format();
        let mut work = Work { source, name: name.to_owned(), progress: self.options.progress.clone() };
        if work.source.is_repeatable() && !self.was_there(name) && !self.options.dry_run {
            // Nothing to compare with: what is read once is what is saved.
            let (key, locked) = (item_key(format.extension())?, self.lock_from_now());
            let (work, sealed) = self.stream(work, &key, None).await?;
            if let Some(sealed) = sealed {
                let id = self.item_id(format, &sealed.plain);
                let facts = work.source.facts();
                let stored = item(id, key, &sealed, locked);
                return Ok(self.keep(name, format, stored, &sealed.plain, facts, meta, false));
            }
            return Err(Error::Worker { doing: "seal an item" });
        }
        if work.source.is_repeatable() {
            for _ in 0..TRIES {
                let (back, plain) = work.measure().await?;
                work = back;
                let id = self.item_id(format, &plain);
                if let Some(stored) = self.stored_already(&id) {
                    return Ok(self.keep(name, format, stored, &plain, work.source.facts(), meta, true));
                }
                if self.options.dry_run {
                    let stored = planned(id, &plain);
                    return Ok(self.keep(name, format, stored, &plain, work.source.facts(), meta, false));
                }
                let (key, locked) = (item_key(format.extension())?, self.lock_from_now());
                let (back, sealed) = self.stream(work, &key, Some(&plain)).await?;
                work = back;
                if let Some(sealed) = sealed {
                    let stored = item(id, key, &sealed, locked);
                    return Ok(self.keep(name, format, stored, &plain, work.source.facts(), meta, false));
                }
                tracing::debug!(name, "changed between two readings");
            }
        }
        let (work, sealed, file) = work.spool(self.options.scratch.clone(), self.age_recipients()?).await?;
        let id = self.item_id(format, &sealed.plain);
        let facts = work.source.facts();
        let plain = sealed.plain.clone();
        if let Some(stored) = self.stored_already(&id) {
            return Ok(self.keep(name, format, stored, &plain, facts, meta, true));
        }
        if self.options.dry_run {
            return Ok(self.keep(name, format, planned(id, &plain), &plain, facts, meta, false));
        }
        let (key, locked) = (item_key(format.extension())?, self.lock_from_now());
        self.send_file(file, &key).await?;
        Ok(self.keep(name, format, item(id, key, &sealed, locked), &plain, facts, meta, false))
    }

    fn item_id(&self, format: Format, plain: &Measured) -> String {
        hex(&self.writer.name(format.extension(), plain.digest.as_bytes()))
    }

    fn age_recipients(&self) -> Result<Vec<Box<dyn age::Recipient + Send>>, Error> {
        parse_all(&self.recipients)
    }

    /// Whether the last snapshot has an item of this name, which may be unchanged.
    fn was_there(&self, name: &str) -> bool {
        let tag = self.tag(name);
        self.reusable
            && self.previous.as_ref().is_some_and(|previous| previous.items.iter().any(|item| item.tag == tag))
    }

    /// The same content in this run or in the last snapshot.
    fn stored_already(&self, id: &str) -> Option<ItemRef> {
        let readable =
            |item: &&ItemRef| item.id == id && item.carried.as_ref().is_none_or(|carried| !carried.other_recipients);
        let own = self.kept.values().map(|kept| &kept.stored).find(readable);
        let former = self.previous.iter().filter(|_| self.reusable).flat_map(|previous| &previous.items).find(readable);
        own.or(former).map(|item| ItemRef { carried: None, ..item.clone() })
    }

    #[allow(clippy::too_many_arguments, reason = "each is one field of what is kept")]
    fn keep(
        &mut self,
        name: &str,
        format: Format,
        mut stored: ItemRef,
        plain: &Measured,
        facts: Facts,
        meta: Map<String, Value>,
        reused: bool,
    ) -> Added {
        stored.tag = self.tag(name);
        if !reused {
            self.sent += 1;
            self.sent_bytes += stored.size;
        }
        let added = Added { id: stored.id.clone(), reused, plain_bytes: stored.plain_bytes, stored_bytes: stored.size };
        let described = ManifestItem {
            id: stored.id.clone(),
            format,
            size: plain.bytes,
            digest: Some(plain.digest),
            facts,
            meta,
            stale: None,
        };
        self.missing.remove(name);
        self.kept.insert(name.to_owned(), Kept { stored, described });
        added
    }

    /// Sends a source while it is read. `None` when it is not what was measured before; nothing was written then.
    async fn stream(&self, work: Work, key: &str, plain: Option<&Measured>) -> Result<(Work, Option<Sealed>), Error> {
        let (sender, parts) = Parts::channel();
        let (recipients, expected) = (self.age_recipients()?, plain.cloned());
        let sealing = tokio::task::spawn_blocking(move || {
            work.seal(&recipients, PartWriter::new(sender), |sealed, out| {
                if expected.is_some_and(|expected| sealed.plain != expected) {
                    // Dropped without an end: the store takes it back.
                    return Ok(None);
                }
                out.finish().map(|()| Some(sealed))
            })
        });
        let stored = self.repository.inner.store.put_stream(key, parts).await;
        let sealed = sealing.await.map_err(|_| Error::Worker { doing: "seal an item" })?;
        match (stored, sealed) {
            (Ok(()), Ok((work, Some(sealed)))) => Ok((work, Some(sealed))),
            (Err(error), Ok((work, None))) if error.fault == StoreFault::Abandoned => Ok((work, None)),
            // The source's own error is the cause of the parts being abandoned.
            (Err(error), Err(cause)) if error.fault == StoreFault::Abandoned => Err(cause),
            (Err(error), _) => Err(error.into()),
            (Ok(()), Err(cause)) => Err(cause),
            (Ok(()), Ok((_, None))) => Err(Error::Worker { doing: "end an item" }),
        }
    }

    async fn send_file(&self, mut file: File, key: &str) -> Result<(), Error> {
        let (sender, parts) = Parts::channel();
        let reading = tokio::task::spawn_blocking(move || -> io::Result<()> {
            file.seek(SeekFrom::Start(0))?;
            loop {
                let mut part = Vec::with_capacity(PART_SIZE);
                (&mut file).take(PART_SIZE as u64).read_to_end(&mut part)?;
                if part.is_empty() {
                    return sender.finish().map_err(io::Error::other);
                }
                sender.send(Bytes::from(part)).map_err(io::Error::other)?;
            }
        });
        let stored = self.repository.inner.store.put_stream(key, parts).await;
        let read = reading.await.map_err(|_| Error::Worker { doing: "send an item" })?;
        match (stored, read) {
            (Err(error), Err(cause)) if error.fault == StoreFault::Abandoned => {
                Err(Error::Io { doing: "read the encrypted item from the scratch folder".to_owned(), source: cause })
            }
            (stored, _) => Ok(stored?),
        }
    }
}

impl Work {
    /// Reads to the end, without keeping anything.
    async fn measure(mut self) -> Result<(Self, Measured), Error> {
        let measuring = tokio::task::spawn_blocking(move || {
            let tell = teller(&self.name, self.progress.clone(), Phase::Reading);
            let mut reader = open(&mut *self.source, &self.name)?;
            let measured = measure(&mut reader, &tell).map_err(reading(&self.name))?;
            drop(reader);
            Ok((self, measured))
        });
        measuring.await.map_err(|_| Error::Worker { doing: "read an item" })?
    }

    /// Seals a source into `out`, which `end` then closes.
    fn seal<W: io::Write, T>(
        mut self,
        recipients: &[Box<dyn age::Recipient + Send>],
        out: W,
        end: impl FnOnce(Sealed, W) -> io::Result<T>,
    ) -> Result<(Self, T), Error> {
        let tell = teller(&self.name, self.progress.clone(), Phase::Sending);
        let mut reader = open(&mut *self.source, &self.name)?;
        let (sealed, out) = seal(&mut reader, recipients, out, &tell).map_err(reading(&self.name))?;
        let ended = end(sealed, out).map_err(reading(&self.name))?;
        drop(reader);
        Ok((self, ended))
    }

    /// Seals a source into a nameless file.
    async fn spool(
        self,
        scratch: Option<PathBuf>,
        recipients: Vec<Box<dyn age::Recipient + Send>>,
    ) -> Result<(Self, Sealed, File), Error> {
        let spooling = tokio::task::spawn_blocking(move || {
            let folder = scratch.unwrap_or_else(std::env::temp_dir);
            let place = format!("write to the scratch folder {}", folder.display());
            let file = tempfile::tempfile_in(&folder).map_err(Error::io(place))?;
            let (work, (sealed, file)) =
                self.seal(&recipients, io::BufWriter::with_capacity(1 << 18, file), |sealed, out| {
                    Ok((sealed, out.into_inner().map_err(io::IntoInnerError::into_error)?))
                })?;
            Ok((work, sealed, file))
        });
        spooling.await.map_err(|_| Error::Worker { doing: "spool an item" })?
    }
}

fn open<'a>(source: &'a mut dyn Source, name: &str) -> Result<Box<dyn Read + Send + 'a>, Error> {
    source.open().map_err(|source| Error::Source { name: name.to_owned(), source })
}

/// What was read could not be, or what came of it could not be written.
fn reading(name: &str) -> impl FnOnce(io::Error) -> Error {
    Error::io(format!("save {name}"))
}

fn teller(name: &str, progress: Option<Progress>, phase: Phase) -> impl Fn(u64) + use<> {
    let (name, sum) = (name.to_owned(), Cell::new(0));
    move |bytes| {
        sum.set(sum.get() + bytes);
        if let Some(progress) = &progress {
            progress.tell(&Report::new(&name, phase, sum.get(), None));
        }
    }
}

fn item(id: String, key: String, sealed: &Sealed, locked_until: Option<Timestamp>) -> ItemRef {
    ItemRef {
        id,
        tag: String::new(),
        key,
        size: sealed.stored.bytes,
        sha256: sealed.stored.digest.hex(),
        plain_bytes: sealed.plain.bytes,
        locked_until,
        carried: None,
    }
}

/// What an item would be.
fn planned(id: String, plain: &Measured) -> ItemRef {
    ItemRef {
        id,
        tag: String::new(),
        key: String::new(),
        size: 0,
        sha256: String::new(),
        plain_bytes: plain.bytes,
        locked_until: None,
        carried: None,
    }
}
