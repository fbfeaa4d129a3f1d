//! Choosing one of two who make a repository at the same time, on a store that ignores conditions.

use bytes::Bytes;
use jiff::SignedDuration;

use crate::Error;
use crate::format::{MARKER, Marker};
use crate::store::{PutMode, Store};

const CLAIMS: &str = "probe/claim-";
/// A claim that is older was left by somebody who was cut off.
const STALE: SignedDuration = SignedDuration::from_mins(10);

/// That somebody is about to write the marker. Whoever sees another's claim steps back: of two at the same time at least
/// the one who writes his later sees both, so that never two go on.
pub(crate) struct Claim {
    key: Option<String>,
}

impl Claim {
    pub(crate) async fn stake(store: &dyn Store, marker: &Marker) -> Result<Self, Error> {
        if marker.capabilities.conditional_put {
            return Ok(Self { key: None });
        }
        let key = format!("{CLAIMS}{}", marker.repository);
        store.put(&key, Bytes::from_static(b"a repository is being made here"), PutMode::Replace).await?;
        let claims = store.list(CLAIMS, None).await?;
        let own = claims.iter().find(|claim| claim.key == key).map(|claim| claim.modified);
        let recent = |modified| own.is_none_or(|own| own.duration_since(modified) < STALE);
        let contested = claims.iter().any(|claim| claim.key != key && recent(claim.modified));
        // One who was faster may be done, and his claim gone.
        if contested || store.head(MARKER).await?.is_some() {
            store.delete(&key).await?;
            return Err(Error::BeingMade { place: store.place() });
        }
        for stale in claims.iter().filter(|claim| claim.key != key) {
            store.delete(&stale.key).await?;
        }
        Ok(Self { key: Some(key) })
    }

    pub(crate) async fn give_up(self, store: &dyn Store) -> Result<(), Error> {
        if let Some(key) = self.key {
            store.delete(&key).await?;
        }
        Ok(())
    }
}
