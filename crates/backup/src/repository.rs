use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use jiff::Timestamp;

use crate::cache::Cache;
use crate::claim::Claim;
use crate::format::{FORMAT, MARKER, MARKER_KIND, Marker, RESTORE_TEXT, Signed, sign};
use crate::identifier::Ulid;
use crate::keys::parse_all;
use crate::store::{PutMode, StoreFault, read_whole};
use crate::{Capabilities, Clock, Error, Recipient, Store, Trust, WriterId, WriterKey, restore_text};

/// No marker is larger.
pub(crate) const MARKER_LIMIT: u64 = 1 << 20;

/// A backup repository in a [`Store`].
///
/// Cloning is cheap and shares everything. All methods may be called at the same time, also from other machines: nothing
/// is locked.
#[derive(Debug, Clone)]
pub struct Repository {
    pub(crate) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) id: String,
    pub(crate) trust: Trust,
    pub(crate) clock: Clock,
    pub(crate) cache: Cache,
    marker: Mutex<Signed<Marker>>,
    /// Why the last run of this process failed, if it did: nothing is deleted after that.
    pub(crate) last_failure: Mutex<Option<String>>,
}

/// What a new repository is to be.
#[derive(Debug, Clone)]
pub struct InitOptions {
    /// For whom everything is encrypted. Each can open everything alone.
    pub recipients: Vec<Recipient>,
    /// Who writes the marker. He is the first of the writers.
    pub writer: WriterKey,
    /// Other writers, such as those of other machines.
    pub other_writers: Vec<WriterId>,
    /// Go on with a single recipient.
    pub waive_second_recipient: bool,
    /// Where signed documents seen before are kept, to save requests. Default: in memory only.
    pub cache: Option<PathBuf>,
    /// The time. Default: the system's.
    pub clock: Clock,
}

impl InitOptions {
    /// Options with what is needed.
    #[must_use]
    pub fn new(recipients: Vec<Recipient>, writer: &WriterKey) -> Self {
        Self {
            recipients,
            writer: writer.clone(),
            other_writers: Vec::new(),
            waive_second_recipient: false,
            cache: None,
            clock: Clock::default(),
        }
    }
}

/// How a repository is opened.
#[derive(Debug, Clone)]
pub struct OpenOptions {
    /// Whose snapshots are believed.
    pub trust: Trust,
    /// Where signed documents seen before are kept, to save requests. Default: in memory only.
    pub cache: Option<PathBuf>,
    /// The time. Default: the system's.
    pub clock: Clock,
}

impl OpenOptions {
    /// Options with what is needed.
    #[must_use]
    pub fn new(trust: Trust) -> Self {
        Self { trust, cache: None, clock: Clock::default() }
    }

    /// The same with a cache folder.
    #[must_use]
    pub fn with_cache(mut self, folder: impl Into<PathBuf>) -> Self {
        self.cache = Some(folder.into());
        self
    }

    /// The same with another clock.
    #[must_use]
    pub fn with_clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }
}

impl Repository {
    /// Makes a repository in an empty place: finds out what the store really does, writes `RESTORE.txt`, and the marker
    /// last.
    ///
    /// # Errors
    /// When there is a repository already, fewer than two recipients without waiver, a recipient that age does not take,
    /// or a store that does not keep what it is given.
    pub async fn init(store: Arc<dyn Store>, options: InitOptions) -> Result<Self, Error> {
        let InitOptions { recipients, writer, other_writers, waive_second_recipient, cache, clock } = options;
        check_recipients(&recipients, waive_second_recipient)?;
        if store.head(MARKER).await?.is_some() {
            let there = read_whole(store.as_ref(), MARKER, MARKER_LIMIT).await?;
            return Err(already_there(store.as_ref(), &there));
        }
        let capabilities = store.probe().await?;
        let mut writers = vec![writer.id()];
        writers.extend(other_writers.into_iter().filter(|other| *other != writer.id()));
        let now = clock.now();
        let marker = Marker {
            kind: MARKER_KIND.to_owned(),
            format: FORMAT,
            repository: Ulid::at(now)?.to_string(),
            number: 0,
            created: now,
            tool: tool(),
            recipients,
            second_recipient_waived: waive_second_recipient,
            writers: writers.clone(),
            capabilities,
            writer: writer.id(),
        };
        let claim = Claim::stake(store.as_ref(), &marker).await?;
        let text = restore_text::text(&marker);
        store.put(RESTORE_TEXT, Bytes::from(text), PutMode::Replace).await?;
        let bytes = sign(&marker, &writer)?;
        match store.put(MARKER, Bytes::from(bytes.clone()), PutMode::IfAbsent).await {
            Ok(()) => {}
            // Ours, if the answer to our own write was lost.
            Err(error) if error.fault == StoreFault::Exists => {}
            Err(error) => return Err(error.into()),
        }
        // Whoever wrote last on a store that ignores the condition has it; the others find out here.
        let held = read_whole(store.as_ref(), MARKER, MARKER_LIMIT).await?;
        claim.give_up(store.as_ref()).await?;
        if held != bytes {
            return Err(already_there(store.as_ref(), &held));
        }
        let trust = Trust::Writers(writers);
        let cache = Cache::new(cache.as_deref(), &store.place());
        cache.write(MARKER, &bytes);
        Ok(Self::assemble(store, Signed { document: marker, writer: Some(writer.id()) }, trust, clock, cache))
    }

