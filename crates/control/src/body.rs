//! From what control knows to the bodies of `/api/v1`. Pure: nothing here reads or waits.

mod flow;
mod policy;
mod stats;
mod status;
mod workload;

pub(crate) use flow::{flows, reading};
pub(crate) use policy::policies;
pub(crate) use stats::{stats, tick};
pub(crate) use status::status;
pub(crate) use workload::{Holds, workloads};
