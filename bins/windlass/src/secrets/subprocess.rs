//! Programs that are run with a plaintext at hand, and what happens to it when somebody ends us meanwhile.

use std::path::PathBuf;
use std::process::{Command, ExitStatus};
use std::sync::{Arc, Mutex};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::{Handle, Signals};

use crate::secrets::private_folder;
use crate::trouble::Trouble;

/// What a signal does while a program runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnInterrupt {
    /// Ctrl-C ends all, as sops does while an editor runs.
    End,
    /// Ctrl-C is for the program, which gets it from the terminal itself.
    LeaveToProgram,
}

/// Catches signals for as long as it lives: SIGTERM and SIGHUP are passed on to the program that runs, the folder is wiped, and
/// we end. It is made before there is a plaintext in the folder.
pub(crate) struct Guard {
    signals: Handle,
    running: Arc<Mutex<Option<u32>>>,
}

impl Guard {
    pub(crate) fn start(folder: Option<PathBuf>, interrupt: OnInterrupt) -> anyhow::Result<Self> {
        let trouble = |error| Trouble::new("cannot wait for signals").because(error).code(1);
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP]).map_err(trouble)?;
        let handle = signals.handle();
        let running: Arc<Mutex<Option<u32>>> = Arc::default();
        let known = running.clone();
        std::thread::spawn(move || {
            for signal in signals.forever() {
                if signal == SIGINT && interrupt == OnInterrupt::LeaveToProgram {
                    continue;
                }
                if let Some(process) = known.lock().ok().and_then(|running| *running) {
                    end(process);
                }
                if let Some(folder) = &folder {
                    private_folder::wipe(folder);
                }
                // As a shell tells of a program that a signal ended.
                std::process::exit(128 + signal);
            }
        });
        Ok(Self { signals: handle, running })
    }

    /// Runs a program to its end.
    pub(crate) fn run(&self, command: &mut Command) -> std::io::Result<ExitStatus> {
        let set = |process: Option<u32>| {
            if let Ok(mut running) = self.running.lock() {
                *running = process;
            }
        };
        let mut child = {
            // A signal that comes now waits until it is known whom to pass it on to.
            let running = self.running.lock();
            let child = command.spawn()?;
            if let Ok(mut running) = running {
                *running = Some(child.id());
            }
            child
        };
        let status = child.wait();
        set(None);
        status
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.signals.close();
    }
}

fn end(process: u32) {
    let process = i32::try_from(process).ok().and_then(rustix::process::Pid::from_raw);
    if let Some(process) = process {
        let _ = rustix::process::kill_process(process, rustix::process::Signal::TERM);
    }
}

/// The exit code of a program, as a shell has it.
pub(crate) fn exit_code(status: ExitStatus) -> u8 {
    use std::os::unix::process::ExitStatusExt as _;
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}

/// A command for the shell, as sops runs it, as another user where one is named.
pub(crate) fn shell(line: &str, user: Option<&str>, pristine: bool) -> anyhow::Result<Command> {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", line]);
    if pristine {
        command.env_clear();
    }
    if let Some(name) = user {
        let user = User::find(name)?;
        use std::os::unix::process::CommandExt as _;
        command.uid(user.id).gid(user.group);
        command.env("HOME", &user.home).env("USER", name).env("LOGNAME", name);
    }
    Ok(command)
}

/// A user of this machine.
pub(crate) struct User {
    pub(crate) id: u32,
    pub(crate) group: u32,
    home: String,
}

impl User {
    /// Looks into /etc/passwd.
    pub(crate) fn find(name: &str) -> anyhow::Result<Self> {
        let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
        Self::in_text(&users, name)
            .ok_or_else(|| Trouble::new(format!("there is no user {name} in /etc/passwd")).code(1).into())
    }

    fn in_text(users: &str, name: &str) -> Option<Self> {
        users.lines().find_map(|line| {
            let fields: Vec<&str> = line.split(':').collect();
            let [own, _, id, group, _, home, ..] = fields[..] else { return None };
            (own == name).then_some(())?;
            Some(Self { id: id.parse().ok()?, group: group.parse().ok()?, home: home.to_owned() })
        })
    }
}

/// What is said of `--background`: the plaintext would have to outlive us.
pub(crate) fn no_background() -> anyhow::Error {
    Trouble::new("a command is not left in the background with secrets")
        .help("let the shell do it, which keeps windlass with the command: `windlass secrets exec-… &`")
        .code(1)
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_found_by_their_whole_name() {
        let users = "root:x:0:0:root:/root:/bin/sh\nmedia:x:1000:1001:,,,:/home/media:/bin/sh\n";
        let user = User::in_text(users, "media").unwrap();
        assert_eq!((user.id, user.group, user.home.as_str()), (1000, 1001, "/home/media"));
        assert!(User::in_text(users, "med").is_none());
    }
}
