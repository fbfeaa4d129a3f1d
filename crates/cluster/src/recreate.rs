use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, sleep};
use windlass_manifest::{Manifest, Origin};

use crate::cluster::{Cluster, Handle};
use crate::error::Error;

/// How long to wait between two looks at an object that is going.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

impl Cluster {
    /// Deletes the object, if it is there, and waits until it is gone.
    pub(crate) async fn delete_and_wait(&self, handle: &Handle<'_>, limit: Duration) -> Result<(), Error> {
        let Some(live) = self.live(handle).await? else {
            return Ok(());
        };
        let uid = uid(&live);
        if let Ok(object) = Manifest::new(live, Origin::unknown()) {
            let saved = self.save(vec![object]).await;
            saved.map_err(|source| Error::NotKept { subject: handle.subject(), source })?;
        }
        self.delete(handle, uid.as_deref()).await?;
        self.wait_until_gone(handle, uid.as_deref(), limit).await
    }

    /// Waits until the object with this uid is gone; without a uid, until there is none of that name.
    pub(crate) async fn wait_until_gone(
        &self,
        handle: &Handle<'_>,
        expected: Option<&str>,
        limit: Duration,
    ) -> Result<(), Error> {
        let end = Instant::now() + limit;
        let mut pause = FIRST_PAUSE;
        loop {
            let Some(live) = self.live(handle).await? else {
                return Ok(());
            };
            if expected.is_some() && uid(&live).as_deref() != expected {
                return Ok(());
            }
            if Instant::now() + pause > end {
                return Err(Error::StillThere {
                    subject: handle.subject(),
                    seconds: limit.as_secs(),
                    finalizers: finalizers(&live),
                });
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

pub(crate) fn uid(object: &Value) -> Option<String> {
    object["metadata"]["uid"].as_str().map(str::to_owned)
}

fn finalizers(object: &Value) -> Vec<String> {
    let list = object["metadata"]["finalizers"].as_array().into_iter().flatten();
    list.filter_map(Value::as_str).map(str::to_owned).collect()
}
