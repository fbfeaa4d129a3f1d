use crate::Error;
use crate::git::exchange::Connected;
use crate::git::local;
use crate::git::session::Session;
use crate::git::source::GitRemote;
use crate::git::url::Scheme;

/// Opens the way to a repository that its URL names.
pub(crate) fn connect(session: &Session, remote: &GitRemote) -> Result<Connected, Error> {
    session.set_doing("connecting");
    match remote.url.scheme {
        Scheme::File => local::connect(session, &remote.url.path),
        _ => Err(Error::InvalidUrl {
            url: remote.url.to_string(),
            problem: "not yet",
        }),
    }
}
