//! Kubernetes events about our own objects.

use kube::runtime::events::{Event, EventType, Recorder, Reporter};
use kube::{Client, Resource};

/// The longest note that the API takes, in bytes.
const LONGEST_NOTE: usize = 1024;

/// Writes Kubernetes events about objects of ours. A failure to do so is logged and stops nothing.
pub struct Events {
    recorder: Recorder,
}

impl Events {
    /// Events of `windlassd`, to the cluster that `client` speaks to.
    #[must_use]
    pub fn new(client: Client) -> Self {
        let reporter = Reporter { controller: "windlassd".to_owned(), instance: None };
        Self { recorder: Recorder::new(client, reporter) }
    }

    /// Something was done.
    pub async fn normal<K: Resource<DynamicType = ()>>(&self, object: &K, reason: &str, message: &str) {
        self.publish(object, EventType::Normal, reason, message).await;
    }

    /// Something went wrong.
    pub async fn warning<K: Resource<DynamicType = ()>>(&self, object: &K, reason: &str, message: &str) {
        self.publish(object, EventType::Warning, reason, message).await;
    }

    async fn publish<K>(&self, object: &K, type_: EventType, reason: &str, message: &str)
    where
        K: Resource<DynamicType = ()>,
    {
        let note = Some(cut(message).to_owned());
        let event = Event { type_, reason: reason.to_owned(), note, action: "Reconcile".to_owned(), secondary: None };
        if let Err(error) = self.recorder.publish(&event, &object.object_ref(&())).await {
            tracing::debug!("cannot write an event: {}", crate::error::chain(&error));
        }
    }
}

/// The beginning of `text` that fits into an event, ending with a whole character.
fn cut(text: &str) -> &str {
    let mut end = text.len().min(LONGEST_NOTE);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_fits_and_breaks_no_character() {
        assert_eq!(cut("short"), "short");
        assert_eq!(cut(&format!("a{}", "ü".repeat(600))).len(), 1023);
    }
}
