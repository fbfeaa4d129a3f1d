//! Any text as a page, a share or a key: an answer or an error, never a panic; what can be read is printed as the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use windlass_paperkey::{RecoveryKey, paper_rows, read_paper};

fuzz_target!(|input: &str| {
    for key in read_paper(input).unwrap_or_default() {
        let rows: Vec<String> = paper_rows(&key).iter().map(|row| row.to_string()).collect();
        let again = read_paper(&rows.join("\n")).expect("it was read before");
        assert!(again.iter().any(|one| **one == *key));
    }
    let lines: Vec<&str> = input.lines().collect();
    let _ = RecoveryKey::from_paper(&lines);
    let _ = RecoveryKey::join(&lines);
    let _ = RecoveryKey::shares_needed(input);
    if let Ok(key) = RecoveryKey::parse(input) {
        let shares = key.split(3, 2).expect("two of three");
        let joined = RecoveryKey::join(&[&shares[0], &shares[2]]).expect("two of three");
        assert_eq!(joined.recipient(), key.recipient());
    }
});
