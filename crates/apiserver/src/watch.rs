use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use tokio::sync::watch::Receiver;
use tokio::time::Instant;

use crate::call::Call;
use crate::failure::{Failure, FieldFault};
use crate::list::{served, too_large};
use crate::registry::Resource;
use crate::requests::LoggedRequest;
use crate::selector::Filter;
use crate::server::Inner;
use crate::state::State;
use crate::view::Shown;

/// The real server sends one a minute; so do we where nothing else is sent.
const BOOKMARK_EVERY: Duration = Duration::from_secs(60);

/// A watch that goes on: what it has seen, and what is still to be sent.
pub(crate) struct Watch {
    inner: Arc<Inner>,
    /// What was asked, by which faults are chosen.
    asked: LoggedRequest,
    /// How objects are shown that are not shown as they are stored.
    form: Option<fn(&Value) -> Value>,
    resource: Arc<Resource>,
    filter: Filter,
    view: Shown,
    /// Whether an event was sent already: only the first one's table names its columns.
    begun: bool,
    /// The revision up to which everything was sent.
    seen: u64,
    pending: VecDeque<Bytes>,
    bookmarks: bool,
    end: Option<Instant>,
    changes: Receiver<u64>,
    /// Counts up when a test cuts all watches.
    cuts: Receiver<u64>,
    over: bool,
}