    /// Opens a repository: one request, none with a cache that knows it.
    ///
    /// # Errors
    /// When there is none, its marker is not trusted, or its format is newer than this program.
    pub async fn open(store: Arc<dyn Store>, options: OpenOptions) -> Result<Self, Error> {
        let OpenOptions { trust, cache, clock } = options;
        let cache = Cache::new(cache.as_deref(), &store.place());
        if let Some(known) = cache.read(MARKER)
            && let Ok(marker) = read_first_marker(&known, &trust)
        {
            return Ok(Self::assemble(store, marker, trust, clock, cache));
        }
        let bytes = read_marker(store.as_ref()).await?;
        let marker = read_first_marker(&bytes, &trust)?;
        cache.write(MARKER, &bytes);
        Ok(Self::assemble(store, marker, trust, clock, cache))
    }

    fn assemble(store: Arc<dyn Store>, marker: Signed<Marker>, trust: Trust, clock: Clock, cache: Cache) -> Self {
        let id = marker.document.repository.clone();
        let (marker, last_failure) = (Mutex::new(marker), Mutex::default());
        Self { inner: Arc::new(Inner { store, id, trust, clock, cache, marker, last_failure }) }
    }

    /// The repository's own name, given when it was made.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.inner.id
    }

    /// Where it is.
    #[must_use]
    pub fn place(&self) -> String {
        self.inner.store.place()
    }

    /// The store beneath.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.inner.store
    }

    /// When it was made.
    #[must_use]
    pub fn created(&self) -> Timestamp {
        self.inner.marker().document.created
    }

    /// For whom new snapshots are encrypted, as far as the last listing showed.
    #[must_use]
    pub fn recipients(&self) -> Vec<Recipient> {
        self.inner.marker().document.recipients.clone()
    }

    /// Who may write, as far as the last listing showed.
    #[must_use]
    pub fn writers(&self) -> Vec<WriterId> {
        self.inner.marker().document.writers.clone()
    }

    /// What the store was seen to do when the repository was made.
    #[must_use]
    pub fn capabilities(&self) -> Capabilities {
        self.inner.marker().document.capabilities.clone()
    }
}

impl Inner {
    pub(crate) fn marker(&self) -> MutexGuard<'_, Signed<Marker>> {
        self.marker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

pub(crate) fn check_recipients(recipients: &[Recipient], waived: bool) -> Result<(), Error> {
    parse_all(recipients)?;
    let mut fingerprints: Vec<String> = recipients.iter().map(Recipient::fingerprint).collect();
    fingerprints.sort_unstable();
    fingerprints.dedup();
    let given = fingerprints.len();
    if given == 0 || (given == 1 && !waived) { Err(Error::TooFewRecipients { given }) } else { Ok(()) }
}

pub(crate) fn tool() -> String {
    format!("windlass {}", env!("CARGO_PKG_VERSION"))
}

async fn read_marker(store: &dyn Store) -> Result<Vec<u8>, Error> {
    read_whole(store, MARKER, MARKER_LIMIT).await.map_err(|error| match error.fault {
        StoreFault::NotFound => Error::NoRepository { place: store.place(), key: MARKER.to_owned() },
        _ => error.into(),
    })
}

/// On first use the writers that the marker itself names are those who may have signed it.
fn read_first_marker(bytes: &[u8], trust: &Trust) -> Result<Signed<Marker>, Error> {
    let claimed: Signed<Marker> = Signed::read(MARKER, MARKER_KIND, bytes, &Trust::Any, &[])?;
    Signed::read(MARKER, MARKER_KIND, bytes, trust, &claimed.document.writers)
}

fn already_there(store: &dyn Store, marker: &[u8]) -> Error {
    let id = Signed::<Marker>::read(MARKER, MARKER_KIND, marker, &Trust::Any, &[])
        .map_or_else(|_| "of an unknown kind".to_owned(), |marker| marker.document.repository);
    Error::AlreadyThere { place: store.place(), id }
}
