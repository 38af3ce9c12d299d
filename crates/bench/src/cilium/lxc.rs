//! Cilium's datapath program of one pod, `bpf_lxc`, made from the Go module that `tools/cilium`
//! pins: compiled from the module's own sources, loaded by Cilium's own loader, pinned for us.

use std::ffi::CString;
use std::fs;
use std::io::Write;
use std::net::IpAddr;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail, ensure};
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use serde::Serialize;

/// What Cilium's agent would compile for: both families, native routing, services resolved
/// elsewhere, verdict and drop events, trace events aggregated at its medium level.
const FEATURES: [&str; 7] = [
    "-DSKIP_DEBUG=1",
    "-DENABLE_IPV4=1",
    "-DENABLE_IPV6=1",
    "-DPOLICY_VERDICT_NOTIFY=1",
    "-DMONITOR_AGGREGATION=3",
    "-DCT_REPORT_FLAGS=0x0007",
    "-DENABLE_SOCKET_LB_FULL=1",
];
/// How Cilium compiles its programs; its warnings are its own.
const FLAGS: [&str; 8] = [
    "-O2",
    "-g",
    "--target=bpf",
    "-std=gnu99",
    "-nostdinc",
    "-ftrap-function=__undefined_trap",
    "-mcpu=v3",
    "-w",
];
/// `TC_ACT_SHOT`.
const STOPPED: u32 = 2;

/// The pod and those it knows.
#[derive(Serialize)]
pub(crate) struct Setup {
    /// The pod's addresses, one a family.
    pub(crate) pod: [IpAddr; 2],
    /// Everybody else.
    pub(crate) peers: Vec<Knows>,
}

/// A peer, by the identity that Cilium gave it.
#[derive(Serialize)]
pub(crate) struct Knows {
    /// Where it is.
    pub(crate) addresses: Vec<IpAddr>,
    /// Who it is.
    pub(crate) identity: u32,
    /// TCP ports that are open towards it and from it.
    pub(crate) ports: Vec<u16>,
}

/// The loaded program with its maps, until it is dropped.
pub(crate) struct Lxc {
    pins: PathBuf,
}

/// One of its hooks.
pub(crate) struct Hook {
    descriptor: OwnedFd,
    /// Where it is pinned.
    pub(crate) pin: PathBuf,
}

impl Lxc {
    /// Builds, loads and fills it. The first build takes minutes.
    pub(crate) fn load(setup: &Setup) -> anyhow::Result<Lxc> {
        let (loader, object) = build()?;
        let pins = std::env::temp_dir().join(format!("podwall-bench-{}-lxc", std::process::id()));
        fs::create_dir_all(&pins)?;
        mount(Some("podwall"), &pins, Some("bpf"), MsFlags::empty(), None::<&str>)
            .context("unable to mount a bpffs, hint: run as root")?;
        let lxc = Lxc { pins };
        let mut child = Command::new(loader)
            .arg("-object")
            .arg(object)
            .arg("-pins")
            .arg(&lxc.pins)
            .stdin(Stdio::piped())
            .spawn()?;
        let mut input = child.stdin.take().expect("standard input is piped");
        input.write_all(&serde_json::to_vec(setup)?)?;
        drop(input);
        ensure!(child.wait()?.success(), "cilium's loader did not load bpf_lxc");
        Ok(lxc)
    }

    /// A hook by Cilium's name for it.
    pub(crate) fn hook(&self, name: &str) -> anyhow::Result<Hook> {
        let pin = self.pins.join(format!("program-{name}"));
        let path = CString::new(pin.as_os_str().as_bytes())?;
        // SAFETY: the path is a string with an end, and nothing else is given.
        let descriptor = unsafe { libbpf_sys::bpf_obj_get(path.as_ptr()) };
        ensure!(descriptor >= 0, "unable to open: `{}`", pin.display());
        // SAFETY: the kernel has just made this descriptor for us.
        Ok(Hook { descriptor: unsafe { OwnedFd::from_raw_fd(descriptor) }, pin })
    }

    /// How many connections it knows, of one family: 0 is IPv4, 1 is IPv6.
    pub(crate) fn connections(&self, family: usize) -> anyhow::Result<usize> {
        let name = ["cilium_ct4_global", "cilium_ct6_global"][family];
        let map = libbpf_rs::MapHandle::from_pinned_path(self.pins.join(name))?;
        Ok(libbpf_rs::MapCore::keys(&map).count())
    }
}

impl Drop for Lxc {
    fn drop(&mut self) {
        // A mount that is already gone needs nothing.
        let _ = umount2(&self.pins, MntFlags::MNT_DETACH);
        let _ = fs::remove_dir(&self.pins);
    }
}

impl Hook {
    /// Whether the frame passes, and the nanoseconds of one run.
    pub(crate) fn run(&self, frame: &[u8], repeat: u32) -> anyhow::Result<(bool, f64)> {
        let mut options = libbpf_sys::bpf_test_run_opts {
            sz: size_of::<libbpf_sys::bpf_test_run_opts>() as libbpf_sys::size_t,
            data_in: frame.as_ptr().cast(),
            data_size_in: u32::try_from(frame.len())?,
            repeat: repeat.cast_signed(),
            ..Default::default()
        };
        let program = self.descriptor.as_raw_fd();
        // SAFETY: the options are a whole struct that says its own size; the frame outlives the
        // call, and nothing is written back.
        let result = unsafe { libbpf_sys::bpf_prog_test_run_opts(program, &raw mut options) };
        ensure!(result == 0, "unable to run bpf_lxc: {}", std::io::Error::last_os_error());
        Ok((options.retval != STOPPED, f64::from(options.duration)))
    }
}

/// Cilium's loader as a command, and its program as an object.
fn build() -> anyhow::Result<(PathBuf, PathBuf)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let tools = root.join("tools/cilium");
    let built = root.join("target/cilium");
    fs::create_dir_all(&built)?;
    let (loader, object) = (built.join("lxc"), built.join("bpf_lxc.o"));
    eprintln!("building cilium's loader (a few minutes the first time)");
    said(Command::new("go").current_dir(&tools).args(["build", "-o"]).arg(&loader).arg("./lxc"))?;
    let module = said(Command::new("go").current_dir(&tools).args([
        "list",
        "-m",
        "-f",
        "{{.Dir}}",
        "github.com/cilium/cilium",
    ]))?;
    let sources = Path::new(module.trim()).join("bpf");
    let clang = std::env::var("CLANG").unwrap_or_else(|_| "clang-19".to_owned());
    let mut command = Command::new(clang);
    command.arg("-I").arg(&sources).arg("-I").arg(sources.join("include"));
    command.args(FLAGS).args(FEATURES).arg("-c").arg(sources.join("bpf_lxc.c"));
    said(command.arg("-o").arg(&object))?;
    Ok((loader, object))
}

fn said(command: &mut Command) -> anyhow::Result<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command
        .output()
        .with_context(|| format!("start `{name}`, hint: cilium needs go 1.26 and clang-19"))?;
    if !output.status.success() {
        bail!("{name}: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8(output.stdout)?)
}