impl Watch {
    /// Starts a watch.
    pub(crate) fn start(inner: &Arc<Inner>, state: &State, call: &Call, view: Shown) -> Result<Self, Failure> {
        let query = &call.query;
        let filter = Filter::read(&call.resource, &call.namespace, &call.name, query)?;
        let initial = query.flag("sendInitialEvents");
        check(query)?;
        let given = query.get("resourceVersion");
        let from: u64 = match given {
            None => 0,
            Some(text) => text.parse().map_err(|_| {
                let detail = format!("strconv.ParseUint: parsing {text:?}: invalid syntax");
                Failure::bad_request(format!(
                    "invalid resource version: resourceVersion: Invalid value: {text:?}: {detail}"
                ))
            })?,
        };
        if from > state.revision() {
            return Err(too_large(from, state.revision()));
        }
        let seconds = query.get("timeoutSeconds").and_then(|text| text.parse::<u64>().ok());
        let mut watch = Self {
            inner: inner.clone(),
            asked: LoggedRequest::of(call),
            form: None,
            resource: call.resource.clone(),
            filter,
            view,
            begun: false,
            seen: from,
            pending: VecDeque::new(),
            bookmarks: query.flag("allowWatchBookmarks"),
            end: seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds)),
            changes: inner.changes.subscribe(),
            cuts: inner.cuts.subscribe(),
            over: false,
        };
        watch.cuts.mark_unchanged();
        // Without a revision a watch starts with all there is.
        if initial || (from == 0 && !query.has("sendInitialEvents")) {
            watch.send_state(state, initial);
        } else {
            watch.send_changes(state);
        }
        Ok(watch)
    }

    /// The next piece of the answer; `None` where it ends.
    pub(crate) async fn next(&mut self) -> Option<Bytes> {
        loop {
            if !self.pending.is_empty() && !self.over && self.inner.faults.take_gone(&self.asked) {
                self.pending.clear();
                self.expire("too old resource version");
            }
            if let Some(event) = self.pending.pop_front() {
                return Some(event);
            }
            if self.over {
                return None;
            }
            self.changes.mark_unchanged();
            {
                let inner = self.inner.clone();
                let state = inner.lock();
                self.send_changes(&state);
            }
            if !self.pending.is_empty() {
                continue;
            }
            let end = self.end.unwrap_or_else(|| Instant::now() + Duration::from_secs(1_800));
            let next_event = self.inner.next_event_in();
            tokio::select! {
                changed = self.changes.changed() => if changed.is_err() { return None },
                _ = self.cuts.changed() => return None,
                // Behaviours are played when somebody asks; who only watches has asked for this.
                () = tokio::time::sleep(next_event.unwrap_or_default()), if next_event.is_some() => {
                    let mut state = self.inner.lock();
                    self.inner.settle(&mut state);
                }
                () = tokio::time::sleep_until(end) => {
                    // A last bookmark, so that the next watch need not start over.
                    self.over = true;
                    if self.bookmarks {
                        self.bookmark(false);
                    }
                }
                () = tokio::time::sleep(BOOKMARK_EVERY), if self.bookmarks => self.bookmark(false),
            }
        }
    }

    /// Shows objects in another form from now on.
    pub(crate) fn show_as(&mut self, form: fn(&Value) -> Value) {
        self.form = Some(form);
        // What was collected at the start is in the old one.
        for event in &mut self.pending {
            let Ok(mut told) = serde_json::from_slice::<Value>(event) else { continue };
            told["object"] = form(&told["object"]);
            *event = line(&told);
        }
    }

    /// Ends the watch: what is pending is not sent.
    pub(crate) fn stop(&mut self) {
        self.pending.clear();
        self.over = true;
    }

    fn send_state(&mut self, state: &State, marked: bool) {
        let found = state.collection(&self.resource.key());
        let namespace = self.filter.namespace.clone();
        for (key, object) in found.into_iter().flat_map(|all| all.within(&namespace)) {
            if self.filter.covers(key, object) {
                self.send("ADDED", object);
            }
        }
        self.seen = state.revision();
        if marked && self.bookmarks {
            self.bookmark(true);
        }
    }

    fn send_changes(&mut self, state: &State) {
        let Some(collection) = state.collection(&self.resource.key()) else {
            self.seen = state.revision();
            return;
        };
        if self.seen < collection.floor {
            let message = format!("too old resource version: {} ({})", self.seen, collection.floor + 1);
            return self.expire(&message);
        }
        let start = collection.log.partition_point(|change| change.revision <= self.seen);
        for change in collection.log.range(start..) {
            let was = change.before.as_ref().is_some_and(|before| self.filter.covers(&change.key, before));
            let is = !change.deleted && self.filter.covers(&change.key, &change.object);
            match (was, is) {
                (false, true) => self.send("ADDED", &change.object),
                (true, true) => self.send("MODIFIED", &change.object),
                (true, false) if change.deleted => self.send("DELETED", &change.object),
                (true, false) => {
                    // What no longer fits is shown as it was last, under the revision of the change.
                    let mut last = change.before.as_deref().cloned().unwrap_or_default();
                    last["metadata"]["resourceVersion"] = change.revision.to_string().into();
                    self.send("DELETED", &last);
                }
                (false, false) => {}
            }
        }
        self.seen = state.revision();
    }

    fn expire(&mut self, message: &str) {
        let failure = Failure::expired(message);
        self.push(&json!({"type": "ERROR", "object": failure.status()}));
        self.over = true;
    }

    fn bookmark(&mut self, initial: bool) {
        let mut object = json!({
            "kind": *self.resource.kind, "apiVersion": self.resource.api_version(),
            "metadata": {"resourceVersion": self.seen.to_string()},
        });
        if initial {
            object["metadata"]["annotations"] = json!({"k8s.io/initial-events-end": "true"});
        }
        let object = self.shown(object);
        self.push(&json!({"type": "BOOKMARK", "object": object}));
    }

    fn send(&mut self, what: &str, object: &Value) {
        let object = self.shown(served(&self.resource, object));
        self.push(&json!({"type": what, "object": object}));
    }

    fn shown(&mut self, object: Value) -> Value {
        let view = Shown { now: self.inner.clock.now(), ..self.view };
        let first = !std::mem::replace(&mut self.begun, true);
        view.of_event(&self.resource, object, first)
    }

    fn push(&mut self, event: &Value) {
        let event = match self.form {
            Some(form) => line(&json!({"type": event["type"], "object": form(&event["object"])})),
            None => line(event),
        };
        self.pending.push_back(event);
    }
}

fn line(event: &Value) -> Bytes {
    let mut line = event.to_string().into_bytes();
    line.push(b'\n');
    line.into()
}

fn check(query: &crate::call::Query) -> Result<(), Failure> {
    let initial = query.has("sendInitialEvents");
    let rule = query.get("resourceVersionMatch");
    let detail = match (initial, rule) {
        (true, None) => "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
        (true, Some(rule)) if rule != "NotOlderThan" => {
            "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
        }
        (false, Some(_)) => "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
        _ => return Ok(()),
    };
    let fault = FieldFault::forbidden("resourceVersionMatch", detail);
    Err(Failure::invalid("meta.k8s.io", "ListOptions", "", &[fault]))
}
