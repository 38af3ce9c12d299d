//! The empty program: run alone it is the floor of a program's cost, on a device the floor of a
//! hook's. And the wrapper that makes each run another connection's.

use std::ffi::CString;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use anyhow::{Context, ensure};
use libbpf_rs::{MapCore, MapFlags, Object, ObjectBuilder, ProgramInput, ProgramMut};

/// The first words of `struct __sk_buff`, up to its `ifindex`.
const CONTEXT_WORDS: usize = 11;

/// Where ours stands too: before mangle, after conntrack.
const FORWARD_PRIORITY: i32 = -161;

const OBJECT: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/empty.bpf.o"));

/// The loaded program.
pub(crate) struct Empty(Object);

impl Empty {
    /// Loads it.
    pub(crate) fn load() -> anyhow::Result<Empty> {
        Ok(Empty(ObjectBuilder::default().open_memory(OBJECT)?.load()?))
    }

    /// Nanoseconds of one run on this frame.
    pub(crate) fn time(&self, frame: &[u8], repeat: u32) -> anyhow::Result<f64> {
        let input = ProgramInput { data_in: Some(frame), repeat, ..Default::default() };
        Ok(self.program("empty")?.test_run(input)?.duration.as_nanos() as f64)
    }

    /// Nanoseconds of one run of the wrapper, each run with the ports of another connection, on a
    /// frame that stands at a device of the calling thread's namespace.
    pub(crate) fn time_wrapped(
        &self,
        frame: &[u8],
        device: u32,
        repeat: u32,
    ) -> anyhow::Result<f64> {
        let mut context = [0_u8; CONTEXT_WORDS * 4];
        context[(CONTEXT_WORDS - 1) * 4..].copy_from_slice(&device.to_ne_bytes());
        let input = ProgramInput {
            data_in: Some(frame),
            context_in: Some(&mut context),
            repeat,
            ..Default::default()
        };
        Ok(self.program("wrap")?.test_run(input)?.duration.as_nanos() as f64)
    }

    /// Lets the wrapper hand on to the empty program.
    pub(crate) fn wrap_itself(&self) -> anyhow::Result<()> {
        self.hand_on_to(self.program("empty")?.as_fd().as_raw_fd())
    }

    /// Lets the wrapper hand on to a pinned program.
    pub(crate) fn wrap_pinned(&self, pin: &Path) -> anyhow::Result<()> {
        let path = CString::new(pin.as_os_str().as_bytes())?;
        // SAFETY: the path is a string with an end, and nothing else is given.
        let program = unsafe { libbpf_sys::bpf_obj_get(path.as_ptr()) };
        ensure!(program >= 0, "unable to open: `{}`", pin.display());
        // SAFETY: the kernel has just made this descriptor for us.
        let program = unsafe { OwnedFd::from_raw_fd(program) };
        self.hand_on_to(program.as_raw_fd())
    }

    /// Lets the wrapper hand on to the program that only looks its connection up.
    pub(crate) fn wrap_find(&self) -> anyhow::Result<()> {
        self.hand_on_to(self.program("find")?.as_fd().as_raw_fd())
    }

    /// How far the wrapper goes from one connection to the next.
    pub(crate) fn stride(&self, stride: u32) -> anyhow::Result<()> {
        let mut maps = self.0.maps();
        let data = maps.find(|map| map.name().to_string_lossy().ends_with(".data"));
        let data = data.context("the object holds a number that may be changed")?;
        Ok(data.update(&0_u32.to_ne_bytes(), &stride.to_ne_bytes(), MapFlags::ANY)?)
    }

    fn hand_on_to(&self, program: i32) -> anyhow::Result<()> {
        let mut maps = self.0.maps();
        let next = maps.find(|map| map.name() == "next").context("the object holds an array")?;
        Ok(next.update(&0_u32.to_ne_bytes(), &program.to_ne_bytes(), MapFlags::ANY)?)
    }

    fn program(&self, name: &str) -> anyhow::Result<ProgramMut<'_>> {
        let mut programs = self.0.progs_mut();
        programs.find(|program| program.name() == name).context("the object holds the program")
    }

    /// Hooks a program of it, `empty` or `find`, to a device of the calling thread's namespace,
    /// both ways; dropping them detaches.
    pub(crate) fn hook(&self, program: &str, device: &str) -> anyhow::Result<[OwnedFd; 2]> {
        let index = i32::try_from(nix::net::if_::if_nametoindex(device)?)?;
        let hook = |place| self.create(program, index, place, std::ptr::null());
        Ok([hook(libbpf_sys::BPF_TCX_INGRESS)?, hook(libbpf_sys::BPF_TCX_EGRESS)?])
    }

    /// Hooks one to netfilter's FORWARD in the calling thread's namespace, both families.
    pub(crate) fn hook_forward(&self) -> anyhow::Result<[OwnedFd; 2]> {
        Ok([self.forward(nix::libc::NFPROTO_IPV4)?, self.forward(nix::libc::NFPROTO_IPV6)?])
    }

    fn forward(&self, family: nix::libc::c_int) -> anyhow::Result<OwnedFd> {
        let mut options = libbpf_sys::bpf_link_create_opts {
            sz: size_of::<libbpf_sys::bpf_link_create_opts>() as libbpf_sys::size_t,
            ..Default::default()
        };
        options.__bindgen_anon_1.netfilter =
            libbpf_sys::bpf_link_create_opts__bindgen_ty_1__bindgen_ty_5 {
                pf: family.cast_unsigned(),
                hooknum: nix::libc::NF_INET_FORWARD.cast_unsigned(),
                priority: FORWARD_PRIORITY,
                flags: 0,
            };
        self.create("empty_forward", 0, libbpf_sys::BPF_NETFILTER, &raw const options)
    }

    fn create(
        &self,
        program: &str,
        device: i32,
        place: libbpf_sys::bpf_attach_type,
        options: *const libbpf_sys::bpf_link_create_opts,
    ) -> anyhow::Result<OwnedFd> {
        let program = self.program(program)?.as_fd().as_raw_fd();
        // SAFETY: program and device are numbers that the kernel checks; the options are none, or
        // a whole struct that says its own size.
        let link = unsafe { libbpf_sys::bpf_link_create(program, device, place, options) };
        ensure!(link >= 0, "unable to hook the empty program: {}", std::io::Error::last_os_error());
        // SAFETY: the kernel has just made this descriptor for us.
        Ok(unsafe { OwnedFd::from_raw_fd(link) })
    }
}
