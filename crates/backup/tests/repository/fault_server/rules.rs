use std::time::Duration;

use super::request::Verb;

/// What goes wrong.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// An answer with this status and code, and nothing done.
    Status(u16, &'static str),
    /// The same, asking for a pause of so many seconds.
    Busy(u16, u64),
    /// The answer begins late.
    Late(Duration),
    /// There is never an answer.
    BlackHole,
    /// The connection is cut after so many bytes of the request's body.
    ResetUpload(usize),
    /// It is done, and the connection is cut without an answer.
    DoneThenLost,
    /// The body of the answer stops after so many bytes, and the connection stays open.
    Stall(usize),
    /// The connection is cut after so many bytes of the answer.
    Cut(usize),
    /// One bit of what is stored, or read, is another.
    Flip,
    /// Status 200, and an error in the body. Whether it was done is the second.
    ErrorIn200 { done: bool },
    /// An answer that is no S3, with status 200.
    NotS3,
}

/// To which request it happens.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    pub(crate) verb: Verb,
    pub(crate) key: String,
    pub(crate) fault: Fault,
    pub(crate) skip: u32,
    pub(crate) times: u32,
}

impl Rule {
    /// The first request of this kind whose key has this in it.
    pub(crate) fn new(verb: Verb, key: &str, fault: Fault) -> Self {
        Self { verb, key: key.to_owned(), fault, skip: 0, times: 1 }
    }

    pub(crate) fn times(mut self, times: u32) -> Self {
        self.times = times;
        self
    }

    pub(crate) fn always(self) -> Self {
        self.times(u32::MAX)
    }

    pub(crate) fn after(mut self, skip: u32) -> Self {
        self.skip = skip;
        self
    }
}

/// The fault for a request, if a rule names it.
pub(crate) fn choose(rules: &mut [Rule], verb: Verb, key: &str) -> Option<Fault> {
    for rule in rules {
        if rule.verb != verb || !key.contains(&rule.key) || rule.times == 0 {
            continue;
        }
        if rule.skip > 0 {
            rule.skip -= 1;
            continue;
        }
        rule.times -= 1;
        return Some(rule.fault.clone());
    }
    None
}
