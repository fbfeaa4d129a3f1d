//! What the program is made of.

use std::process::Command;

#[test]
fn the_reconciler_holds_no_api_server() {
    let output = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--package",
            "windlassd",
            "--edges",
            "normal,build",
            "--prefix",
            "none",
            "--offline",
            "--locked",
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs the tests");
    let tree = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(tree.contains("windlass-engine "), "{tree}");
    for outside in ["windlass-apiserver ", "windlass-tryout ", "windlass-testbed "] {
        assert!(!tree.contains(outside), "windlassd depends on {outside}");
    }
}
