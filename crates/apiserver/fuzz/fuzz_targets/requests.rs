//! Requests, divided by empty lines: a line `METHOD PATH TYPE ACCEPT`, the rest the body. Whatever they are, they are
//! answered.

#![no_main]

use bytes::Bytes;
use futures::FutureExt;
use http::Request;
use http_body_util::{BodyExt, Full};
use libfuzzer_sys::fuzz_target;
use tower::Service;
use windlass_apiserver::ApiServer;

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let mut server = ApiServer::new();
    for one in text.split("\n\n") {
        let (head, body) = one.split_once('\n').unwrap_or((one, ""));
        let mut words = head.split(' ');
        let mut word = |otherwise| words.next().filter(|word| !word.is_empty()).unwrap_or(otherwise).to_owned();
        let request = Request::builder()
            .method(word("GET").as_str())
            .uri(word("/").as_str())
            .header("content-type", word("application/json"))
            .header("accept", word("application/json"))
            .body(Full::new(Bytes::from(body.to_owned())));
        let Ok(request) = request else { continue };
        let Ok(response) = futures::executor::block_on(server.call(request)) else { continue };
        let mut body = response.into_body();
        // A watch goes on: what is there at once is enough.
        while let Some(Some(Ok(_))) = body.frame().now_or_never() {}
    }
});
