//! The API against its own description: schemathesis asks a running demo what `docs/openapi.json`
//! allows and what it does not, and reads the answers by it.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde_json::Value;

use crate::chore::{cargo, run_command, step};

const PROGRAM: &str = "target/debug/podwall";
const ROOM: &str = "target/schemathesis";
const WANTED: &str = "tools/schemathesis/requirements.txt";
const READY_WITHIN: Duration = Duration::from_secs(120);
const DOWN_WITHIN: Duration = Duration::from_secs(60);

pub(crate) fn check() -> anyhow::Result<()> {
    step("build", || cargo(&["build", "--package", "podwall-cli"]))?;
    step("schemathesis, installed", install)?;
    let demo = Demo::start()?;
    let (address, token) = demo.page()?;
    let schemathesis = format!("{ROOM}/bin/schemathesis");
    step("schemathesis", || {
        run_command(
            Command::new(&schemathesis)
                .args(["run", &format!("{address}/api/v1/openapi.json"), "--url", &address])
                .args(["--header", &format!("Authorization: Bearer {token}")])
                // It never ends; its events are the bodies of other routes.
                .args(["--exclude-operation-id", "getStream"])
                // A time that ends before it begins, or a stale revision, no schema can tell.
                .args(["--exclude-checks", "positive_data_acceptance"])
                .args(["--max-examples", "50", "--continue-on-failure", "--no-shrink"]),
        )
    })
}

fn install() -> anyhow::Result<()> {
    if !Path::new(ROOM).exists() {
        run_command(Command::new("python3").args(["-m", "venv", ROOM]))?;
    }
    let pip = format!("{ROOM}/bin/pip");
    run_command(Command::new(pip).args(["install", "--quiet", "--requirement", WANTED]))
}

/// Between two looks at another process.
#[expect(clippy::disallowed_methods, reason = "another process tells nobody when it is ready")]
fn pause() {
    std::thread::sleep(Duration::from_millis(200));
}

/// A demo of our own, ended and removed when it is dropped.
struct Demo {
    process: Child,
    state: String,
}

impl Demo {
    fn start() -> anyhow::Result<Demo> {
        let state =
            format!("{}/podwall-api-{}", std::env::temp_dir().display(), std::process::id());
        let process = Command::new(PROGRAM)
            .args(["up", "--demo", "--listen", "127.0.0.1:0", "--state", &state])
            .stdout(Stdio::null())
            .spawn()
            .with_context(|| format!("start {PROGRAM}"))?;
        Ok(Demo { process, state })
    }

    /// Where its page is and the token for it, once everything is in force.
    fn page(&self) -> anyhow::Result<(String, String)> {
        let end = Instant::now() + READY_WITHIN;
        while Instant::now() < end {
            let status = self.status();
            let page = status["page"].as_str().and_then(|page| page.split_once("/?token="));
            if let (Some(true), Some((address, token))) = (status["ready"].as_bool(), page) {
                return Ok((address.to_owned(), token.to_owned()));
            }
            pause();
        }
        bail!("the demo was not ready within {} s", READY_WITHIN.as_secs())
    }

    fn status(&self) -> Value {
        let asked = ["status", "-o", "json", "--state", &self.state];
        let answer = Command::new(PROGRAM).args(asked).stderr(Stdio::null()).output();
        let text = answer.map(|answer| answer.stdout).unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or_default()
    }
}

impl Drop for Demo {
    /// As Ctrl-C does, so that the machine is left as it was found.
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-INT", &self.process.id().to_string()]).status();
        let end = Instant::now() + DOWN_WITHIN;
        while Instant::now() < end && matches!(self.process.try_wait(), Ok(None)) {
            pause();
        }
        let _ = std::fs::remove_dir_all(&self.state);
    }
}
