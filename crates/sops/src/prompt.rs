//! Questions that an identity asks while it opens a document.

use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

/// Asks a person for a passphrase or a PIN: the question goes in, the answer comes out, `None` where there is nobody to ask.
///
/// The default answers no question, which is right for a server.
#[derive(Clone, Default)]
pub struct Prompt(Option<Arc<Ask>>);

type Ask = dyn Fn(&str) -> Option<Zeroizing<String>> + Send + Sync;

impl Prompt {
    /// Asks through a function.
    pub fn new(ask: impl Fn(&str) -> Option<Zeroizing<String>> + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(ask)))
    }

    fn ask(&self, question: &str) -> Option<Zeroizing<String>> {
        self.0.as_ref().and_then(|ask| ask(question))
    }
}

impl fmt::Debug for Prompt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prompt").field("answers", &self.0.is_some()).finish()
    }
}

impl age::Callbacks for Prompt {
    fn display_message(&self, _message: &str) {}

    fn confirm(&self, _message: &str, _yes: &str, _no: Option<&str>) -> Option<bool> {
        None
    }

    fn request_public_string(&self, description: &str) -> Option<String> {
        self.ask(description).map(|answer| (*answer).clone())
    }

    fn request_passphrase(&self, description: &str) -> Option<age::secrecy::SecretString> {
        self.ask(description).map(|answer| age::secrecy::SecretString::from((*answer).clone()))
    }
}
