//! Trying again: what may pass is tried until the budget is spent, everything else is final at once.

use std::error::Error as StdError;
use std::time::{Duration, Instant};

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use futures::future::BoxFuture;

use super::S3Store;
use crate::run::SKEW;
use crate::store::{Store as _, StoreError, StoreFault};

const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Bodies are given the time that a line with this many bytes a second needs.
const SLOWEST: u64 = 32 << 10;

type BoxError = Box<dyn StdError + Send + Sync>;

/// What one attempt came to.
#[derive(Debug)]
pub(super) enum Verdict {
    /// It makes no sense to try again.
    Final { fault: StoreFault, source: BoxError },
    /// It may pass, after so long a pause if the server says so.
    Again { after: Option<Duration>, source: BoxError },
}

impl S3Store {
    /// Makes a request until it succeeds, fails for good, or the budget is spent. `make` is told how often it was tried.
    ///
    /// As long as the server never answered the budget is smaller, and one try takes half of it at most.
    pub(super) async fn retrying<'a, T>(
        &self,
        operation: &'static str,
        key: &str,
        body: u64,
        mut make: impl FnMut(u32) -> BoxFuture<'a, Result<T, Verdict>>,
    ) -> Result<T, StoreError> {
        let options = &self.shared.options;
        let limit = options.timeouts.connect + options.timeouts.first_byte + Duration::from_secs(body / SLOWEST);
        let start = Instant::now();
        let mut pause = FIRST_PAUSE;
        let mut skew_corrected = false;
        for tries in 1_u32.. {
            let unknown = !self.shared.clock.has_answered();
            let limit = if unknown { limit.min(options.first_answer / 2) } else { limit };
            let verdict = match tokio::time::timeout(limit, make(tries)).await {
                Ok(Ok(done)) => return Ok(done),
                Ok(Err(verdict)) => verdict,
                Err(_) => Verdict::Again {
                    after: None,
                    source: format!("no answer within {} s", limit.as_secs_f32().round()).into(),
                },
            };
            let (after, source) = match verdict {
                // The answer told the server's time, which the next request is signed with.
                Verdict::Final { fault: StoreFault::ClockSkew, .. } if !skew_corrected => {
                    skew_corrected = true;
                    continue;
                }
                Verdict::Final { fault, source } => {
                    return Err(self.error(operation, key, fault).because(source));
                }
                Verdict::Again { after, source } => (after, source),
            };
            let wait = after.unwrap_or_else(|| jittered(pause));
            let unknown = !self.shared.clock.has_answered();
            let budget = if unknown { options.budget.min(options.first_answer) } else { options.budget };
            if start.elapsed() + wait > budget {
                let fault = StoreFault::Unavailable { tries, spent: start.elapsed() };
                return Err(self.error(operation, key, fault).because(source));
            }
            tracing::debug!(operation, key, place = %self.place(), tries, wait = ?wait, cause = %source, "trying again");
            tokio::time::sleep(wait).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        Err(self.error(operation, key, StoreFault::Unavailable { tries: u32::MAX, spent: start.elapsed() }))
    }

    /// Decides about an error of the SDK.
    pub(super) fn verdict<E>(&self, error: SdkError<E, HttpResponse>) -> Verdict
    where
        E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
    {
        let again = |source: BoxError| Verdict::Again { after: None, source };
        let Some(response) = error.raw_response() else {
            let text = chain(&error);
            return match &error {
                SdkError::ConstructionFailure(_) => Verdict::Final {
                    fault: StoreFault::Other("the request cannot be made".to_owned()),
                    source: text.into(),
                },
                _ if text.contains("certificate") => {
                    let what = "its certificate is not trusted: give the certificate of its CA".to_owned();
                    Verdict::Final { fault: StoreFault::Other(what), source: text.into() }
                }
                _ => again(text.into()),
            };
        };
        let status = response.status().as_u16();
        let after = response.headers().get("retry-after").and_then(|value| value.parse().ok()).map(Duration::from_secs);
        let code = error.code().unwrap_or_default().to_owned();
        let message = match (code.as_str(), error.message()) {
            ("", _) => format!("status {status}"),
            (code, Some(message)) => {
                format!("status {status}, {code}: {}", message.chars().take(300).collect::<String>())
            }
            (code, None) => format!("status {status}, {code}"),
        };
        let source = message.clone().into();
        let last = |fault| Verdict::Final { fault, source: message.clone().into() };
        match (status, code.as_str()) {
            (_, "RequestTimeTooSkewed") => last(StoreFault::ClockSkew),
            // An answer without a body, as to HEAD, does not say why; the clocks may.
            (403, "") if self.clock_ahead().is_some_and(|ahead| ahead.abs() > SKEW) => last(StoreFault::ClockSkew),
            (_, code) if is_full(code) => last(StoreFault::Full),
            (507, _) => last(StoreFault::Full),
            (404, "NoSuchBucket") => last(StoreFault::Other("there is no such bucket: make it first".to_owned())),
            (404, _) => last(StoreFault::NotFound),
            (401 | 403, code) if code != "ExpiredToken" => {
                let who = format!("access key {}", self.shared.options.credentials.access_key);
                last(StoreFault::Denied { who })
            }
            (412, _) => last(StoreFault::Exists),
            (_, "ExpiredToken" | "TokenRefreshRequired") => {
                let who = &self.shared.options.credentials.access_key;
                last(StoreFault::Other(format!("the session of access key {who} is over: get new credentials")))
            }
            (400, "AuthorizationHeaderMalformed" | "IllegalLocationConstraintException") => {
                let region = &self.shared.options.region;
                let what = format!("the bucket seems to be in another region than {region}: name its region");
                last(StoreFault::Other(what))
            }
            (301 | 302 | 307 | 308, _) => {
                let what = "the bucket is elsewhere: check region and endpoint (redirects are not followed)";
                last(StoreFault::Other(what.to_owned()))
            }
            // It will not learn it.
            (501, _) => last(StoreFault::Other(format!("the server does not know this request: {message}"))),
            (408 | 429 | 500..=599, _)
            | (_, "SlowDown" | "RequestTimeout" | "InternalError" | "ServiceUnavailable") => {
                Verdict::Again { after, source }
            }
            (409, "ConditionalRequestConflict" | "OperationAborted") => Verdict::Again { after, source },
            (400..=499, _) => last(StoreFault::Other(message.clone())),
            // Success with an answer that cannot be read, or one that says in its body that it failed.
            _ => Verdict::Again { after, source: format!("{message}: {}", chain(&error)).into() },
        }
    }
}

fn is_full(code: &str) -> bool {
    ["QuotaExceeded", "StorageFull", "InsufficientStorage", "NoSpaceLeft", "EntityTooMuch"]
        .iter()
        .any(|known| code.contains(known))
}

/// An error and its causes. The SDK's own text is one word.
fn chain(error: &(dyn StdError + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.ends_with(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        cause = error.source();
    }
    text
}

/// Between half and the whole of a pause, so that many do not come back at once.
fn jittered(pause: Duration) -> Duration {
    let mut random = [0; 1];
    // Without random numbers the pause is the whole.
    let share = crate::identifier::fill(&mut random).map_or(1.0, |()| 0.5 + f64::from(random[0]) / 510.0);
    pause.mul_f64(share)
}
