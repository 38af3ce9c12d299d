//! The datapath on real packets, in network namespaces that each test makes. Needs root.

mod adoption;
mod churn;
mod count;
mod dial;
mod first_packet;
mod hooks;
mod kill;
mod lab;
mod large;
mod many;
mod peer;
mod pinned;
mod prober;
mod proxy;
mod raw;
mod service;
mod service_count;
mod service_outside;
