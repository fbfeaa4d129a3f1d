//! One task for each object of a kind, for as long as the object exists.

use std::collections::{HashMap, HashSet};
use std::fmt::Debug;
use std::future::Future;
use std::sync::Arc;

use futures::StreamExt as _;
use kube::core::DeserializeGuard;
use kube::runtime::{WatchStreamExt as _, watcher};
use kube::{Api, Resource};
use serde::de::DeserializeOwned;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::NamespacedName;

/// What a task sees of its object: the latest state, `None` once it is gone.
pub(crate) type Seen<K> = watch::Receiver<Option<Arc<K>>>;

/// Watches all objects of a kind and keeps a task running for each.
///
/// A task never holds a worker while it waits: it is a future that sleeps. It ends by itself when it sees that its
/// object is gone; if the object comes back under the same name, the next task starts after the last one ended.
pub(crate) struct Supervisor<K, F> {
    tasks: HashMap<NamespacedName, Task<K>>,
    start: F,
}

struct Task<K> {
    seen: watch::Sender<Option<Arc<K>>>,
    handle: JoinHandle<()>,
}

impl<K, F, R> Supervisor<K, F>
where
    K: Resource<DynamicType = ()> + Clone + DeserializeOwned + Debug + Send + Sync + 'static,
    F: Fn(NamespacedName, Seen<K>) -> R,
    R: Future<Output = ()> + Send + 'static,
{
    pub(crate) fn new(start: F) -> Self {
        Self { tasks: HashMap::new(), start }
    }

    /// Runs until `stop` says so, then waits for the tasks, which are told by the same signal.
    ///
    /// `listed` is called when the first full list has been seen, and after every later one. An object that does not fit
    /// its type is reported and left alone; it does not keep the others from being seen.
    pub(crate) async fn run(
        mut self,
        api: Api<DeserializeGuard<K>>,
        mut stop: watch::Receiver<bool>,
        listed: impl Fn(),
    ) {
        let mut events = watcher(api, watcher::Config::default()).default_backoff().boxed();
        let mut in_list = HashSet::new();
        loop {
            let event = tokio::select! {
                event = events.next() => event,
                _ = stop.wait_for(|stop| *stop) => break,
            };
            match event {
                Some(Ok(watcher::Event::Init)) => in_list.clear(),
                Some(Ok(watcher::Event::InitApply(object))) => {
                    in_list.insert(NamespacedName::of(&object));
                    self.show(object);
                }
                Some(Ok(watcher::Event::InitDone)) => {
                    self.forget_all_but(&in_list);
                    listed();
                }
                Some(Ok(watcher::Event::Apply(object))) => self.show(object),
                Some(Ok(watcher::Event::Delete(object))) => self.forget(&NamespacedName::of(&object)),
                Some(Err(error)) => tracing::warn!("watch failed, trying again: {}", crate::error::chain(&error)),
                None => break,
            }
        }
        for task in self.tasks.into_values() {
            let _ = task.handle.await;
        }
    }

    fn show(&mut self, object: DeserializeGuard<K>) {
        let name = NamespacedName::of(&object);
        let object = match object.0 {
            Ok(object) => object,
            Err(invalid) => {
                tracing::error!("{}/{name} cannot be read and is left alone: {invalid}", K::kind(&()));
                return;
            }
        };
        let object = Some(Arc::new(object));
        match self.tasks.get(&name) {
            Some(task) if !task.handle.is_finished() && task.seen.borrow().is_some() => {
                task.seen.send_replace(object);
            }
            _ => {
                let previous = self.tasks.remove(&name);
                let (sender, seen) = watch::channel(object);
                let run = (self.start)(name.clone(), seen);
                let handle = tokio::spawn(async move {
                    if let Some(previous) = previous {
                        let _ = previous.handle.await;
                    }
                    run.await;
                });
                self.tasks.insert(name, Task { seen: sender, handle });
            }
        }
    }

    fn forget(&mut self, name: &NamespacedName) {
        if let Some(task) = self.tasks.get(name) {
            task.seen.send_replace(None);
        }
        self.tasks.retain(|_, task| !task.handle.is_finished());
    }

    fn forget_all_but(&mut self, names: &HashSet<NamespacedName>) {
        let gone: Vec<_> = self.tasks.keys().filter(|name| !names.contains(name)).cloned().collect();
        for name in gone {
            self.forget(&name);
        }
    }
}
