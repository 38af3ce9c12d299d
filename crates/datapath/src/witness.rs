//! Runs the hooks on frames that nobody sent (`BPF_PROG_TEST_RUN`), for tests and measurements.

use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::time::Duration;

use crate::datapath::Datapath;
use crate::map::check;

/// The programs that can be run on a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// What a workload sends.
    FromPod,
    /// What a workload is sent.
    ToPod,
}

/// An Ethernet frame, and where it is.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// The interface whose hook it meets; it must exist.
    pub interface: u32,
    /// The interface that it came in by; 0 says that this machine made it.
    pub sender: u32,
    /// The frame, from its destination address on.
    pub bytes: &'a [u8],
}

/// What became of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ran {
    /// Whether the hook let it go on.
    pub passed: bool,
    /// The time of one run, averaged over all repetitions.
    pub duration: Duration,
}

/// The first words of `struct __sk_buff`, up to its `ifindex`.
const CONTEXT_WORDS: usize = 11;
/// `ingress_ifindex`.
const SENDER_WORD: usize = 9;
/// `ifindex`.
const INTERFACE_WORD: usize = 10;
/// `TC_ACT_SHOT`; everything else goes on.
const STOPPED: u32 = 2;

impl Datapath {
    /// Runs a hook on a frame as if it passed there, `repeat` times over. The frame counts, is told
    /// and opens connections like any other.
    pub fn run(&self, program: Program, frame: Frame<'_>, repeat: u32) -> io::Result<Ran> {
        let name = match program {
            Program::FromPod => "from_pod",
            Program::ToPod => "to_pod",
        };
        let program = self.kernel.hooks.program(name)?;
        let mut context = [0u32; CONTEXT_WORDS];
        context[SENDER_WORD] = frame.sender;
        context[INTERFACE_WORD] = frame.interface;
        let mut options = libbpf_sys::bpf_test_run_opts {
            sz: size_of::<libbpf_sys::bpf_test_run_opts>() as libbpf_sys::size_t,
            data_in: frame.bytes.as_ptr().cast(),
            data_size_in: u32::try_from(frame.bytes.len()).map_err(io::Error::other)?,
            ctx_in: (&raw const context).cast(),
            ctx_size_in: u32::try_from(size_of_val(&context)).expect("a struct is small"),
            repeat: repeat.max(1).cast_signed(),
            ..Default::default()
        };
        // SAFETY: the options are a whole struct that says its own size; frame and context outlive
        // the call, and nothing is written back.
        check(unsafe {
            libbpf_sys::bpf_prog_test_run_opts(program.as_fd().as_raw_fd(), &raw mut options)
        })?;
        Ok(Ran {
            passed: options.retval != STOPPED,
            duration: Duration::from_nanos(options.duration.into()),
        })
    }
}
