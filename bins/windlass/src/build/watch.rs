//! Waiting until a build would read something else.

use std::thread::sleep;
use std::time::Duration;

use windlass_manifest::DirTree;
use windlass_render::Closure;

/// How often the files of a build are looked at. A build reads few and small ones, so that this costs next to nothing.
const INTERVAL: Duration = Duration::from_millis(500);

/// Returns once anything differs from what was read: a file, a directory that was listed, a name that was looked up.
pub(super) fn until_changed(tree: &DirTree, closure: &Closure) {
    loop {
        sleep(INTERVAL);
        if !closure.is_current(tree) {
            return;
        }
    }
}
