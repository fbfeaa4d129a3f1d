//! Makes a failing sequence small: delta debugging on the list of its steps. Not proptest's shrinking, since each trial is
//! played on a real server, and what matters is which of the steps are needed.

use std::future::Future;

/// The shortest list found, from which no step can be taken without `fails` becoming false.
pub(crate) async fn shrink<T, F>(steps: Vec<T>, fails: impl Fn(Vec<T>) -> F) -> Vec<T>
where
    T: Clone,
    F: Future<Output = bool>,
{
    let mut steps = steps;
    let mut size = steps.len() / 2;
    while size > 0 {
        let mut start = 0;
        let mut shorter = false;
        while start < steps.len() {
            let end = (start + size).min(steps.len());
            let without: Vec<T> = steps[..start].iter().chain(&steps[end..]).cloned().collect();
            if !without.is_empty() && fails(without.clone()).await {
                steps = without;
                shorter = true;
            } else {
                start = end;
            }
        }
        // Single steps are tried until none goes.
        if size > 1 || !shorter {
            size /= 2;
        }
    }
    steps
}

#[tokio::test]
async fn what_is_needed_is_left() {
    let needed = |steps: Vec<u8>| async move { steps.contains(&3) && steps.contains(&17) };
    assert_eq!(shrink((0..100).collect(), needed).await, [3, 17]);
}
