//! Our side, in a process of its own.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use windlass_backup::{
    InitOptions, OpenOptions, Recipient, Repository, RunOptions, S3Credentials, Store, StoreUrl, Trust, WriterKey,
};
use windlass_capture::{FileOptions, FileTree};
use windlass_testbed::SeaweedS3;

/// The first argument of a process that saves.
const MARK: &str = "--save";

/// Two public keys; nobody has the private ones.
pub(crate) fn recipients() -> [&'static str; 2] {
    [
        "age12sazq8d83w7zjc8sc5fgrljngakjqt5f9z3l782f25g64cjzvdxqmxs0rx",
        "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p",
    ]
}

/// A tree to save, and where.
pub(crate) struct Ours {
    pub(crate) store: String,
    pub(crate) tree: PathBuf,
}

impl Ours {
    /// Makes the repository, uncounted.
    pub(crate) fn init(&self) -> anyhow::Result<()> {
        let writer = writer(&self.cache())?;
        let recipients =
            recipients().into_iter().map(|key| Recipient::new(&key[..8], key)).collect::<Result<_, _>>()?;
        let options = InitOptions { cache: Some(self.cache()), ..InitOptions::new(recipients, &writer) };
        runtime()?.block_on(Repository::init(open(&self.store)?, options))?;
        Ok(())
    }

    /// The arguments of a process that saves.
    pub(crate) fn arguments(&self) -> Vec<String> {
        let path = |path: &Path| path.display().to_string();
        vec![MARK.to_owned(), self.store.clone(), path(&self.tree), path(&self.cache())]
    }

    fn cache(&self) -> PathBuf {
        self.tree.with_extension("cache")
    }
}

/// Saves where this process was started for it, and says whether it was.
pub(crate) fn save_if_asked() -> anyhow::Result<bool> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, mark, store, tree, cache] = &arguments[..] else { return Ok(false) };
    if mark != MARK {
        return Ok(false);
    }
    let (writer, store) = (writer(Path::new(cache))?, open(store)?);
    runtime()?.block_on(async {
        let trust = Trust::Writers(vec![writer.id()]);
        let repository = Repository::open(store, OpenOptions::new(trust).with_cache(cache)).await?;
        let mut run = repository.begin(&writer, RunOptions::new("bench")).await?;
        let tree = FileTree::new(tree, FileOptions::default())?;
        run.add("files/tree", Box::new(tree), serde_json::Map::new()).await?;
        run.commit().await?;
        anyhow::Ok(())
    })?;
    Ok(true)
}

fn open(store: &str) -> anyhow::Result<Arc<dyn Store>> {
    let credentials = S3Credentials::new(SeaweedS3::ACCESS_KEY, SeaweedS3::SECRET_KEY);
    Ok(StoreUrl::parse(store)?.open(Some(credentials))?)
}

/// One and the same in all processes of a bench: kept beside the cache.
fn writer(cache: &Path) -> anyhow::Result<WriterKey> {
    let path = cache.with_extension("key");
    if let Ok(text) = std::fs::read_to_string(&path) {
        return Ok(WriterKey::parse(&text)?);
    }
    let writer = WriterKey::generate()?;
    std::fs::write(&path, writer.to_text().as_bytes()).context("cannot keep the writer's key")?;
    Ok(writer)
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}
