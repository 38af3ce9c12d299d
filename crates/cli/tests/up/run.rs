//! One run of `podwall up` in a state directory of its own, ended and cleaned up with the test.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use podwall_wire::rest::{Flow, Status};

/// How long a condition may take to come true.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);
/// Between two looks at a condition.
const LOOK: Duration = Duration::from_millis(50);

/// The program under test.
pub(crate) fn podwall() -> Command {
    Command::new(env!("CARGO_BIN_EXE_podwall"))
}

/// Waits until something is so.
#[track_caller]
pub(crate) fn until<T>(what: &str, mut so: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = so() {
            return found;
        }
        assert!(began.elapsed() < PATIENCE, "waited in vain: {what}");
        #[expect(clippy::disallowed_methods, reason = "the pause between two looks")]
        std::thread::sleep(LOOK);
    }
}

/// A directory of its own, removed with it.
pub(crate) struct Place(PathBuf);

impl Place {
    pub(crate) fn new(name: &str) -> Place {
        let path = std::env::temp_dir().join(format!("pw-up-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(path.join("policies")).unwrap();
        Place(path)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.path("state")
    }

    /// A command that talks to the run of this place.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = podwall();
        command.arg("--state").arg(self.state()).args(arguments);
        command
    }

    /// What a command says; it has to succeed.
    #[track_caller]
    pub(crate) fn say(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {error}");
        String::from_utf8(output.stdout).unwrap()
    }

    pub(crate) fn status(&self) -> Option<Status> {
        let output = self.command(&["status", "-o", "json"]).output().unwrap();
        serde_json::from_slice(&output.stdout).ok().filter(|_| output.status.success())
    }

    /// What the API answers over the socket of commands.
    #[track_caller]
    pub(crate) fn get<T: serde::de::DeserializeOwned>(&self, path: &str) -> T {
        let mut stream = self.ask(path);
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200"), "{path}: {answer}");
        serde_json::from_str(body).unwrap_or_else(|error| panic!("{path}: {error}: {body}"))
    }

    /// Asks the API over the socket of commands, and reads nothing.
    pub(crate) fn ask(&self, path: &str) -> UnixStream {
        let mut stream = UnixStream::connect(self.path("state/podwall.sock")).unwrap();
        let request =
            format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        stream
    }

    /// Flows that answer the arguments of `observe`.
    pub(crate) fn flows(&self, arguments: &[&str]) -> Vec<Flow> {
        let text = self.say(&[&["observe", "-o", "json"], arguments].concat());
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = self.command(&["down"]).output();
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A run; killed with the test if it was not ended before.
pub(crate) struct Run<'a> {
    pub(crate) place: &'a Place,
    child: Child,
}

impl<'a> Run<'a> {
    /// Starts it; `command` may put it into a namespace.
    pub(crate) fn start(place: &'a Place, mut command: Command) -> Run<'a> {
        let out = File::create(place.path("out")).unwrap();
        let log = File::create(place.path("log")).unwrap();
        let child = command.stdin(Stdio::null()).stdout(out).stderr(log).spawn().unwrap();
        Run { place, child }
    }

    /// Waits until everything is in force.
    #[track_caller]
    pub(crate) fn ready(&mut self) -> Status {
        until(&format!("everything is in force\n{}", self.heard()), || {
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none(), "it ended: {}", self.heard());
            self.place.status().filter(|status| status.ready)
        })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it has printed and logged.
    pub(crate) fn heard(&self) -> String {
        let read = |name| fs::read_to_string(self.place.path(name)).unwrap_or_default();
        format!("{}{}", read("out"), read("log"))
    }

    /// Waits for its end.
    #[track_caller]
    pub(crate) fn ended(&mut self) -> ExitStatus {
        until("the run ends", || self.child.try_wait().unwrap())
    }

    /// Ends it as Ctrl-C does.
    #[track_caller]
    pub(crate) fn interrupt(&mut self) {
        signal("-INT", self.pid());
        let status = self.ended();
        assert!(status.success(), "{status}: {}", self.heard());
        assert!(!self.heard().contains("panicked"), "{}", self.heard());
    }

    /// Kills it; whatever it made stays.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Run<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.heard());
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a signal to one process.
pub(crate) fn signal(name: &str, pid: u32) {
    let sent = Command::new("kill").args([name, &pid.to_string()]).status().unwrap();
    assert!(sent.success());
}

/// Whether anything is mounted at or below a path.
pub(crate) fn is_mounted_below(path: &Path) -> bool {
    let path = path.to_str().unwrap();
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
    mounts.lines().any(|line| line.split(' ').nth(4).is_some_and(|at| at.starts_with(path)))
}

/// The processes that were started with this path among their arguments.
pub(crate) fn processes_with(path: &Path) -> Vec<String> {
    let wanted = path.to_str().unwrap();
    let lines = fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| {
        let line = fs::read(entry.path().join("cmdline")).ok()?;
        Some(String::from_utf8_lossy(&line).replace('\0', " "))
    });
    lines.filter(|line| line.contains(wanted)).collect()
}
