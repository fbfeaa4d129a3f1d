use std::cell::RefCell;
use std::io;
use std::path::Path;
use std::process::Stdio;

use gix_transport::Protocol;
use gix_transport::client::git::ConnectMode;
use tokio::io::AsyncReadExt;
use tokio::process::Command;

use crate::Error;
use crate::git::exchange::Connected;
use crate::git::pipe::{Complaints, PipeReader, PipeWriter};
use crate::git::session::Session;

/// Opens a repository on this machine through the `git` program, as git itself does.
pub(crate) fn connect(session: &Session, path: &str) -> Result<Connected, Error> {
    let url = session.url();
    if !Path::new(path).exists() {
        return Err(Error::RepositoryNotFound { url });
    }
    let mut command = Command::new("git");
    // The path starts with a slash, so it cannot be taken for an option.
    command.args(["upload-pack", path]).env("GIT_PROTOCOL", "version=2").env("LC_ALL", "C");
    command.env_remove("GIT_DIR").env_remove("GIT_WORK_TREE").kill_on_drop(true);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let broken = |source| Error::ConnectionLost { url: session.url(), doing: "starting the git program", source };
    let mut child = session.wait(async { command.spawn() }).map_err(broken)?;
    let (Some(stdin), Some(stdout), Some(mut stderr)) = (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Err(broken(io::Error::other("it has no pipes")));
    };
    let transport = gix_transport::client::git::blocking_io::Connection::new(
        PipeReader::new(session.clone(), stdout),
        PipeWriter::new(session.clone(), stdin),
        Protocol::V2,
        path,
        None::<(String, Option<u16>)>,
        ConnectMode::Process,
        false,
    );
    let (reader, child) = (session.clone(), RefCell::new(child));
    let complaints = move || {
        let said = Complaints::default();
        let _ = child.borrow_mut().start_kill();
        let mut bytes = Vec::new();
        let _ = reader.wait(async { (&mut stderr).take(4096).read_to_end(&mut bytes).await });
        said.add(&bytes);
        said.text()
    };
    Ok(Connected { transport: Box::new(transport), complaints: Box::new(complaints) })
}
