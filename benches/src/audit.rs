//! What a user asked of the API server.

use std::collections::BTreeMap;

use serde_json::Value;

/// Counts the requests of `user` among audit events, by verb, resource and name.
///
/// A watch counts when it starts; its end, which is recorded too, does not.
#[must_use]
pub fn requests(events: &[Value], user: &str) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for event in events.iter().filter(|event| event["user"]["username"] == user) {
        let is_end_of_watch = event["verb"] == "watch" && event["stage"] == "ResponseComplete";
        if !is_end_of_watch {
            *counts.entry(description(event)).or_default() += 1;
        }
    }
    counts
}

fn description(event: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let object = &event["objectRef"];
    let dry = if text(&event["requestURI"]).contains("dryRun") { " (dry run)" } else { "" };
    let parts = [&object["resource"], &object["subresource"], &object["namespace"], &object["name"]].map(text);
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    let what = if parts.is_empty() { text(&event["requestURI"]) } else { parts.join("/") };
    format!("{} {what}{dry}", text(&event["verb"]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_the_starts_of_the_users_own_requests_count() {
        let event = |user: &str, verb: &str, stage: &str| json!({"user": {"username": user}, "verb": verb, "stage": stage, "objectRef": {"resource": "secrets"}});
        let events = [
            event("me", "watch", "ResponseStarted"),
            event("me", "watch", "ResponseComplete"),
            event("me", "get", "ResponseComplete"),
            event("you", "get", "ResponseComplete"),
        ];
        let expected = [("get secrets".to_owned(), 1), ("watch secrets".to_owned(), 1)];
        assert_eq!(requests(&events, "me"), expected.into());
    }
}
