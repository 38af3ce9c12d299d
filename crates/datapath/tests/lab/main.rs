//! The datapath on real packets, in network namespaces that each test makes. Needs root.

mod dial;
mod first_packet;
mod kill;
mod lab;
mod prober;
mod service;
