//! From what control knows to the bodies of `/api/v1`. Pure: nothing here reads or waits.

mod decided;
mod flow;
mod map;
mod policy;
mod shadow;
mod stats;
mod status;
mod workload;

pub(crate) use decided::decided;
pub(crate) use flow::{flows, reading};
pub(crate) use map::map;
pub(crate) use policy::{Page, Recorded, Text, listed, policies, policy_detail, sentences};
pub(crate) use shadow::Shadows;
pub(crate) use stats::{Asked, new_pairs, stats, tick};
pub(crate) use status::status;
pub(crate) use workload::{Holds, workload_detail, workloads};
