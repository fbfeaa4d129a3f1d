//! Fields of objects of which there are no types here.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use windlass_flux::GoDuration;

pub(super) fn text(object: &Value, pointer: &str) -> String {
    optional(object, pointer).unwrap_or_default()
}

pub(super) fn optional(object: &Value, pointer: &str) -> Option<String> {
    object.pointer(pointer).and_then(Value::as_str).map(str::to_owned)
}

pub(super) fn time(object: &Value, pointer: &str) -> Option<Timestamp> {
    object.pointer(pointer)?.as_str()?.parse().ok()
}

/// A duration as Go prints it.
pub(super) fn duration(object: &Value, pointer: &str) -> Option<SignedDuration> {
    let duration: GoDuration = object.pointer(pointer)?.as_str()?.parse().ok()?;
    SignedDuration::try_from(duration.get()).ok()
}

pub(super) fn namespace(object: &Value) -> String {
    text(object, "/metadata/namespace")
}

pub(super) fn name(object: &Value) -> String {
    text(object, "/metadata/name")
}

/// `shop/data`.
pub(super) fn full_name(object: &Value) -> String {
    format!("{}/{}", namespace(object), name(object))
}

/// `ReplicationSource/shop/data`.
pub(super) fn named(kind: &str, object: &Value) -> String {
    format!("{kind}/{}", full_name(object))
}

/// The message of a condition that is `status`.
pub(super) fn condition(object: &Value, type_: &str, status: &str) -> Option<String> {
    let conditions = object["status"]["conditions"].as_array()?;
    let found = conditions.iter().find(|condition| condition["type"] == type_)?;
    (found["status"] == status).then(|| text(found, "/message"))
}

pub(super) fn whole_seconds(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}
