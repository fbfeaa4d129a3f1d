//! Values are dated by the commits that made them what they are.

#![expect(clippy::unwrap_used, reason = "a test's helpers may fail it")]

use std::collections::BTreeMap;
use std::time::{Duration, UNIX_EPOCH};

use home::{Home, ME};
use windlass_secrets::{Rotation, metrics, replace_file, rotate, status};
use windlass_sops::{Format, Identities, Location};

#[path = "support/home.rs"]
mod home;

const FILE: &str = "apps/web.sops.yaml";
const PLAIN: &str = "kind: Secret\nstringData:\n  a: one\n  b: two\n  c: three\n";
const DAY: u64 = 24 * 60 * 60;

/// Made on day 1, `a` changed on day 2, all encrypted anew on day 3, `b` changed on day 4, reformatted on day 5.
fn home() -> Home {
    let home = Home::new();
    home.git(&["init", "-q"], 0);
    home.encrypt(FILE, PLAIN, &[ME]);
    home.commit(DAY);
    home.set(FILE, "stringData.a", "new");
    home.commit(2 * DAY);
    let old = home.read(FILE);
    let path = home.path(FILE);
    let change = rotate(&path, &old, Format::Yaml, &home.hands(), &Rotation::default()).unwrap();
    replace_file(&path, Some(&old), &change.text.unwrap()).unwrap();
    home.commit(3 * DAY);
    home.set(FILE, "stringData.b", "new");
    home.commit(4 * DAY);
    home.write(FILE, ["# moved down\n".as_bytes(), &home.read(FILE)].concat());
    home.write("other.txt", "x");
    home.commit(5 * DAY);
    home
}

fn ages(home: &Home, identities: &Identities) -> BTreeMap<String, (Option<u64>, bool)> {
    let files = status(&home.repository(), identities).unwrap();
    let values = files.iter().flat_map(|file| &file.values);
    let name = |at: &Location| Location { line: None, ..at.clone() }.to_string();
    values.map(|value| (name(&value.at), (value.since.map(|since| since / DAY), value.may_be_older))).collect()
}

#[test]
fn a_new_data_key_is_looked_through() {
    let home = home();
    let ages = ages(&home, &home.identities);
    assert_eq!(ages["stringData.a"], (Some(2), false));
    assert_eq!(ages["stringData.b"], (Some(4), false));
    assert_eq!(ages["stringData.c"], (Some(1), false));
}

#[test]
fn without_a_key_a_date_behind_a_new_data_key_is_a_bound() {
    let ages = ages(&home(), &Identities::new());
    assert_eq!(ages["stringData.a"], (Some(3), true));
    assert_eq!(ages["stringData.b"], (Some(4), false));
    assert_eq!(ages["stringData.c"], (Some(3), true));
}

#[test]
fn what_is_not_committed_has_no_date() {
    let home = home();
    home.set(FILE, "stringData.c", "newer");
    let ages = ages(&home, &home.identities);
    assert_eq!(ages["stringData.c"], (None, false));
    assert_eq!(ages["stringData.a"], (Some(2), false));
}

#[test]
fn without_a_repository_nothing_is_dated() {
    let home = Home::new();
    home.encrypt(FILE, PLAIN, &[ME]);
    assert_eq!(ages(&home, &home.identities)["stringData.a"], (None, false));
    home.git(&["init", "-q"], 0);
    assert_eq!(ages(&home, &home.identities)["stringData.a"], (None, false));
}

#[test]
fn metrics_are_text_for_prometheus() {
    let home = home();
    let files = status(&home.repository(), &home.identities).unwrap();
    let text = metrics(&files, UNIX_EPOCH + Duration::from_secs(12 * DAY));
    for line in [
        "windlass_secret_files 1",
        "windlass_secret_values 3",
        "windlass_secret_file_recipients{file=\"apps/web.sops.yaml\"} 1",
        "windlass_secret_value_age_seconds{file=\"apps/web.sops.yaml\",value=\"stringData.a\"} 864000",
    ] {
        assert!(text.lines().any(|known| known == line), "{line} is missing in\n{text}");
    }
}
