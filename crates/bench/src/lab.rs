//! Three namespaces in a row: client, node, server, joined by two routed veths, IPv4 and IPv6.
//!
//! All traffic of a measurement stays in them. They are removed when the lab is dropped.

use std::fs::File;
use std::process::Command;
use std::sync::OnceLock;

use anyhow::{Context, bail};
use nix::sched::{CloneFlags, CpuSet, sched_setaffinity, setns};
use nix::unistd::Pid;

/// The namespaces of one run.
pub(crate) struct Lab {
    id: u32,
}

/// The client's addresses, the server's addresses.
pub(crate) const CLIENT: [&str; 2] = ["10.91.1.2", "fd91:1::2"];
/// The server's addresses.
pub(crate) const SERVER: [&str; 2] = ["10.91.2.2", "fd91:2::2"];

/// The node's devices towards client and server.
pub(crate) const DEVICES: [&str; 2] = ["pwc", "pws"];

impl Lab {
    /// Makes them.
    pub(crate) fn new() -> anyhow::Result<Lab> {
        let lab = Lab { id: std::process::id() };
        let (client, node, server) = (lab.name("client"), lab.name("node"), lab.name("server"));
        for name in [&client, &node, &server] {
            run(&["ip", "netns", "add", name])?;
            run(&["ip", "-n", name, "link", "set", "lo", "up"])?;
        }
        for (device, peer, subnet) in [(DEVICES[0], &client, 1), (DEVICES[1], &server, 2)] {
            let words =
                format!("ip -n {node} link add {device} type veth peer name eth0 netns {peer}");
            run(&words.split(' ').collect::<Vec<_>>())?;
            for (name, device, host) in [(&node, device, 1), (peer, "eth0", 2)] {
                lab.address(name, device, subnet, host)?;
            }
            for via in [format!("10.91.{subnet}.1"), format!("fd91:{subnet}::1")] {
                run(&["ip", "-n", peer, "route", "add", "default", "via", &via])?;
            }
        }
        // Ports of closed connections are free at once: looking for one must not cost ever more.
        run(&["ip", "netns", "exec", &client, "sysctl", "-qw", "net.ipv4.tcp_max_tw_buckets=0"])?;
        lab.in_node(&["sysctl", "-qw", "net.ipv4.ip_forward=1"])?;
        lab.in_node(&["sysctl", "-qw", "net.ipv6.conf.all.forwarding=1"])?;
        Ok(lab)
    }

    fn address(&self, name: &str, device: &str, subnet: u8, host: u8) -> anyhow::Result<()> {
        run(&["ip", "-n", name, "link", "set", device, "up"])?;
        let v4 = format!("10.91.{subnet}.{host}/24");
        let v6 = format!("fd91:{subnet}::{host}/64");
        run(&["ip", "-n", name, "addr", "add", &v4, "dev", device])?;
        run(&["ip", "-n", name, "addr", "add", &v6, "dev", device, "nodad"])
    }

    fn name(&self, part: &str) -> String {
        format!("pwbench{}-{part}", self.id)
    }

    /// Runs a command in the node's namespace, without hiding pinned programs.
    pub(crate) fn in_node(&self, command: &[&str]) -> anyhow::Result<()> {
        let net = format!("--net=/run/netns/{}", self.name("node"));
        run(&[&["nsenter", &net], command].concat())
    }

    /// Moves the calling thread into one of the namespaces: `client`, `node` or `server`.
    pub(crate) fn enter(&self, part: &str) -> anyhow::Result<()> {
        let path = format!("/run/netns/{}", self.name(part));
        let file = File::open(&path).with_context(|| path.clone())?;
        setns(file, CloneFlags::CLONE_NEWNET).context(path)
    }

    /// Runs something on a thread of its own inside a namespace, on one processor.
    pub(crate) fn on_thread<T: Send>(
        &self,
        part: &str,
        action: impl FnOnce() -> anyhow::Result<T> + Send,
    ) -> anyhow::Result<T> {
        std::thread::scope(|scope| {
            let thread = scope.spawn(|| {
                pin()?;
                self.enter(part)?;
                action()
            });
            thread.join().expect("a measuring thread does not panic")
        })
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        for part in ["client", "node", "server"] {
            // Nothing can be done about a namespace that is already gone.
            let _ = run(&["ip", "netns", "delete", &self.name(part)]);
        }
    }
}

/// Keeps the calling thread on the last processor: client and server on one, so that no
/// wake-up of another processor hides what is measured.
pub(crate) fn pin() -> anyhow::Result<()> {
    let mut set = CpuSet::new();
    set.set(last_processor()?)?;
    sched_setaffinity(Pid::from_raw(0), &set).context("pin to one processor")
}

/// As the first who asks finds it: a thread that is pinned finds one processor.
fn last_processor() -> anyhow::Result<usize> {
    static LAST: OnceLock<usize> = OnceLock::new();
    let last = std::thread::available_parallelism()?.get() - 1;
    Ok(*LAST.get_or_init(|| last))
}

/// Lets the calling thread run on all processors but that one.
pub(crate) fn unpin() -> anyhow::Result<()> {
    let mut set = CpuSet::new();
    for number in 0..last_processor()? {
        set.set(number)?;
    }
    sched_setaffinity(Pid::from_raw(0), &set).context("leave one processor alone")
}

/// Runs a command; what it says is part of the error.
pub(crate) fn run(command: &[&str]) -> anyhow::Result<()> {
    let output = Command::new(command[0])
        .args(&command[1..])
        .output()
        .with_context(|| format!("start {}", command[0]))?;
    if !output.status.success() {
        bail!("{}: {}", command.join(" "), String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}
