//! The time of a change, as the metadata hold it.

use std::time::SystemTime;

use crate::WriteError;

/// RFC 3339 in UTC, in whole seconds.
pub(crate) fn text(time: SystemTime) -> Result<String, WriteError> {
    let time = jiff::Timestamp::try_from(time).map_err(|_| WriteError::Time)?;
    let text = time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    // Years before 1 and beyond 9999 have other lengths.
    if text.len() == 20 && !text.starts_with('-') { Ok(text) } else { Err(WriteError::Time) }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn whole_seconds_in_utc() {
        let time = SystemTime::UNIX_EPOCH + Duration::from_millis(1_795_152_308_999);
        assert_eq!(text(time).unwrap(), "2026-11-20T05:25:08Z");
        assert!(text(SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 40)).is_err());
    }
}
